package gpu

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

// table is a matrix with these values on a device.
func table(t *testing.T, d Device, cols int, values ...float32) Matrix {
	t.Helper()
	m, err := d.Alloc(len(values)/cols, cols)
	if err == nil {
		err = d.Upload(m, values)
	}
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func list(t *testing.T, d Device, values ...int32) Ints {
	t.Helper()
	x, err := d.AllocInts(len(values))
	if err == nil {
		err = d.UploadInts(x, values)
	}
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// expect compares exactly: the numbers of these cases are exact in float32.
func expect(t *testing.T, err error, got Matrix, want ...float32) {
	t.Helper()
	if err != nil || !slices.Equal(got.Host, want) {
		t.Errorf("got %v, %v, want %v", got.Host, err, want)
	}
}

func TestReferenceMemoryIsPoisoned(t *testing.T) {
	d := Reference()
	m, err := d.Alloc(2, 2)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range m.Host {
		if v == v {
			t.Errorf("new memory holds %v, want NaN", v)
		}
	}
	d.Free(m)
	defer func() {
		if recover() == nil {
			t.Error("memory was freed twice, without a panic")
		}
	}()
	d.Free(m)
}

func TestReferenceAlgebra(t *testing.T) {
	d := Reference()
	a, b := table(t, d, 2, 1, 2, 3, 4), table(t, d, 2, 5, 6, 7, 8)
	c := table(t, d, 2, 1, 1, 1, 1)
	expect(t, d.Gemm(c.Tile(), a.Tile(), b.Tile(), 1, 0, 1), c, 19, 22, 43, 50)
	expect(t, d.Gemm(c.Tile(), a.Tile().T(), b.Tile().T(), 2, -1, 1), c, 2*23-19, 2*31-22, 2*34-43, 2*46-50)

	// Two products of 1×2 and 2×1, of a batch.
	dots := table(t, d, 1, 0, 0)
	expect(t, d.Gemm(dots.Stacked(1), a.Stacked(1), table(t, d, 1, 1, 10, 100, 1000).Stacked(2), 1, 0, 2), dots, 21, 4300)

	expect(t, d.Syrk(c, table(t, d, 2, 1, 2, 3, 4, 5, 6), .5, 0), c, 17.5, 22, 22, 28)
	expect(t, d.Syrk(c, table(t, d, 2, 1, 2), 1, 2), c, 36, 46, 46, 60)

	// [[4, 2], [2, 2]]·(1, 2) = (8, 6), whose decomposition is [[2, 0], [1, 1]]; and 9·x = 18.
	x := table(t, d, 2, 8, 6)
	expect(t, d.SolveCholesky(table(t, d, 2, 4, 2, 2, 2), x), x, 1, 2)
	y := table(t, d, 1, 18)
	expect(t, d.SolveCholesky(table(t, d, 1, 9), y), y, 2)
	err := d.SolveCholesky(table(t, d, 1, 1, 0), table(t, d, 1, 1, 1))
	if !errors.Is(err, ErrSingular) || !strings.Contains(err.Error(), "system 1") {
		t.Errorf("got error %v, want %v for system 1", err, ErrSingular)
	}
}

func TestReferenceRows(t *testing.T) {
	d := Reference()
	m, picked := table(t, d, 2, 1, 2, 3, 4, 5, 6), table(t, d, 2, 0, 0, 0, 0, 0, 0, 0, 0)
	rows := list(t, d, 2, -1, 0, 2)
	expect(t, d.Gather(picked, m, rows), picked, 5, 6, 0, 0, 1, 2, 5, 6)
	expect(t, d.ScatterAdd(m, picked, rows), m, 2, 4, 3, 4, 15, 18)
	norm, err := d.SquaredNorm(m, table(t, d, 1, 1, 10, 0))
	if err != nil || norm != 20+250 {
		t.Errorf("the norm is %v, %v, want 270", norm, err)
	}
}

func TestReferenceTopK(t *testing.T) {
	d := Reference()
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	x := table(t, d, 5,
		1, 3, 3, nan, 2,
		1, 3, 3, nan, 2,
		nan, 0, nan, -inf, nan)
	// Of the second row, columns 1 and 4 are excluded.
	exclude, err := d.NewSparse(CSR{Rows: 3, Cols: 5, Indptr: []int64{0, 0, 2, 2}, Indices: []int32{1, 4}})
	if err != nil {
		t.Fatal(err)
	}
	ids, scores := list(t, d, make([]int32, 9)...), table(t, d, 3, make([]float32, 9)...)
	expect(t, d.TopK(ids, scores, x, &exclude), scores, 3, 3, 2, 3, 1, -inf, 0, -inf, -inf)
	if want := []int32{1, 2, 4, 2, 0, -1, 1, 3, -1}; !slices.Equal(ids.Host, want) {
		t.Errorf("ids are %v, want %v", ids.Host, want)
	}
}

// One factor: (G + α·Σ r·y² + λ)·x = Σ (β + α·r)·y.
func TestReferenceLeastSquares(t *testing.T) {
	d := Reference()
	y, g, lambda := table(t, d, 1, 1, -2, 3), table(t, d, 1, 1), table(t, d, 1, 1, 5, 1)
	r, err := d.NewSparse(CSR{Rows: 3, Cols: 3, Indptr: []int64{0, 2, 2, 3}, Indices: []int32{0, 2, 1}, Values: []float32{1, 2, 1}})
	if err != nil {
		t.Fatal(err)
	}
	p := Equations{Gram: g, Alpha: 2, Beta: 1, Lambda: lambda}
	x := table(t, d, 1, 7, 7, 7)
	// Row 0: (1 + 2·(1 + 2·9) + 1)·x = 3·1 + 5·3 = 18; row 2: (1 + 2·4 + 1)·x = 3·(−2).
	expect(t, d.LeastSquares(context.Background(), x, r, y, p), x, 18./40, 0, -.6)
	p.Steps = 1 // one unknown is found in one step
	x = table(t, d, 1, 7, 7, 7)
	expect(t, d.LeastSquares(context.Background(), x, r, y, p), x, 18./40, 0, -.6)

	x = table(t, d, 1, 1, 1, -1)
	// Scores are 1, 3 and 2: 3·0 − 1 + 5·4 − 9 + 3·1 − 4.
	loss, err := d.ObservedLoss(x, r, y, p)
	if err != nil || loss != 9 {
		t.Errorf("the loss is %v, %v, want 9", loss, err)
	}
	r.Values = Array[float32]{} // all are 1: 3·0 − 1 + 3·4 − 9 + 3·1 − 4
	if loss, err = d.ObservedLoss(x, r, y, p); err != nil || loss != 1 {
		t.Errorf("without values the loss is %v, %v, want 1", loss, err)
	}

	p.Steps = 0
	d.Fill(g, 0)
	d.Fill(lambda, 0)
	d.Fill(y, 0)
	err = d.LeastSquares(context.Background(), x, r, y, p)
	if !errors.Is(err, ErrSingular) || !strings.Contains(err.Error(), "row 0") {
		t.Errorf("got error %v, want %v for row 0", err, ErrSingular)
	}
}
