package gputest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"llm4rec/gpu"
)

// problem is the operands of LeastSquares. Y has entries of variance 1/f, G = WᵀW/n for W n×f with entries of variance 1
// and n > 2f, λ ≥ .1: the condition number of a row's equations stays
// about 20.
type problem struct {
	f           int
	r           gpu.CSR
	x, y        []float32
	gram        []float32
	lambda      []float32
	alpha, beta float32
	steps       int
}

const condition = 20

func newProblem(f int, lengths []int, cols int, counts bool, steps int) *problem {
	rng := random(f)
	n := 2*f + 50
	p := &problem{
		f: f, r: sparse(rng, lengths, cols, counts), alpha: .7, beta: 1, steps: steps,
		x: normal(rng, len(lengths)*f, .3), y: normal(rng, cols*f, 1/math.Sqrt(float64(f))),
		gram: gram(normal(rng, n*f, 1), f, 1/float64(n)), lambda: make([]float32, len(lengths)),
	}
	if counts {
		p.alpha, p.beta = 1.5, 0 // as in iALS
	}
	for u := range p.lambda {
		p.lambda[u] = .1 + 3*rng.Float32()
	}
	return p
}

func (p *problem) solve(s *scope) []float32 { return p.solveContext(context.Background(), s) }

// solveContext returns X. What is there before an exact solution does not count: it is NaN.
func (p *problem) solveContext(ctx context.Context, s *scope) []float32 {
	x := s.alloc(p.r.Rows, p.f)
	if p.steps != 0 {
		s.ok(s.Upload(x, p.x))
	}
	y, e := s.matrix(p.r.Cols, p.f, p.y), p.equations(s)
	s.ok(s.LeastSquares(ctx, x, s.sparse(p.r), y, e))
	s.ok(at(same(s.download(y), p.y), "Y"))
	s.ok(at(same(s.download(e.Gram), p.gram), "G"))
	return s.download(x)
}

func (p *problem) equations(s *scope) gpu.Equations {
	return gpu.Equations{
		Gram: s.matrix(p.f, p.f, p.gram), Alpha: p.alpha, Beta: p.beta, Lambda: s.matrix(len(p.lambda), 1, p.lambda), Steps: p.steps,
	}
}

// lengths are those of rows that take every path: empty, shorter than f, as long, longer, very long, and many short ones.
func lengths(f, cols int) []int {
	out := []int{0, 1, 2, f - 1, f, f + 1, 2*f + 3, 0, 1200, cols * 7 / 8, cols * 9 / 10}
	for n := range 90 {
		out = append(out, n*n%7)
	}
	return out
}

func leastSquaresChecks() []Check {
	const cols = 5003
	var out []Check
	add := func(name string, run func(d gpu.Device) error) { out = append(out, Check{"LeastSquares", name, run}) }
	for _, f := range []int{1, 3, 16, 31, 32, 33, 64, 65, 100, 128, 200, 256, 257} {
		for _, steps := range []int{0, 1, 3} {
			for _, counts := range []bool{false, true} {
				add(fmt.Sprintf("f=%d,steps=%d,counts=%t", f, steps, counts), func(d gpu.Device) error {
					return newProblem(f, lengths(f, cols), cols, counts, steps).check(d)
				})
			}
		}
	}
	for _, f := range []int{1, 16, 33, 64, 100, 257} {
		add(fmt.Sprintf("f=%d,row by itself", f), func(d gpu.Device) error { return rowByItself(d, f) })
	}
	for _, steps := range []int{0, 3} {
		add(fmt.Sprintf("no rows,steps=%d", steps), newProblem(8, nil, 5, false, steps).check)
		add(fmt.Sprintf("no columns,steps=%d", steps), newProblem(8, []int{0, 0, 0}, 0, false, steps).check)
		add(fmt.Sprintf("no entries,steps=%d", steps), newProblem(8, make([]int, 100), 7, true, steps).check)
		add(fmt.Sprintf("thousands of rows,steps=%d", steps), newProblem(10, slices.Repeat([]int{3, 0, 5, 1}, 1500), 40, true, steps).check)
		add(fmt.Sprintf("ended context,steps=%d", steps), func(d gpu.Device) error { return ended(d, steps) })
	}
	add("solved before the last step", solvedEarly)
	add("nothing to solve", nothingToSolve)
	add("singular", singular)
	return out
}

// check compares with the reference, and exact solutions with their equations too. The same call twice gives the same.
func (p *problem) check(d gpu.Device) error {
	got, want, err := both(d, p.solve)
	if err != nil {
		return err
	}
	terms := func(u int) int { return p.f + int(p.r.Indptr[u+1]-p.r.Indptr[u]) }
	if err := nearRows(got, want, p.f, func(u int) float64 { return solved(condition, terms(u)) }); err != nil {
		return err
	}
	if p.steps == 0 {
		for u := range p.r.Rows {
			if off := p.residual(u, got); !(off <= solved(1, terms(u))) {
				return fmt.Errorf("row %d: the relative residual is %.3g, want at most %.3g", u, off, solved(1, terms(u)))
			}
		}
	}
	return within(d, func(s *scope) { s.ok(at(same(p.solve(s), got), "the second time")) })
}

