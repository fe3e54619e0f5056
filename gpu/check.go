package gpu

import (
	"errors"
	"fmt"
)

// ErrSingular is wrapped by the error of a system of equations that has no unique solution.
var ErrSingular = errors.New("the matrix is not positive definite")

// ErrNoDevice is wrapped by the error of a device that was asked for and cannot be had.
var ErrNoDevice = errors.New("no such device")

// OutOfMemory is the error of memory that a device does not have.
type OutOfMemory struct {
	Device             string
	Asked, Free, Total int64 // bytes
}

func (e *OutOfMemory) Error() string {
	const mib = 1 << 20
	asked := fmt.Sprintf("%.1f MiB", float64(e.Asked)/mib)
	if e.Asked < mib {
		asked = fmt.Sprintf("%d bytes", e.Asked)
	}
	return fmt.Sprintf("%s: out of memory: asked for %s, %.1f of %.1f MiB are free", e.Device, asked, float64(e.Free)/mib, float64(e.Total)/mib)
}

// The checks that every device makes of its operands.

// CheckShape panics where a size is negative.
func CheckShape(rows, cols int) { must(rows >= 0 && cols >= 0) }

// CheckGemm returns the size of the product: C is m×n, A m×k, B k×n.
func CheckGemm(c, a, b Tile, batch int) (m, n, k int) {
	m, k = a.shape()
	k2, n := b.shape()
	m2, n2 := c.shape()
	must(batch >= 0 && m == m2 && k == k2 && n == n2 && !c.Trans && c.inside(batch) && a.inside(batch) && b.inside(batch))
	return m, n, k
}

// CheckSyrk panics where C is not as wide and high as A is wide.
func CheckSyrk(c, a Matrix) { must(c.Rows == a.Cols && c.Cols == a.Cols) }

// CheckSolve returns the number of systems and of their unknowns.
func CheckSolve(a, b Matrix) (batch, f int) {
	must(a.Cols == b.Cols && a.Rows == b.Rows*b.Cols)
	return b.Rows, b.Cols
}

// CheckRows panics where the operands of Gather or ScatterAdd do not fit: picked has one row for each of rows.
func CheckRows(picked, from Matrix, rows Ints) {
	must(picked.Cols == from.Cols && picked.Rows == rows.Len)
}

// CheckTopK returns k.
func CheckTopK(ids Ints, scores, x Matrix, exclude *Sparse) int {
	must(scores.Rows == x.Rows && ids.Len == scores.Rows*scores.Cols)
	must(exclude == nil || exclude.Rows == x.Rows && exclude.Cols == x.Cols)
	return scores.Cols
}

// CheckSame panics where two matrices are not of one shape.
func CheckSame(a, b Matrix) { must(a.Rows == b.Rows && a.Cols == b.Cols) }

// CheckLen panics where host and device do not hold equally many.
func CheckLen(host, device int) { must(host == device) }

// CheckWeights panics where there is not one weight a row.
func CheckWeights(x, weights Matrix) { must(weights.Rows == x.Rows && weights.Cols == 1) }

// CheckPairs panics where X and Y are not the factors of R.
func CheckPairs(x Matrix, r Sparse, y Matrix) {
	must(x.Rows == r.Rows && y.Rows == r.Cols && x.Cols == y.Cols)
}

// CheckLeastSquares panics where the operands of LeastSquares do not fit.
func CheckLeastSquares(x Matrix, r Sparse, y Matrix, p Equations) {
	CheckPairs(x, r, y)
	CheckWeights(x, p.Lambda)
	must(p.Steps >= 0 && p.Gram.Rows == x.Cols && p.Gram.Cols == x.Cols)
}

// CheckCSR panics where a matrix contradicts itself.
func CheckCSR(m CSR) {
	must(m.Rows >= 0 && m.Cols >= 0 && len(m.Indptr) == m.Rows+1 && m.Indptr[0] == 0 && m.Indptr[m.Rows] == int64(len(m.Indices)))
	must(m.Values == nil || len(m.Values) == len(m.Indices))
}

func must(ok bool) {
	if !ok {
		panic(badShape)
	}
}

const badShape = "gpu: operands do not fit together"
