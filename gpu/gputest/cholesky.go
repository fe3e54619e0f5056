package gputest

import (
	"errors"
	"fmt"
	"math"

	"llm4rec/gpu"
)

func choleskyChecks() []Check {
	var out []Check
	for _, f := range []int{1, 2, 3, 15, 16, 17, 31, 32, 33, 64, 65, 100, 128, 129, 200, 256, 257} {
		for _, batch := range []int{0, 1, 5} {
			out = append(out, Check{"SolveCholesky", fmt.Sprintf("f=%d,batch=%d", f, batch), func(d gpu.Device) error {
				return solve(d, f, batch)
			}})
		}
	}
	return append(out,
		Check{"SolveCholesky", "f=3,batch=1000", func(d gpu.Device) error { return solve(d, 3, 1000) }},
		Check{"SolveCholesky", "singular", func(d gpu.Device) error { return solveSingular(d, []float32{1, 1, 1, 1}) }},
		Check{"SolveCholesky", "zero", func(d gpu.Device) error { return solveSingular(d, []float32{0, 0, 0, 0}) }},
		Check{"SolveCholesky", "indefinite", func(d gpu.Device) error { return solveSingular(d, []float32{1, 2, 2, 1}) }},
		Check{"SolveCholesky", "negative", func(d gpu.Device) error { return solveSingular(d, []float32{-1, 0, 0, -1}) }},
	)
}

// solve compares solutions of A·x = b, A = MᵀM/2f + I for M 2f×f, whose condition number is below 4.
func solve(d gpu.Device, f, batch int) error {
	rng := random(f)
	var a []float32
	for range batch {
		one := gram(normal(rng, 2*f*f, 1), f, 1/float64(2*f))
		for l := range f {
			one[l*f+l]++
		}
		a = append(a, one...)
	}
	b := normal(rng, batch*f, 1)
	got, want, err := both(d, func(s *scope) []float32 {
		ma, mb := s.matrix(batch*f, f, a), s.matrix(batch, f, b)
		s.ok(s.SolveCholesky(ma, mb))
		return s.download(mb)
	})
	if err != nil {
		return err
	}
	return nearRows(got, want, f, func(int) float64 { return solved(4, f) })
}

// solved bounds the error of the solution of a system of equations, made of sums of n products, by its condition number.
// Errors of rounding add up like a random walk, so that √n stands where a bound that is never passed would have n (Higham
// & Mary, A New Approach to Probabilistic Rounding Error Analysis, 2019).
func solved(condition float64, n int) float64 {
	return condition * 4 * unit * (8 + math.Sqrt(float64(n)))
}

// solveSingular gives the device a batch with a 2×2 matrix that has no decomposition, and then one that has.
func solveSingular(d gpu.Device, bad []float32) error {
	unit := []float32{1, 0, 0, 1}
	err := within(d, func(s *scope) {
		a := s.matrix(6, 2, append(append(unit[:4:4], bad...), unit...))
		b := s.matrix(3, 2, constant(6, 1))
		s.ok(wantSingular(s.SolveCholesky(a, b), s.Sync()))
	})
	return errors.Join(err, at(solve(d, 17, 3), "after it"))
}

// wantSingular looks at the error of an operation and that of the Sync after it.
func wantSingular(call, sync error) error {
	if err := errors.Join(call, sync); !errors.Is(err, gpu.ErrSingular) {
		return fmt.Errorf("got error %v, want %v", err, gpu.ErrSingular) //nolint:errorlint // a finding: whoever asks for its cause wants none
	}
	return nil
}
