package perf

import (
	"math"
	"testing"

	"llm4rec/gpu"
)

func TestSumRows(t *testing.T) {
	for _, f := range []int{1, 15, 16, 17, 64, 100, 200} {
		y := make([]float32, 5*f)
		for n := range y {
			y[n] = float32(n%7) - 2
		}
		rows := []int32{4, 0, 4, 2}
		want := 0.0
		for _, r := range rows {
			for _, v := range y[int(r)*f : (int(r)+1)*f] {
				want += float64(v)
			}
		}
		if got := sumRows(y, f, rows); math.Abs(float64(got)-want) > 1e-3 {
			t.Errorf("%d factors: %v, want %v", f, got, want)
		}
	}
}

func TestPickAscends(t *testing.T) {
	for _, columns := range []int{1, 3, 64, 1000} {
		m := pick(columns)
		gpu.CheckCSR(m)
		for r := range m.Rows {
			row := m.Indices[m.Indptr[r]:m.Indptr[r+1]]
			for n, c := range row {
				if c < 0 || int(c) >= columns || n > 0 && row[n-1] >= c {
					t.Fatalf("%d columns: row %v", columns, row)
				}
			}
		}
	}
}

func TestProbeMeasuresAndFreesItsMemory(t *testing.T) {
	d := gpu.CPU()
	before := d.InUse()
	p, err := newProbe(d, 50, 20, 8)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.measure(); err != nil {
		t.Fatal(err)
	}
	users, items := p.speeds()
	if !(users.Flops > 0 && users.Bytes > 0 && items.Flops == users.Flops && items.Bytes > 0) {
		t.Errorf("speeds %+v, %+v", users, items)
	}
	p.close()
	if after := d.InUse(); after != before {
		t.Errorf("%d bytes in use, %d before", after, before)
	}
}
