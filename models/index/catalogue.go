package index

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"

	"llm4rec/models"
	"llm4rec/models/dense"
)

// Catalogue is what a model of vectors answers with: the index that its configuration names, under its similarity.
type Catalogue struct {
	name       string
	similarity dense.Similarity
	dim        int
	items      *dense.Items // of the exact index on the CPU, which needs no other
	index      Index
	short      atomic.Int64
}

// NewCatalogue builds the index of a name as [Parse] takes it. It may keep the vectors, which must not change.
func NewCatalogue(ctx context.Context, name string, s dense.Similarity, vectors []float32, dim int) (*Catalogue, error) {
	c := &Catalogue{name: name, similarity: s, dim: dim}
	var err error
	if name == Exact {
		c.items, err = s.Items(vectors, dim)
		return c, err
	}
	metric := InnerProduct
	if s == dense.L2 {
		metric = L2
	}
	config, err := Parse(name, metric)
	if err != nil {
		return nil, err
	}
	// What cosines compare is the directions alone.
	if c.index, err = config.Build(ctx, s.Queries(vectors, dim), dim); err != nil {
		return nil, err
	}
	// A model has no end that the harness knows of.
	runtime.AddCleanup(c, func(x Index) { _ = x.Close() }, c.index)
	return c, nil
}

// TopK answers queries, whose vectors are the rows of a matrix.
func (c *Catalogue) TopK(ctx context.Context, vectors []float32, queries []models.Query) ([][]models.Scored, error) {
	vectors = c.similarity.Queries(vectors, c.dim)
	if c.items != nil {
		return c.items.TopK(ctx, vectors, queries)
	}
	answers, short, err := Answer(ctx, c.index, vectors, queries)
	c.short.Add(int64(short))
	runtime.KeepAlive(c)
	return answers, err
}

// warner is an Index that does not always do what its name says.
type warner interface{ warnings() []string }

// Warnings says how many answers an approximate index left short, and what else there is to say of it.
func (c *Catalogue) Warnings() []string {
	var out []string
	if n := c.short.Load(); n > 0 {
		out = append(out, fmt.Sprintf("index %s: %d answers had fewer items than there are", c.name, n))
	}
	if x, ok := c.index.(warner); ok {
		out = append(out, x.warnings()...)
	}
	return out
}

// CheckName says what is wrong with the name of an index, as [NewCatalogue] takes it.
func CheckName(name string) error {
	c, err := Parse(name, InnerProduct)
	if err != nil {
		return err
	}
	return c.Validate()
}
