package als

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
)

// converged is the squared residual below which conjugate gradients stop.
const converged = 1e-20

// iterate improves x by the configured number of steps of conjugate gradients. A row without observations is zero.
// The matrix is never built: A·v = w₀·YᵀY·v + Σ α·r·y·(y·v) + λ·v.
func (s *solver) iterate(x []float32, items []int32, counts []float32) error {
	if len(items) == 0 {
		clear(x)
		return nil
	}
	for l, v := range x {
		s.x[l] = float64(v)
	}
	clear(s.b)
	for n, i := range items {
		b := s.c.rhs(counts[n])
		for l, v := range s.y.row(i) {
			s.b[l] += b * float64(v)
		}
	}
	// s.b becomes the residual b − A·x.
	s.product(s.q, s.x, items, counts)
	blas64.Axpy(-1, vector(s.q), vector(s.b))
	copy(s.p, s.b)
	rr := blas64.Dot(vector(s.b), vector(s.b))
	for range s.c.CGSteps {
		if rr < converged {
			break
		}
		s.product(s.q, s.p, items, counts)
		step := rr / blas64.Dot(vector(s.p), vector(s.q))
		blas64.Axpy(step, vector(s.p), vector(s.x))
		blas64.Axpy(-step, vector(s.q), vector(s.b))
		next := blas64.Dot(vector(s.b), vector(s.b))
		blas64.Scal(next/rr, vector(s.p))
		blas64.Axpy(1, vector(s.b), vector(s.p))
		rr = next
	}
	for l, v := range s.x {
		x[l] = float32(v)
	}
	return nil
}

// product sets dst = A·v.
func (s *solver) product(dst, v []float64, items []int32, counts []float32) {
	f := s.y.f
	copy(dst, v)
	blas64.Symv(1, symmetric(s.gram, f), vector(v), s.c.lambda(len(items), s.y.n), vector(dst))
	for lo := 0; lo < len(items); lo += gather {
		part := items[lo:min(lo+gather, len(items))]
		for n, i := range part {
			row := s.block[n*f : (n+1)*f]
			for l, w := range s.y.row(i) {
				row[l] = float64(w)
			}
		}
		block, scores := general(s.block, len(part), f), vector(s.scores[:len(part)])
		blas64.Gemv(blas.NoTrans, 1, block, vector(v), 0, scores)
		for n := range part {
			s.scores[n] *= s.c.Alpha * float64(counts[lo+n])
		}
		blas64.Gemv(blas.Trans, 1, block, scores, 1, vector(dst))
	}
}
