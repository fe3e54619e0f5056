package modeltest_test

import (
	"testing"

	"llm4rec/baselines/ease"
	"llm4rec/baselines/itemknn"
	"llm4rec/baselines/popularity"
	"llm4rec/baselines/random"
	"llm4rec/models"
	"llm4rec/models/modeltest"
)

// TestBaselines runs the suite where models are simplest, so that a suite that asks too much shows.
func TestBaselines(t *testing.T) {
	t.Run("random", func(t *testing.T) {
		modeltest.Run(t, func() models.Fitter { return random.Config{Seed: 3} }, modeltest.NotPersonalised)
	})
	t.Run("popularity", func(t *testing.T) {
		modeltest.Run(t, func() models.Fitter { return popularity.Config{} }, modeltest.NotPersonalised)
	})
	t.Run("itemknn", func(t *testing.T) { modeltest.Run(t, func() models.Fitter { return itemknn.Default() }) })
	t.Run("ease", func(t *testing.T) { modeltest.Run(t, func() models.Fitter { return ease.Default() }) })
}
