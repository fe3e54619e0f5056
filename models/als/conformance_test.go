package als_test

import (
	"testing"

	"llm4rec/models"
	"llm4rec/models/als"
	"llm4rec/models/dense"
	"llm4rec/models/modeltest"
)

func TestConformance(t *testing.T) {
	for name, change := range map[string]func(*als.Config){
		"default": func(*als.Config) {},
		"cg":      func(c *als.Config) { c.Solver = als.ConjugateGradient },
		"trained": func(c *als.Config) { c.Users = als.Trained },
		"cosine":  func(c *als.Config) { c.Similarity = dense.Cosine },
		"ials":    func(c *als.Config) { c.Loss, c.UnobservedWeight, c.Nu = als.IALS, .1, 1 },
	} {
		t.Run(name, func(t *testing.T) {
			modeltest.Run(t, func() models.Fitter {
				c := als.Default()
				c.Factors = 2 // the rank of the board: more would learn that everybody lacks an item
				change(&c)
				return c
			})
		})
	}
}
