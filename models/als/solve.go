package als

import (
	"context"
	"errors"
	"math"
	"slices"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"

	"llm4rec/data"
	"llm4rec/gpu"
)

const (
	rowBlock = 16  // rows that a worker takes at a time
	gather   = 128 // vectors that are converted to float64 at a time
)

// solveAll sets every row of x to the solution of its least-squares problem
//
//	(w₀·YᵀY + Σ α·r·y·yᵀ + λ_u·I)·x_u = Σ b·y
//
// where the sums go over the row of r and b is the right-hand side's coefficient of the loss (Hu et al., eq. 4). Vectors
// are stored in float32, the equations built and solved in float64.
func (c Config) solveAll(ctx context.Context, r *data.Matrix, x, y factors) error {
	g := gram(y, c.UnobservedWeight)
	return gpu.Blocks(ctx, x.n, rowBlock, func() func(lo, hi int) error {
		s := newSolver(c, y, g)
		solve := s.exact
		if c.Solver == ConjugateGradient {
			solve = s.iterate
		}
		return func(lo, hi int) error {
			for u := int32(lo); u < int32(hi); u++ {
				items, counts := r.Row(u)
				if err := solve(x.row(u), items, counts); err != nil {
					return err
				}
			}
			return nil
		}
	})
}

// gram returns w·YᵀY, of which the upper triangle is set. It sums blocks of rows in order.
func gram(y factors, w float64) []float64 {
	out := make([]float64, y.f*y.f)
	block := make([]float64, gather*y.f)
	for lo := 0; lo < y.n; lo += gather {
		n := min(gather, y.n-lo)
		for i, v := range y.v[lo*y.f : (lo+n)*y.f] {
			block[i] = float64(v)
		}
		addGram(out, w, block, n, y.f)
	}
	return out
}

// addGram adds w·BᵀB to the upper triangle of a, for B n×f.
func addGram(a []float64, w float64, b []float64, n, f int) {
	blas64.Syrk(blas.Trans, w, general(b, n, f), 1, symmetric(a, f))
}

func general(v []float64, rows, cols int) blas64.General {
	return blas64.General{Rows: rows, Cols: cols, Stride: cols, Data: v[:rows*cols]}
}

func symmetric(v []float64, n int) blas64.Symmetric {
	return blas64.Symmetric{N: n, Stride: n, Data: v, Uplo: blas.Upper}
}

func vector(v []float64) blas64.Vector { return blas64.Vector{N: len(v), Inc: 1, Data: v} }

// solver is one worker's space for the equations of one row.
type solver struct {
	c       Config
	y       factors
	gram    []float64
	a       []float64 // f×f
	b       []float64 // f; then the solution
	block   []float64 // gather×f
	scores  []float64 // gather
	x, p, q []float64 // f
}

func newSolver(c Config, y factors, gram []float64) *solver {
	f := y.f
	v := func(n int) []float64 { return make([]float64, n) }
	return &solver{c, y, gram, v(f * f), v(f), v(gather * f), v(gather), v(f), v(f), v(f)}
}

// exact solves by Cholesky's decomposition. A row without observations is zero.
func (s *solver) exact(x []float32, items []int32, counts []float32) error {
	if len(items) == 0 {
		clear(x)
		return nil
	}
	f := s.y.f
	copy(s.a, s.gram)
	clear(s.b)
	for lo := 0; lo < len(items); lo += gather {
		part := items[lo:min(lo+gather, len(items))]
		for n, i := range part {
			root, b := math.Sqrt(s.c.Alpha*float64(counts[lo+n])), s.c.rhs(counts[lo+n])
			row := s.block[n*f : (n+1)*f]
			for l, v := range s.y.row(i) {
				row[l] = root * float64(v)
				s.b[l] += b * float64(v)
			}
		}
		addGram(s.a, 1, s.block, len(part), f)
	}
	lambda := s.c.lambda(len(items), s.y.n)
	for l := range f {
		s.a[l*f+l] += lambda
	}
	triangle, ok := lapack64.Potrf(symmetric(s.a, f))
	if !ok {
		return errSingular
	}
	lapack64.Potrs(triangle, blas64.General{Rows: f, Cols: 1, Stride: 1, Data: s.b})
	for l, v := range s.b {
		x[l] = float32(v)
	}
	return nil
}

var errSingular = errors.New("the normal equations are singular: raise regularization")

// count returns the distinct items of the catalogue in a history, ascending, and how often each occurs.
func count(history []int32, catalogue int) (items []int32, counts []float32) {
	sorted := slices.Clone(history)
	slices.Sort(sorted)
	for _, i := range sorted {
		switch n := len(items); {
		case i < 0 || int(i) >= catalogue:
		case n > 0 && items[n-1] == i:
			counts[n-1]++
		default:
			items, counts = append(items, i), append(counts, 1)
		}
	}
	return items, counts
}
