package sasrec

import (
	"encoding/json"
	"testing"

	"llm4rec/models/sequential"
	"llm4rec/models/sequential/sequentialtest"
)

// testdata/pytorch.json is what an independent model in PyTorch, in float64, makes of the same weights.
func TestPyTorch(t *testing.T) {
	sequentialtest.Golden(t, "testdata/pytorch.json", func(config json.RawMessage) (sequential.Network, error) {
		c := Default()
		c.Dropout = 0
		there := struct {
			*Config
			Loss   string // theirs of a case, not of a training
			Causal bool
		}{Config: &c}
		if err := json.Unmarshal(config, &there); err != nil {
			return nil, err
		}
		c.Scale = c.Norm == "kang"
		if !there.Causal {
			c.Masked = .5
		}
		return network{c}, nil
	})
}
