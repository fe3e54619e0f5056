package als

import "testing"

// BenchmarkFit trains on MovieLens-1M for one iteration: sec/op is the time per iteration. The limit is arithmetic, since
// the factors of both sides, 2.4 MB, stay in the cache: Gflop/s, by the count of [Config.Flops], is to be held against the
// peak of all cores.
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
			flops := c.Flops(train.NumUsers, train.NumItems, train.Inter.Len())
			b.ReportMetric(flops*float64(b.N)/b.Elapsed().Seconds()/1e9, "Gflop/s")
		})
	}
}
