package als

import (
	"os"
	"testing"
)

// TestTune is how the parameters of the embedded experiments were chosen: on the validation cases of MovieLens-100K,
// leave-one-out, by NDCG@10 over two seeds. It takes minutes and runs where LLM4REC_TUNE is set.
func TestTune(t *testing.T) {
	if os.Getenv("LLM4REC_TUNE") == "" {
		t.Skip("LLM4REC_TUNE is not set")
	}
	split := ml100k(t)
	queries, _ := questions(split.Valid, split.Train.UserItem())
	var grid []Config
	add := func(factors int, loss Loss, weight, nu, alpha, lambda float64) {
		c := Default()
		c.Factors, c.Loss, c.UnobservedWeight, c.Nu, c.Alpha, c.Regularization = factors, loss, weight, nu, alpha, lambda
		grid = append(grid, c)
	}
	for _, alpha := range []float64{0, 1, 4, 16} {
		for _, lambda := range []float64{.01, 1, 3, 10, 30, 100} {
			add(64, Hu, 1, 0, alpha, lambda)
		}
	}
	for _, weight := range []float64{.03, .1, .3, 1} {
		for _, lambda := range []float64{.003, .01, .03, .1} {
			add(64, IALS, weight, 1, 1, lambda)
		}
	}
	for _, factors := range []int{32, 128} {
		for _, lambda := range []float64{3, 10, 20} {
			add(factors, Hu, 1, 0, 0, lambda)
			add(factors, Hu, 1, 0, 1, lambda)
		}
	}
	const seeds = 2
	for _, c := range grid {
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
