package bpr_test

import (
	"testing"

	"llm4rec/models"
	"llm4rec/models/bpr"
	"llm4rec/models/modeltest"
)

func TestConformance(t *testing.T) {
	modeltest.Run(t, func() models.Fitter {
		c := bpr.Default()
		c.Factors, c.Epochs, c.Batch, c.LearningRate, c.Patience = 2, 30, 50, .02, 0
		return c
	})
}

func TestValidate(t *testing.T) {
	for want, change := range map[string]func(*bpr.Config){
		"bpr: factors: want at least 1, got 0":                            func(c *bpr.Config) { c.Factors = 0 },
		"bpr: init_sd: want a number that is not negative, got -1":        func(c *bpr.Config) { c.InitSD = -1 },
		"bpr: negatives: want at least 1, got 0":                          func(c *bpr.Config) { c.Negatives = 0 },
		"bpr: negative_from: want one of uniform, popularity, got \"us\"": func(c *bpr.Config) { c.NegativeFrom = "us" },
	} {
		c := bpr.Default()
		change(&c)
		if err := c.Validate(); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
