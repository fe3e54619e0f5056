package retrieve

import (
	"context"
	"slices"

	"llm4rec/gpu"
	"llm4rec/models"
	"llm4rec/models/dense"
	"llm4rec/models/index"
	"llm4rec/models/topk"
)

// ranker ranks items for rows of vectors, one a query.
type ranker interface {
	TopK(ctx context.Context, vectors []float32, queries []models.Query) ([][]models.Scored, error)
}

// sparse is the share of elements that are not zero below which they alone are multiplied.
const sparse = .1

// ranker makes what ranks these vectors.
func (c Config) ranker(ctx context.Context, x vectors) (ranker, error) {
	filled := 0
	for _, v := range x.v {
		if v != 0 {
			filled++
		}
	}
	if c.Index != index.Exact || c.Similarity == dense.L2 && !dense.Unit(x.v, x.dim) || float64(filled) >= sparse*float64(len(x.v)) {
		return index.NewCatalogue(ctx, c.Index, c.Similarity, x.v, x.dim)
	}
	if c.Similarity == dense.Cosine {
		x.v = slices.Clone(x.v)
		x.normalize()
	}
	r := &rows{dim: x.dim, indptr: []int{0}}
	for n := range x.len() {
		for d, v := range x.row(n) {
			if v != 0 {
				r.columns, r.values = append(r.columns, int32(d)), append(r.values, v)
			}
		}
		r.indptr = append(r.indptr, len(r.columns))
	}
	return r, nil
}

// rows are vectors of words, of which most elements are zero.
type rows struct {
	dim     int
	indptr  []int
	columns []int32
	values  []float32
}

// TopK ranks by sums in float64, in ascending order of the elements.
func (r *rows) TopK(ctx context.Context, vectors []float32, queries []models.Query) ([][]models.Scored, error) {
	out := make([][]models.Scored, len(queries))
	items := len(r.indptr) - 1
	err := gpu.Blocks(ctx, len(queries), 1, func() func(lo, hi int) error {
		scores, selector := make([]float32, items), topk.NewSelector(items)
		return func(n, _ int) error {
			q := vectors[n*r.dim : (n+1)*r.dim]
			for i := range scores {
				scores[i] = r.score(q, i)
			}
			out[n] = selector.Select(scores, queries[n])
			return nil
		}
	})
	return out, err
}

func (r *rows) score(q []float32, item int) float32 {
	sum := 0.0
	for k := r.indptr[item]; k < r.indptr[item+1]; k++ {
		sum += float64(q[r.columns[k]]) * float64(r.values[k])
	}
	return float32(sum)
}
