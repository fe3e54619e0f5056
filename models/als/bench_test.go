package als

import "testing"

// BenchmarkFit trains on MovieLens-1M for one iteration: sec/op is the time per iteration.
func BenchmarkFit(b *testing.B) {
	train := ml1m(b).Train
	train.UserItem()
	for _, solver := range []Solver{Cholesky, ConjugateGradient} {
		b.Run(string(solver), func(b *testing.B) {
			c := Default()
			c.Solver, c.Iterations = solver, 1
			for b.Loop() {
				if _, err := c.Fit(b.Context(), train); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
