package als_test

import (
	"testing"

	"llm4rec/data"
	"llm4rec/data/datatest"
	"llm4rec/data/sequence"
	"llm4rec/models/als"
)

// BenchmarkFit trains on MovieLens-1M for one iteration: sec/op is the time per iteration.
func BenchmarkFit(b *testing.B) {
	d, err := sequence.Load(datatest.Open(b, "sequences"), "ml-1m.txt")
	if err != nil {
		b.Fatal(err)
	}
	spec, err := data.SplitSpec{Method: "leave-one-out"}.WithDefaults()
	if err != nil {
		b.Fatal(err)
	}
	split, err := d.Split(spec)
	if err != nil {
		b.Fatal(err)
	}
	split.Train.UserItem()
	for _, solver := range []als.Solver{als.Cholesky, als.ConjugateGradient} {
		b.Run(string(solver), func(b *testing.B) {
			c := als.Default()
			c.Solver, c.Iterations = solver, 1
			for b.Loop() {
				if _, err := c.Fit(b.Context(), split.Train); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
