package popularity

import (
	"testing"

	"llm4rec/models"
	"llm4rec/models/modeltest"
)

func TestConformance(t *testing.T) {
	t.Run("all time", func(t *testing.T) {
		modeltest.Run(t, func() models.Fitter { return Config{} }, modeltest.NotPersonalised)
	})
	t.Run("recent", func(t *testing.T) {
		modeltest.Run(t, func() models.Fitter { return DefaultRecent() }, modeltest.NotPersonalised)
	})
}
