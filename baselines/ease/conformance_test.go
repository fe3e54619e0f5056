package ease

import (
	"testing"

	"llm4rec/models"
	"llm4rec/models/modeltest"
)

func TestConformance(t *testing.T) {
	t.Run("all history", func(t *testing.T) {
		modeltest.Run(t, func() models.Fitter { return Default() })
	})
	t.Run("recency", func(t *testing.T) {
		c := Default()
		c.Recency = models.Recency{History: 10, Decay: 0.8}
		modeltest.Run(t, func() models.Fitter { return c })
	})
}