// residual is ‖A·x − b‖/(‖A‖·‖x‖ + ‖b‖) of row u, with ‖A‖ bounded by its trace over f, which is less.
func (p *problem) residual(u int, xs []float32) float64 {
	lo, hi := p.r.Indptr[u], p.r.Indptr[u+1]
	if lo == hi {
		return 0 // not solved but set to zero
	}
	f, x := p.f, xs[u*p.f:(u+1)*p.f]
	b, left := make([]float64, f), make([]float64, f) // left is A·x
	var trace, lengthX, lengthB, off float64
	for l, v := range x {
		left[l] = float64(p.lambda[u])*float64(v) + dot(p.gram[l*f:(l+1)*f], x)
		trace += float64(p.gram[l*f+l]) + float64(p.lambda[u])
	}
	for n := lo; n < hi; n++ {
		y := p.y[int(p.r.Indices[n])*f:][:f]
		weight := float64(p.alpha) * value(p.r, n)
		score := weight * dot(y, x)
		for l, v := range y {
			left[l] += score * float64(v)
			b[l] += (float64(p.beta) + weight) * float64(v)
		}
		trace += weight * dot(y, y)
	}
	for l, v := range b {
		lengthX += square(float64(x[l]))
		lengthB += square(v)
		off += square(left[l] - v)
	}
	return math.Sqrt(off) / (trace/float64(f)*math.Sqrt(lengthX) + math.Sqrt(lengthB))
}

func dot(a, b []float32) float64 {
	sum := 0.0
	for l, v := range a {
		sum += float64(v) * float64(b[l])
	}
	return sum
}

// rowByItself solves for some of the rows in another order: the bits must be the same.
func rowByItself(d gpu.Device, f int) error {
	p := newProblem(f, lengths(f, 3000), 3000, true, 0)
	var all []float32
	if err := within(d, func(s *scope) { all = p.solve(s) }); err != nil {
		return err
	}
	for _, rows := range [][]int{{10, 6, 5, 4, 3, 2, 1, 0}, {9}, {50, 8, 20}} {
		q, want := *p, []float32(nil)
		q.r, q.lambda = pick(p.r, rows), nil
		for _, u := range rows {
			q.lambda = append(q.lambda, p.lambda[u])
			want = append(want, all[u*f:(u+1)*f]...)
		}
		if err := within(d, func(s *scope) { s.ok(at(same(q.solve(s), want), "rows %d", rows)) }); err != nil {
			return err
		}
	}
	return nil
}

func ended(d gpu.Device, steps int) error {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	p := newProblem(16, slices.Repeat([]int{5}, 1000), 50, false, steps)
	err := within(d, func(s *scope) { p.solveContext(ctx, s) })
	if !errors.Is(err, context.Canceled) {
		return fmt.Errorf("got error %v, want %v", err, context.Canceled) //nolint:errorlint // a finding: whoever asks for its cause wants none
	}
	p.steps = 0
	return at(p.check(d), "after it")
}

// solvedEarly has G = I, α = 0 and λ = 1: x = b/2 after the first step, with a residual of zero.
func solvedEarly(d gpu.Device) error {
	const f = 3
	p := &problem{
		f: f, r: gpu.CSR{Rows: 2, Cols: 2, Indptr: []int64{0, 2, 3}, Indices: []int32{0, 1, 1}},
		y: []float32{1, 2, 3, 4, -6, 0}, x: make([]float32, 2*f),
		gram: []float32{1, 0, 0, 0, 1, 0, 0, 0, 1}, lambda: []float32{1, 1}, beta: 1, steps: 3,
	}
	want := []float32{2.5, -2, 1.5, 2, -3, 0}
	return within(d, func(s *scope) { s.ok(near(p.solve(s), want, func(int) float64 { return 1e-6 })) })
}

// nothingToSolve begins at the solution, zero.
func nothingToSolve(d gpu.Device) error {
	p := newProblem(5, []int{3, 1, 0, 7}, 9, false, 3)
	p.alpha, p.beta = 0, 0
	clear(p.x)
	return within(d, func(s *scope) { s.ok(near(p.solve(s), p.x, func(int) float64 { return 0 })) })
}

// singular has a row whose matrix is α·y·yᵀ with y of ones.
func singular(d gpu.Device) error {
	p := newProblem(3, []int{2, 1, 4}, 6, false, 0)
	clear(p.gram)
	p.y, p.alpha, p.lambda[1] = constant(len(p.y), 1), 1, 0
	err := within(d, func(s *scope) {
		x, r, y := s.alloc(3, 3), s.sparse(p.r), s.matrix(6, 3, p.y)
		s.ok(wantSingular(s.LeastSquares(context.Background(), x, r, y, p.equations(s)), s.Sync()))
	})
	return errors.Join(err, at(newProblem(17, []int{2, 1, 4}, 6, false, 0).check(d), "after it"))
}
