// Package ease is the linear item-item model with a closed form (Steck 2019, "Embarrassingly Shallow Autoencoders for
// Sparse Data", equations 5 to 8).
//
// With X the binary users × items matrix and P = (XᵀX + λI)⁻¹, the weights are B_ij = −P_ij / P_jj off the diagonal and 0
// on it. The score of item j is Σ_i x_i B_ij, x the history, weighted by [models.Recency] at query time.
package ease

import (
	"context"
	"fmt"
	"sync"

	"gonum.org/v1/gonum/mat"

	"llm4rec/data"
	"llm4rec/models"
	"llm4rec/models/topk"
)

// Revision of the implementation: it is raised when a change alters the ranking.
const Revision = 1

// Config of the model.
type Config struct {
	Lambda         float64 `json:"lambda" yaml:"lambda" jsonschema:"L2 regularisation, above 0"`
	models.Recency `yaml:",inline"`
}

// Default is λ = 100 over the whole history.
func Default() Config { return Config{Lambda: 100, Recency: models.Recency{Decay: 1}} }

// Fit solves for the weights: n³ operations and 20 n² bytes for n items, 4 n² of which stay.
func (c Config) Fit(ctx context.Context, train *data.Train) (models.Recommender, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("ease: %w", err)
	}
	n := train.NumItems
	gram := mat.NewSymDense(n, nil)
	err := train.UserItem().Gram(ctx, func(i int32, counts []int32) {
		for j := int(i); j < n; j++ {
			gram.SetSym(int(i), j, float64(counts[j]))
		}
		gram.SetSym(int(i), int(i), float64(counts[i])+c.Lambda)
	})
	if err != nil {
		return nil, fmt.Errorf("ease: %w", err)
	}
	var factor mat.Cholesky
	if !factor.Factorize(gram) {
		return nil, fmt.Errorf("ease: XᵀX + %v·I over %d items is not positive definite in float64", c.Lambda, n)
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("ease: %w", err)
	}
	inverse := gram // it is not needed any more
	if err := factor.InverseTo(inverse); err != nil {
		return nil, fmt.Errorf("ease: inverse over %d items: %w", n, err)
	}
	b := make([]float32, n*n)
	for i := range n {
		for j := range n {
			if i != j {
				b[i*n+j] = float32(-inverse.At(i, j) / inverse.At(j, j))
			}
		}
	}
	scratch := sync.Pool{New: func() any { s := make([]float64, n); return &s }}
	return &topk.Rows{Items: n, Score: func(q models.Query, dst []float32) {
		sum := scratch.Get().(*[]float64)
		defer scratch.Put(sum)
		clear(*sum)
		c.Weigh(q.History, n, func(i int32, w float64) {
			for j, v := range b[int(i)*n : int(i+1)*n] {
				(*sum)[j] += w * float64(v)
			}
		})
		for j, s := range *sum {
			dst[j] = float32(s)
		}
	}}, nil
}

var _ models.Fitter = Config{}

// Validate checks the parameters.
func (c Config) Validate() error {
	if !(c.Lambda > 0) {
		return fmt.Errorf("lambda %v is not above 0", c.Lambda)
	}
	return c.Recency.Validate()
}

// Flops of a fit: the Gram matrix, its factorisation and its inverse.
func (c Config) Flops(users, items, interactions int) float64 {
	n := float64(items)
	return n*n*n + float64(interactions)*float64(interactions)/float64(users)
}
