package index

import (
	"context"

	"llm4rec/models"
	"llm4rec/models/dense"
)

// exact ranks every vector: see package dense, which says what a score is to the last bit.
type exact struct {
	items *dense.Items
	dim   int
	bytes int64
}

func (c Config) buildExact(vectors []float32, dim int) (Index, error) {
	rank := dense.New
	if c.Metric == L2 {
		rank = dense.NewL2
	}
	items, err := rank(vectors, dim)
	if err != nil {
		return nil, err
	}
	x := &exact{items: items, dim: dim, bytes: 4 * int64(len(vectors))}
	if c.Device != nil && c.Device.Kind() != "cpu" {
		return x.on(c.Device, vectors)
	}
	return x, nil
}

func (x *exact) Len() int     { return x.items.Len() }
func (x *exact) Dim() int     { return x.dim }
func (x *exact) Bytes() int64 { return x.bytes }
func (x *exact) Close() error { return nil }

func (x *exact) Retrieve(ctx context.Context, queries []float32, k int) ([][]models.Scored, error) {
	checkK(k)
	if err := check("query", queries, x.dim); err != nil {
		return nil, err
	}
	qs := make([]models.Query, len(queries)/x.dim)
	for n := range qs {
		qs[n].K = k
	}
	return x.Answer(ctx, queries, qs)
}

// Answer ranks what each query may have, and nothing else.
func (x *exact) Answer(ctx context.Context, vectors []float32, queries []models.Query) ([][]models.Scored, error) {
	return x.items.TopK(ctx, vectors, queries)
}

var _ masker = (*exact)(nil)
