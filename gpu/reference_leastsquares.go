package gpu

import (
	"context"
)

// converged is the squared residual below which conjugate gradients stop.
const converged = 1e-20

func (*reference) LeastSquares(ctx context.Context, x Matrix, r Sparse, y Matrix, p Equations) error {
	CheckLeastSquares(x, r, y, p)
	return Blocks(ctx, x.Rows, 16, func() func(lo, hi int) error {
		s := newSystem(y, p)
		return func(lo, hi int) error {
			for u := lo; u < hi; u++ {
				s.indices, s.values = r.row(u)
				s.lambda = float64(p.Lambda.Host[u])
				switch {
				case len(s.indices) == 0:
					clear(x.row(u))
				case p.Steps > 0:
					s.iterate(x.row(u), p.Steps)
				case !s.exact(x.row(u)):
					return singular("row", u)
				}
			}
			return nil
		}
	})
}

// system is the equations of one row: (G + α·Σ r·y·yᵀ + λ·I)·x = Σ (β + α·r)·y.
type system struct {
	y           Matrix
	gram        []float64
	alpha, beta float64

	indices []int32
	values  []float32
	lambda  float64

	a, b, x, p, q []float64
}

func newSystem(y Matrix, p Equations) *system {
	f := y.Cols
	v := func(n int) []float64 { return make([]float64, n) }
	s := &system{y: y, gram: v(f * f), alpha: float64(p.Alpha), beta: float64(p.Beta), a: v(f * f), b: v(f), x: v(f), p: v(f), q: v(f)}
	for i, g := range p.Gram.Host {
		s.gram[i] = float64(g)
	}
	return s
}

// right makes b, the right-hand side.
func (s *system) right() {
	clear(s.b)
	for n, i := range s.indices {
		add(s.b, s.beta+s.alpha*value(s.values, n), s.y.row(int(i)))
	}
}

func (s *system) exact(x []float32) bool {
	f := len(s.b)
	s.right()
	copy(s.a, s.gram)
	for l := range f {
		s.a[l*f+l] += s.lambda
	}
	for n, i := range s.indices {
		y, weight := s.y.row(int(i)), s.alpha*value(s.values, n)
		for l, v := range y {
			add(s.a[l*f:l*f+l+1], weight*float64(v), y[:l+1])
		}
	}
	if !cholesky(s.a, s.b) {
		return false
	}
	for l, v := range s.b {
		x[l] = float32(v)
	}
	return true
}

// iterate is the method of conjugate gradients (Hestenes & Stiefel 1952). The matrix is never built.
func (s *system) iterate(x []float32, steps int) {
	for l, v := range x {
		s.x[l] = float64(v)
	}
	s.right()
	s.product(s.x)
	for l, v := range s.q { // b becomes the residual
		s.b[l] -= v
	}
	copy(s.p, s.b)
	rr := dot64(s.b, s.b)
	for range steps {
		if rr < converged {
			break
		}
		s.product(s.p)
		step := rr / dot64(s.p, s.q)
		for l := range s.x {
			s.x[l] += step * s.p[l]
			s.b[l] -= step * s.q[l]
		}
		next := dot64(s.b, s.b)
		for l := range s.p {
			s.p[l] = s.b[l] + next/rr*s.p[l]
		}
		rr = next
	}
	for l, v := range s.x {
		x[l] = float32(v)
	}
}

// product sets q to the matrix times v.
func (s *system) product(v []float64) {
	f := len(v)
	for l := range f {
		s.q[l] = s.lambda*v[l] + dot64(s.gram[l*f:(l+1)*f], v)
	}
	for n, i := range s.indices {
		y, score := s.y.row(int(i)), 0.0
		for l, w := range y {
			score += float64(w) * v[l]
		}
		add(s.q, s.alpha*value(s.values, n)*score, y)
	}
}

// add adds w·y to dst.
func add(dst []float64, w float64, y []float32) {
	dst = dst[:len(y)]
	for l, v := range y {
		dst[l] += w * float64(v)
	}
}

func dot64(a, b []float64) float64 {
	b = b[:len(a)]
	sum := 0.0
	for l, v := range a {
		sum += v * b[l]
	}
	return sum
}

func (*reference) ObservedLoss(x Matrix, r Sparse, y Matrix, p Equations) (float64, error) {
	CheckPairs(x, r, y)
	rows := make([]float64, x.Rows)
	forRows(x.Rows, func(u int) {
		indices, values := r.row(u)
		for n, i := range indices {
			score := inner(x.row(u), y.row(int(i)))
			rows[u] += (float64(p.Beta)+float64(p.Alpha)*value(values, n))*(1-score)*(1-score) - float64(p.Beta)*score*score
		}
	})
	return sum(rows), nil
}

// sum adds up in pairs, whose error grows with the logarithm of the length alone.
func sum(x []float64) float64 {
	if len(x) <= 8 {
		total := 0.0
		for _, v := range x {
			total += v
		}
		return total
	}
	half := len(x) / 2
	return sum(x[:half]) + sum(x[half:])
}
