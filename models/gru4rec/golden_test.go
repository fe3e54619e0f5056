package gru4rec

import (
	"encoding/json"
	"testing"

	"llm4rec/models/sequential"
	"llm4rec/models/sequential/sequentialtest"
)

// testdata/pytorch.json is what torch.nn.GRU, in float64, makes of the same weights.
func TestPyTorch(t *testing.T) {
	sequentialtest.Golden(t, "testdata/pytorch.json", func(config json.RawMessage) (sequential.Network, error) {
		c := Default()
		c.Dropout = 0
		err := json.Unmarshal(config, &c)
		return network{c}, err
	})
}
