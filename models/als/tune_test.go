package als

import (
	"os"
	"testing"

	"llm4rec/data"
	"llm4rec/data/datatest"
	"llm4rec/data/sequence"
)

// TestTune is how the parameters of the embedded experiments were chosen: on the validation cases of leave-one-out, by
// NDCG@10 over the seeds 0 and 1. It takes a quarter of an hour and runs where LLM4REC_TUNE is set.
func TestTune(t *testing.T) {
	if os.Getenv("LLM4REC_TUNE") == "" {
		t.Skip("LLM4REC_TUNE is not set")
	}
	hu := func(factors int, alpha, lambda float64) Config {
		c := Default()
		c.Factors, c.Loss, c.UnobservedWeight, c.Nu, c.Alpha, c.Regularization = factors, Hu, 1, 0, alpha, lambda
		return c
	}
	ials := func(factors int, weight, lambda float64) Config {
		c := Default()
		c.Factors, c.Loss, c.UnobservedWeight, c.Nu, c.Alpha, c.Regularization = factors, IALS, weight, 1, 1, lambda
		return c
	}
	t.Run("ml-100k", func(t *testing.T) {
		var trials []Config
		for _, alpha := range []float64{0, 1, 4, 16} {
			for _, lambda := range []float64{.01, 1, 3, 10, 30, 100} {
				trials = append(trials, hu(64, alpha, lambda))
			}
		}
		for _, weight := range []float64{.03, .1, .3, 1} {
			for _, lambda := range []float64{.003, .01, .03, .1} {
				trials = append(trials, ials(64, weight, lambda))
			}
		}
		for _, factors := range []int{32, 128} {
			for _, lambda := range []float64{3, 10, 20} {
				trials = append(trials, hu(factors, 0, lambda), hu(factors, 1, lambda))
			}
		}
		tune(t, ml100k(t), trials)
	})
	t.Run("ml-1m", func(t *testing.T) {
		var trials []Config
		for _, alpha := range []float64{0, 1, 4} {
			for _, lambda := range []float64{.01, 10, 30, 100} {
				trials = append(trials, hu(64, alpha, lambda))
			}
		}
		tune(t, ml1m(t), trials)
	})
}

func tune(t *testing.T, split *data.Split, trials []Config) {
	t.Helper()
	const seeds = 2
	queries, _ := questions(split.Valid, split.Train.UserItem())
	for _, c := range trials {
		total := 0.0
		for c.Seed = range uint64(seeds) {
			m, err := c.Fit(t.Context(), split.Train)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range ndcg(t, ranked(t, m, queries), split.Valid.Relevant) {
				total += v
			}
		}
		t.Logf("%d factors, %-4s α %-4g w₀ %-4g λ %-5g ν %g: NDCG@10 %.4f", c.Factors, c.Loss, c.Alpha, c.UnobservedWeight, c.Regularization, c.Nu, total/float64(seeds*len(queries)))
	}
}

// ml1m is the leave-one-out split of MovieLens-1M as SASRec preprocessed it.
func ml1m(t testing.TB) *data.Split {
	t.Helper()
	d, err := sequence.Load(datatest.Open(t, "sequences"), "ml-1m.txt")
	if err != nil {
		t.Fatal(err)
	}
	return leaveOneOut(t, d)
}
