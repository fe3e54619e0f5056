package sasrec_test

import (
	"testing"

	"llm4rec/models"
	"llm4rec/models/modeltest"
	"llm4rec/models/sasrec"
)

func small() sasrec.Config {
	c := sasrec.Default()
	c.Hidden, c.MaxLength, c.Epochs, c.Batch, c.LearningRate, c.Dropout, c.Patience = 16, 8, 40, 8, .01, .1, 0
	return c
}

func TestConformance(t *testing.T) {
	for name, change := range map[string]func(*sasrec.Config){
		"default": func(*sasrec.Config) {},
		"post": func(c *sasrec.Config) {
			c.Norm, c.Activation, c.Positions, c.Heads, c.LearningRate = "post", "gelu", "start", 2, .003
		},
		"pre":  func(c *sasrec.Config) { c.Norm, c.Tied, c.Loss, c.Negatives, c.LogQ = "pre", false, "sampled", 4, true },
		"gbce": func(c *sasrec.Config) { c.Loss, c.Negatives, c.Calibration = "gbce", 16, .5 },
		"masked": func(c *sasrec.Config) { // which learns less from a sequence
			c.Masked, c.Epochs, c.MaxLength, c.Dropout = .3, 120, 13, 0
			c.Hidden, c.Tied, c.LearningRate, c.Decay = 32, false, .006, "linear"
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			modeltest.Run(t, func() models.Fitter {
				c := small()
				change(&c)
				return c
			}, modeltest.NextItem)
		})
	}
}
