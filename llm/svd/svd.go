// Package svd finds the strongest directions of a large matrix.
package svd

import (
	"context"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// Operator is a matrix X that is known by its products.
type Operator interface {
	Dims() (rows, columns int)
	Times(m *mat.Dense) *mat.Dense           // X·m
	TransposedTimes(m *mat.Dense) *mat.Dense // Xᵀ·m
}

// Of the randomised range finder: how many more vectors than wanted, and how often their span is turned towards the strongest
// directions. Four turns leave of a singular value that is half as large 2⁻⁸.
const (
	oversampling = 16
	turns        = 4
)

// Right finds the dim strongest right singular vectors, as columns, by a randomised range finder with subspace iteration (Halko,
// Martinsson & Tropp 2011, algorithm 4.4) and the decomposition of what is left, and their singular values. There are fewer
// where the matrix has fewer, but one at least. The same matrix and seed give the same directions. A direction's sign is such
// that its largest element is positive.
func Right(ctx context.Context, x Operator, dim int, seed uint64) (*mat.Dense, []float64, error) {
	rows, columns := x.Dims()
	width := min(dim+oversampling, rows, columns)
	r := rand.New(rand.NewPCG(seed, 0x15a))
	span := mat.NewDense(columns, width, nil)
	for n := range columns {
		for k := range width {
			span.Set(n, k, r.NormFloat64())
		}
	}
	left, _ := directions(x.Times(span))
	for range turns {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		right, _ := directions(x.TransposedTimes(left))
		left, _ = directions(x.Times(right))
	}
	// Of X restricted to what left spans, the left singular vectors of its transpose are X's right ones.
	right, values := directions(x.TransposedTimes(left))
	dim = min(dim, len(values))
	basis := mat.DenseCopyOf(right.Slice(0, columns, 0, dim))
	for k := range dim {
		largest := 0.0
		for n := range columns {
			if v := basis.At(n, k); math.Abs(v) > math.Abs(largest) {
				largest = v
			}
		}
		if largest < 0 {
			for n := range columns {
				basis.Set(n, k, -basis.At(n, k))
			}
		}
	}
	return basis, values[:dim], ctx.Err()
}

// directions are the left singular vectors of a tall matrix, strongest first, and its singular values, without those that are
// nothing but rounding: with MᵀM = V·Λ·Vᵀ, they are M·V·Λ^(−½).
func directions(m *mat.Dense) (*mat.Dense, []float64) {
	rows, columns := m.Dims()
	var gram mat.SymDense
	gram.SymOuterK(1, m.T())
	var e mat.EigenSym
	if !e.Factorize(&gram, true) {
		panic("svd: a symmetric matrix without eigenvalues") // it is not finite
	}
	squares := e.Values(nil) // ascending
	var v mat.Dense
	e.VectorsTo(&v)
	kept := 0
	for kept < columns && squares[columns-1-kept] > 1e-12*squares[columns-1] {
		kept++
	}
	values := make([]float64, max(1, kept))
	turn := mat.NewDense(columns, max(1, kept), nil)
	for k := range kept {
		at := columns - 1 - k
		values[k] = math.Sqrt(squares[at])
		for n := range columns {
			turn.Set(n, k, v.At(n, at)/values[k])
		}
	}
	out := mat.NewDense(rows, max(1, kept), nil)
	out.Mul(m, turn)
	return out, values
}
