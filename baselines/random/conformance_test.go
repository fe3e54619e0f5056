package random

import (
	"testing"

	"llm4rec/models"
	"llm4rec/models/modeltest"
)

func TestConformance(t *testing.T) {
	modeltest.Run(t, func() models.Fitter { return Config{Seed: 1} }, modeltest.NotPersonalised)
}
