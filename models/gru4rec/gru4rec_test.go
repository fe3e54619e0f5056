package gru4rec_test

import (
	"strings"
	"testing"

	"llm4rec/models"
	"llm4rec/models/gru4rec"
	"llm4rec/models/modeltest"
)

func small() gru4rec.Config {
	c := gru4rec.Default()
	c.Hidden, c.MaxLength, c.Epochs, c.Batch, c.LearningRate, c.Dropout, c.Patience = 16, 8, 30, 4, .01, .1, 0
	return c
}

func TestConformance(t *testing.T) {
	for name, change := range map[string]func(*gru4rec.Config){
		"default": func(*gru4rec.Config) {},
		"deep":    func(c *gru4rec.Config) { c.Layers, c.Tied, c.InitSD = 2, false, .3 },
		"bce":     func(c *gru4rec.Config) { c.Loss, c.Negatives = "bce", 4 },
	} {
		t.Run(name, func(t *testing.T) {
			modeltest.Run(t, func() models.Fitter {
				c := small()
				change(&c)
				return c
			}, modeltest.NextItem)
		})
	}
}

func TestValidate(t *testing.T) {
	for want, change := range map[string]func(*gru4rec.Config){
		"layers and hidden": func(c *gru4rec.Config) { c.Layers = 0 },
		"dropout":           func(c *gru4rec.Config) { c.Dropout = 1 },
		"init_sd":           func(c *gru4rec.Config) { c.InitSD = -1 },
		"epochs":            func(c *gru4rec.Config) { c.Epochs = 0 },
	} {
		c := small()
		change(&c)
		if err := c.Validate(); err == nil || !strings.HasPrefix(err.Error(), "gru4rec: "+want) {
			t.Errorf("%s: got the error %v", want, err)
		}
	}
}
