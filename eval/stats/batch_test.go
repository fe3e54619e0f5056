package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// sparse are rows as metrics of short lists make them: mostly zero, few values; the last has values of its own for all.
func sparse(rows, users int) [][]float64 {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([][]float64, rows)
	for n := range out {
		out[n] = make([]float64, users)
		for u := range out[n] {
			switch {
			case n == rows-1:
				out[n][u] = r.Float64()
			case r.Float64() < .1+.0005*float64(n):
				out[n][u] = 1 / math.Log2(float64(2+r.IntN(10)))
			}
		}
	}
	return out
}

func TestIntervalsAreThoseOfBootstrap(t *testing.T) {
	for _, users := range []int{1, 7, 300} {
		rows := sparse(5, users)
		for n, got := range Intervals(rows, 501, 3) {
			want, _ := Bootstrap(rows[n], 1, 501, 3)
			for k, d := range []float64{got.Mean - want[0].Mean, got.Lo - want[0].Lo, got.Hi - want[0].Hi} {
				if math.Abs(d) > 1e-12 {
					t.Errorf("%d users, row %d: part %d differs by %g", users, n, k, d)
				}
			}
		}
	}
}

// TestEndsAreSorted: what quantiles read is where sorting would put it.
func TestEndsAreSorted(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{1, 2, 3, 20, 81, 1000, 10_000} {
		d := make([]float64, n)
		for i := range d {
			d[i] = float64(r.IntN(n)) // with ties
		}
		want := slices.Sorted(slices.Values(d))
		ends(d)
		for _, q := range []float64{.025, .975} {
			if got, want := quantile(d, q), quantile(want, q); got != want {
				t.Errorf("%d values: quantile %g is %g, want %g", n, q, got, want)
			}
		}
	}
}

func TestPairedAllIsPaired(t *testing.T) {
	rows := sparse(6, 700)
	var d [][]float64
	for n := range rows {
		x := make([]float64, len(rows[n]))
		for u := range x {
			x[u] = rows[n][u] - rows[0][u]
		}
		d = append(d, x)
	}
	for n, got := range PairedAll(d, 1003, 9) {
		if want := Paired(d[n], 1003, 9); got != want {
			t.Errorf("row %d: %g, want %g", n, got, want)
		}
	}
}

// TestSettledAgreesWithResampling: what is said without resampling is what resampling says.
func TestSettledAgreesWithResampling(t *testing.T) {
	d := make([]float64, 120)
	for n := range d {
		d[n] = 1
	}
	terms, _, bound := terms(d)
	p, known := settled(terms, bound, 1000)
	if !known || p != 1./1001 {
		t.Fatalf("%g, %v", p, known)
	}
	for r := range 1000 {
		if math.Abs(flipped(terms, 1, r)) >= bound {
			t.Fatalf("resample %d is as extreme", r)
		}
	}
}

func BenchmarkIntervals(b *testing.B) {
	rows := sparse(200, 6000)
	for b.Loop() {
		Intervals(rows, Resamples, 1)
	}
}

func BenchmarkPairedAll(b *testing.B) {
	rows := sparse(200, 6000)
	for n := range rows[1:] {
		for u := range rows[n+1] {
			rows[n+1][u] -= rows[0][u]
		}
	}
	for b.Loop() {
		PairedAll(rows[1:], Resamples, 1)
	}
}
