// Package itemknn ranks items by their similarity to the items of a user's history.
//
// The score of item i is Σ_h w_h · sim(h, i) over the history's items h, with the weights of [models.Recency]
// (Sarwar et al. 2001; Deshpande & Karypis 2004). With co(h, i) the number of users who have both, and n the number who
// have one of them, in training and counted once a user:
//
//	cosine       co / √(n_h · n_i)
//	jaccard      co / (n_h + n_i − co)
//	dice         2 co / (n_h + n_i)
//	conditional  co / n_h
//
// A shrinkage s is added to the denominator (Koren & Bell 2011, for small supports). An item is not similar to itself.
package itemknn

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"sync"

	"llm4rec/data"
	"llm4rec/models"
	"llm4rec/models/topk"
)

// Revision of the implementation: it is raised when a change alters the ranking.
const Revision = 1

// Config of the model.
type Config struct {
	Similarity     string  `json:"similarity" yaml:"similarity" jsonschema:"cosine, jaccard, dice or conditional"`
	Neighbours     int     `json:"neighbours" yaml:"neighbours" jsonschema:"how many most similar items each item keeps; 0: all"`
	Shrink         float64 `json:"shrink" yaml:"shrink" jsonschema:"added to the similarity's denominator"`
	models.Recency `yaml:",inline"`
}

// Default is cosine over the whole history, without a cut.
func Default() Config {
	return Config{Similarity: "cosine", Recency: models.Recency{Decay: 1}}
}

// similarity of two items with h and i users, co of them common.
func (c Config) similarity() (func(co, h, i float64) float64, error) {
	switch c.Similarity {
	case "cosine":
		return func(co, h, i float64) float64 { return co / (math.Sqrt(h*i) + c.Shrink) }, nil
	case "jaccard":
		return func(co, h, i float64) float64 { return co / (h + i - co + c.Shrink) }, nil
	case "dice":
		return func(co, h, i float64) float64 { return 2 * co / (h + i + c.Shrink) }, nil
	case "conditional":
		return func(co, h, i float64) float64 { return co / (h + c.Shrink) }, nil
	}
	return nil, fmt.Errorf("similarity %q is not one of cosine, jaccard, dice, conditional", c.Similarity)
}

// neighbour is an item with its similarity to the item whose row it stands in.
type neighbour struct {
	item int32
	sim  float64
}

// Fit computes every item's similar items.
func (c Config) Fit(ctx context.Context, train *data.Train) (models.Recommender, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("itemknn: %w", err)
	}
	sim, _ := c.similarity()
	n := make([]float64, train.NumItems)
	x := train.UserItem()
	for _, i := range x.Indices {
		n[i]++
	}
	rows := make([][]neighbour, train.NumItems)
	err := x.Gram(ctx, func(h int32, co []int32) {
		var row []neighbour
		for i, together := range co {
			if together > 0 && int32(i) != h {
				row = append(row, neighbour{int32(i), sim(float64(together), n[h], n[i])})
			}
		}
		if c.Neighbours > 0 && len(row) > c.Neighbours {
			slices.SortFunc(row, func(a, b neighbour) int { return cmp.Or(cmp.Compare(b.sim, a.sim), cmp.Compare(a.item, b.item)) })
			row = slices.Clone(row[:c.Neighbours])
		}
		rows[h] = row
	})
	if err != nil {
		return nil, fmt.Errorf("itemknn: %w", err)
	}
	scratch := sync.Pool{New: func() any { s := make([]float64, train.NumItems); return &s }}
	return &topk.Rows{Items: train.NumItems, Score: func(q models.Query, dst []float32) {
		sum := scratch.Get().(*[]float64)
		defer scratch.Put(sum)
		clear(*sum)
		c.Weigh(q.History, len(rows), func(h int32, w float64) {
			for _, x := range rows[h] {
				(*sum)[x.item] += w * x.sim
			}
		})
		for i, s := range *sum {
			dst[i] = float32(s)
		}
	}}, nil
}

// Validate checks the parameters.
func (c Config) Validate() error {
	if c.Neighbours < 0 || !(c.Shrink >= 0) {
		return fmt.Errorf("neighbours %d and shrink %v must not be negative", c.Neighbours, c.Shrink)
	}
	if _, err := c.similarity(); err != nil {
		return err
	}
	return c.Recency.Validate()
}

// Flops of a fit: every user's pairs of items.
func (c Config) Flops(users, items, interactions int) float64 {
	return 2 * float64(interactions) * float64(interactions) / float64(users)
}

var _ models.Fitter = Config{}
