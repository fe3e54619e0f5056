// Package random ranks items in a random order for each user: the floor of every table.
package random

import (
	"context"

	"llm4rec/data"
	"llm4rec/models"
	"llm4rec/models/topk"
)

// Revision of the implementation: it is raised when a change alters the ranking.
const Revision = 1

// Config of the random baseline.
type Config struct {
	Seed uint64 `json:"-" yaml:"-"`
}

// Fit has nothing to learn.
func (c Config) Fit(ctx context.Context, train *data.Train) (models.Recommender, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return &topk.Rows{Items: train.NumItems, Score: func(q models.Query, dst []float32) {
		user := mix(mix(c.Seed) ^ uint64(uint32(q.User)))
		for i := range dst {
			// 24 bits fill a float32 exactly.
			dst[i] = float32(mix(user^uint64(i))>>40) / (1 << 24)
		}
	}}, nil
}

// mix is the finaliser of SplitMix64 (Steele, Lea & Flood 2014) after its increment: a score is a function of (seed,
// user, item), so that it depends on no order of evaluation.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

var _ models.Fitter = Config{}
