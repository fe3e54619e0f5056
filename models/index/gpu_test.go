package index_test

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"llm4rec/gpu"
	"llm4rec/models"
	"llm4rec/models/dense"
	"llm4rec/models/index"
)

// An index that is to be on GPUs which are not there is nowhere else, and the error says what to do. FAISS is not asked: it
// would end the process.
func TestWithoutGPUs(t *testing.T) {
	vectors := normal(rand.New(rand.NewPCG(1, 2)), 100*8)
	c, err := index.Parse("faiss-gpu:Flat;devices=64", index.L2)
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]func() (any, error){
		"build":     func() (any, error) { return c.Build(t.Context(), vectors, 8) },
		"build all": func() (any, error) { return c.Build(t.Context(), nil, 8) },
		"load":      func() (any, error) { return c.Load("nothing") },
		"catalogue": func() (any, error) { return index.NewCatalogue(t.Context(), c.String(), dense.L2, vectors, 8) },
	} {
		_, err := f()
		var missing *models.Unavailable
		if !errors.As(err, &missing) || !errors.Is(err, gpu.ErrNoDevice) || missing.Remedy == "" || !strings.HasPrefix(err.Error(), "index: faiss-gpu:Flat: no such device: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
