//go:build cgo && faiss

package index

import (
	"slices"
	"strings"
	"testing"

	"llm4rec/models"
	"llm4rec/models/dense"
)

// copied answers as an index does, and keeps what it was asked.
type copied struct {
	searcher
	asked  [][2]int // queries, k
	closed int
}

func (c *copied) Search(queries []float32, k int64) ([]float32, []int64, error) {
	c.asked = append(c.asked, [2]int{len(queries), int(k)})
	return c.searcher.Search(queries, k)
}

func (c *copied) Close() { c.closed++ }

// GPUs are asked for what they can find, so many queries at a time, and the CPU for the rest, which is said.
func TestGPUsAreAsked(t *testing.T) {
	const n = 3000
	vectors := make([]float32, n)
	for i := range vectors {
		vectors[i] = float32(i)
	}
	catalogue, err := NewCatalogue(t.Context(), "faiss:Flat", dense.L2, vectors, 1)
	if err != nil {
		t.Fatal(err)
	}
	x := catalogue.index.(*faissIndex)
	gpus := &copied{searcher: x.native}
	x.gpus = gpus
	for _, c := range []struct {
		queries, k int
		asked      [][2]int
	}{
		{gpuTile + 1, 1, [][2]int{{gpuTile, 1}, {1, 1}}},
		{2, mostOnGPU, [][2]int{{2, mostOnGPU}}},
		{3, mostOnGPU + 1, nil},
	} {
		gpus.asked = nil
		found, err := x.Retrieve(t.Context(), make([]float32, c.queries), c.k)
		if err != nil || len(found) != c.queries || len(found[c.queries-1]) != c.k || found[c.queries-1][0].Item != 0 {
			t.Fatalf("%d queries for %d: %d answers, %v", c.queries, c.k, len(found), err)
		}
		if !slices.Equal(gpus.asked, c.asked) {
			t.Errorf("%d queries for %d: asked for %v, want %v", c.queries, c.k, gpus.asked, c.asked)
		}
	}
	if _, err := catalogue.TopK(t.Context(), make([]float32, 1), []models.Query{{K: 1, Candidates: []int32{5, 9}}}); err != nil {
		t.Error(err)
	}
	if w := catalogue.Warnings(); len(w) != 1 || !strings.Contains(w[0], "the CPU answered 4 queries for more than 2047 items") {
		t.Errorf("warnings: %q", w)
	}
	if err := x.Close(); err != nil || gpus.closed != 1 {
		t.Errorf("closed %d times, %v", gpus.closed, err)
	}
}
