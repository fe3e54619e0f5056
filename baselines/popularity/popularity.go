// Package popularity ranks items by how many training interactions they have, over all time or in a recent window.
package popularity

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sort"

	"llm4rec/data"
	"llm4rec/models"
	"llm4rec/models/topk"
)

// Revision of the implementation: it is raised when a change alters the ranking.
const Revision = 1

// Config of all-time popularity: it has no parameters.
type Config struct{}

// Fit counts.
func (Config) Fit(ctx context.Context, train *data.Train) (models.Recommender, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	score := make([]float32, train.NumItems)
	for i, n := range train.Popularity() {
		score[i] = float32(n)
	}
	return &topk.Rows{Items: train.NumItems, Score: func(_ models.Query, dst []float32) { copy(dst, score) }}, nil
}

// Recent ranks by the training interactions in the time window that ends when the question is asked, so that a query
// never sees what happened after it. Items without any in the window follow by ascending index.
type Recent struct {
	WindowDays float64 `json:"window_days" yaml:"window_days" jsonschema:"length of the window in days of 86,400 seconds of the data's time stamps"`
}

// DefaultRecent looks back thirty days.
func DefaultRecent() Recent { return Recent{WindowDays: 30} }

// Validate checks the parameters.
func (c Recent) Validate() error {
	if !(c.WindowDays > 0) {
		return fmt.Errorf("window_days %v is not above 0", c.WindowDays)
	}
	return nil
}

// Fit sorts the interactions by time.
func (c Recent) Fit(ctx context.Context, train *data.Train) (models.Recommender, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	order := make([]int32, train.Inter.Len())
	for p := range order {
		order[p] = int32(p)
	}
	slices.SortStableFunc(order, func(a, b int32) int {
		return cmp.Compare(train.Inter.Time[a], train.Inter.Time[b])
	})
	times := make([]int64, len(order))
	items := make([]int32, len(order))
	for n, p := range order {
		times[n], items[n] = train.Inter.Time[p], train.Inter.Item[p]
	}
	window := int64(c.WindowDays * 86400)
	return &topk.Rows{Items: train.NumItems, Score: func(q models.Query, dst []float32) {
		from := sort.Search(len(times), func(n int) bool { return times[n] >= q.At-window })
		for n := from; n < len(times) && times[n] < q.At; n++ {
			dst[items[n]]++
		}
	}}, nil
}

var (
	_ models.Fitter = Config{}
	_ models.Fitter = Recent{}
)
