package gputest

import (
	"fmt"
	"math"
	"slices"

	"llm4rec/gpu"
)

func lossChecks() []Check {
	var out []Check
	for _, f := range []int{1, 3, 32, 33, 64, 100, 257} {
		for _, counts := range []bool{false, true} {
			out = append(out, Check{"ObservedLoss", fmt.Sprintf("f=%d,counts=%t", f, counts), func(d gpu.Device) error {
				return observedLoss(d, newProblem(f, lengths(f, 1500), 1500, counts, 0))
			}})
		}
	}
	return append(out,
		Check{"ObservedLoss", "no rows", func(d gpu.Device) error { return observedLoss(d, newProblem(8, nil, 5, false, 0)) }},
		Check{"ObservedLoss", "no entries", func(d gpu.Device) error { return observedLoss(d, newProblem(8, []int{0, 0}, 5, false, 0)) }},
		// A float32 sum of so many terms would be off by more.
		Check{"ObservedLoss", "long", func(d gpu.Device) error {
			return observedLoss(d, newProblem(4, slices.Repeat([]int{20}, 10_000), 100, true, 0))
		}},
	)
}

// observedLoss allows every score an error of γ_f·Σ|x||y|, and every term some roundings, but their sum none.
func observedLoss(d gpu.Device, p *problem) error {
	var want, tolerance float64
	for u := range p.r.Rows {
		x := p.x[u*p.f : (u+1)*p.f]
		for n := p.r.Indptr[u]; n < p.r.Indptr[u+1]; n++ {
			y := p.y[int(p.r.Indices[n])*p.f:][:p.f]
			score, off := dot(x, y), gamma(p.f+2)*dot(absolute(x), absolute(y))
			beta := float64(p.beta)
			weight := beta + float64(p.alpha)*value(p.r, n)
			want += weight*square(1-score) - beta*square(score)
			tolerance += weight*(2*math.Abs(1-score)*off+off*off) + beta*(2*math.Abs(score)*off+off*off)
			tolerance += gamma(4) * (weight*square(1-score) + beta*square(score))
		}
	}
	return within(d, func(s *scope) {
		x, y := s.matrix(p.r.Rows, p.f, p.x), s.matrix(p.r.Cols, p.f, p.y)
		got, err := s.ObservedLoss(x, s.sparse(p.r), y, gpu.Equations{Alpha: p.alpha, Beta: p.beta})
		s.ok(err)
		s.ok(number(got, want, tolerance))
	})
}

func normChecks() []Check {
	var out []Check
	for _, size := range [][2]int{{0, 3}, {3, 0}, {1, 1}, {7, 3}, {100, 64}, {257, 65}, {1009, 257}, {100_003, 3}} {
		rows, cols := size[0], size[1]
		out = append(out, Check{"SquaredNorm", fmt.Sprintf("%dx%d", rows, cols), func(d gpu.Device) error {
			rng := random(rows)
			x, weights := normal(rng, rows*cols, 1), absolute(normal(rng, rows, 1))
			want := 0.0
			for r, w := range weights {
				row := x[r*cols : (r+1)*cols]
				want += float64(w) * dot(row, row)
			}
			return within(d, func(s *scope) {
				got, err := s.SquaredNorm(s.matrix(rows, cols, x), s.matrix(rows, 1, weights))
				s.ok(err)
				s.ok(number(got, want, gamma(cols+2)*want))
			})
		}})
	}
	return out
}

func number(got, want, tolerance float64) error {
	if !(math.Abs(got-want) <= tolerance) {
		return fmt.Errorf("got %v, want %v ± %.3g", got, want, tolerance)
	}
	return nil
}
