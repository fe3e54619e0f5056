//go:build cgo

package gpu

// #cgo CFLAGS: -O3
// #include "kernels.h"
import "C"

import (
	"context"
	"unsafe"
)

// SolveCholesky calls LAPACK for one system after the other, on all cores.
func (*cpu) SolveCholesky(a, b Matrix) error {
	batch, f := CheckSolve(a, b)
	return solveEach(batch, func(n int) error {
		if f > 0 && C.llm4rec_cholesky(floats(a.Host[n*f*f:]), floats(b.row(n)), C.int(f)) != 0 {
			return singular("system", n)
		}
		return nil
	})
}

// NewSparse orders the rows by length, which the cutting into batches needs.
func (d *cpu) NewSparse(m CSR) (Sparse, error) {
	s, err := d.reference.NewSparse(m)
	if err == nil {
		s.Plan = longestFirst(m.Indptr)
	}
	return s, err
}

func (d *cpu) LeastSquares(ctx context.Context, x Matrix, r Sparse, y Matrix, p Equations) error {
	CheckLeastSquares(x, r, y, p)
	if x.Cols == 0 || x.Rows == 0 {
		return ctx.Err()
	}
	order := r.Plan.([]int32)
	fp := (x.Cols + 15) &^ 15
	gram := make([]float32, fp*fp)
	copy(gram, pad(p.Gram.Host, x.Cols, x.Cols, fp))
	e := C.llm4rec_equations{
		y: floats(pad(y.Host, y.Rows, x.Cols, fp)), gram: floats(gram), lambda: floats(p.Lambda.Host),
		alpha: C.float(p.Alpha), beta: C.float(p.Beta), f: C.int(x.Cols), fp: C.int(fp),
	}
	batches := plan(order, r.Indptr.Host, r.Cols, fp, p.Steps)
	// The batches with most work come first, so that no worker is left with one at the end.
	return Blocks(ctx, len(batches), 1, func() func(lo, hi int) error {
		var workspace []float32
		return func(n, _ int) error {
			b := batches[n]
			rows := order[b.lo:b.hi]
			c := cBatch(r, rows)
			need := int(C.llm4rec_exact_workspace(C.int(fp)))
			if p.Steps > 0 {
				need = int(C.llm4rec_cg_workspace(C.int(len(rows)), C.int(fp)))
			}
			if len(workspace) < need {
				workspace = make([]float32, need)
			}
			if p.Steps > 0 {
				C.llm4rec_cg(floats(x.Host), c, e, C.int(p.Steps), C.int(b.chunk), floats(workspace))
				return nil
			}
			if bad := C.llm4rec_exact(floats(x.Host), c, e, floats(workspace)); bad >= 0 {
				return singular("row", int(rows[bad]))
			}
			return nil
		}
	})
}

// cBatch is some rows of a sparse matrix.
func cBatch(r Sparse, rows []int32) C.llm4rec_batch {
	return C.llm4rec_batch{
		rows: (*C.int32_t)(unsafe.SliceData(rows)), count: C.int(len(rows)), indptr: (*C.int64_t)(unsafe.SliceData(r.Indptr.Host)),
		indices: (*C.int32_t)(unsafe.SliceData(r.Indices.Host)), values: floats(r.Values.Host), columns: C.int(r.Cols),
	}
}

func (*cpu) ObservedLoss(x Matrix, r Sparse, y Matrix, p Equations) (float64, error) {
	CheckPairs(x, r, y)
	fp := (x.Cols + 15) &^ 15
	e := C.llm4rec_equations{y: floats(pad(y.Host, y.Rows, x.Cols, fp)), alpha: C.float(p.Alpha), beta: C.float(p.Beta), fp: C.int(fp)}
	order := r.Plan.([]int32)
	wide := floats(pad(x.Host, x.Rows, x.Cols, fp))
	sums := make([]float64, (x.Rows+rowsAtATime-1)/rowsAtATime)
	err := Blocks(context.Background(), x.Rows, rowsAtATime, func() func(lo, hi int) error {
		return func(lo, hi int) error {
			sums[lo/rowsAtATime] = float64(C.llm4rec_observed_loss(wide, cBatch(r, order[lo:hi]), e))
			return nil
		}
	})
	return sum(sums), err
}

// pad widens the rows of a matrix from f to fp ≥ f floats with zeros; where they are equal it returns the matrix.
func pad(x []float32, rows, f, fp int) []float32 {
	if f == fp {
		return x
	}
	out := make([]float32, rows*fp)
	for r := range rows {
		copy(out[r*fp:], x[r*f:(r+1)*f])
	}
	return out
}

// floats is the address of a slice's first element.
func floats(x []float32) *C.float { return (*C.float)(unsafe.SliceData(x)) }
