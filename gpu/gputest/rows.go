package gputest

import (
	"fmt"

	"llm4rec/gpu"
)

// Sizes of Gather and ScatterAdd: how many rows are picked of how many, and their length.
var pickedSizes = []struct{ picked, of, cols int }{
	{0, 5, 3}, {1, 1, 1}, {5, 3, 0}, {3, 5, 7}, {17, 4, 31}, {64, 64, 64}, {257, 1000, 33}, {1009, 13, 65}, {2, 3, 1025}, {5000, 1, 4},
	{4000, 3001, 3},
}

func gatherChecks() []Check {
	return pickedChecks("Gather", func(s *scope, small, large gpu.Matrix, rows gpu.Ints) gpu.Matrix {
		s.ok(s.Gather(small, large, rows))
		return small
	})
}

// Sums of float32 in a given order are the same everywhere.
func scatterChecks() []Check {
	return pickedChecks("ScatterAdd", func(s *scope, small, large gpu.Matrix, rows gpu.Ints) gpu.Matrix {
		s.ok(s.ScatterAdd(large, small, rows))
		return large
	})
}

func pickedChecks(op string, compute func(s *scope, small, large gpu.Matrix, rows gpu.Ints) gpu.Matrix) []Check {
	var out []Check
	for _, size := range pickedSizes {
		// One of so many rows is negative; all of them, none.
		for _, negative := range []int{4, 1, 0} {
			rng := random(size.cols)
			rows := make([]int32, size.picked)
			for n := range rows {
				rows[n] = int32(rng.IntN(size.of))
				if negative > 0 && rng.IntN(negative) == 0 {
					rows[n] = -1 - rows[n]
				}
			}
			// Numbers of very different sizes: their sum shows the order of addition.
			small, large := normal(rng, size.picked*size.cols, 1), normal(rng, size.of*size.cols, 1)
			for i := range small {
				small[i] *= float32(int(1) << rng.IntN(20))
			}
			name := fmt.Sprintf("%d of %d rows,cols=%d,negative=%d", size.picked, size.of, size.cols, negative)
			out = append(out, Check{op, name, func(d gpu.Device) error {
				got, want, err := both(d, func(s *scope) []float32 {
					a, b := s.matrix(size.picked, size.cols, small), s.matrix(size.of, size.cols, large)
					return s.download(compute(s, a, b, s.ints(rows)))
				})
				if err != nil {
					return err
				}
				return same(got, want)
			}})
		}
	}
	return out
}
