// Package validate measures a model on the validation cases while it is trained.
package validate

import (
	"context"
	"fmt"

	"llm4rec/data"
	"llm4rec/eval"
	"llm4rec/models"
)

// Metric is what trainings are stopped by: NDCG@10 over the whole catalogue without the items of the history.
const Metric = "ndcg@10"

const batch = 256

// NDCG is the mean of [Metric] over the validation cases. Having none is an error.
func NDCG(ctx context.Context, m models.Recommender, train *data.Train) (float64, error) {
	metric, err := eval.Parse(Metric)
	if err != nil {
		return 0, err
	}
	cases := train.Valid.Cases
	if len(cases) == 0 {
		return 0, fmt.Errorf("early stopping needs validation cases, and this split has none")
	}
	total := 0.0
	for lo := 0; lo < len(cases); lo += batch {
		part := cases[lo:min(lo+batch, len(cases))]
		queries := make([]models.Query, len(part))
		for n, c := range part {
			queries[n] = models.Query{User: c.User, History: c.History, Times: c.Times, At: c.At, Exclude: c.History, K: 10}
		}
		lists, err := m.Recommend(ctx, queries)
		if err != nil {
			return 0, err
		}
		for n, l := range lists {
			ids := make([]int32, len(l))
			for k, x := range l {
				ids[k] = x.Item
			}
			total += metric.User(ids, train.Valid.Relevant[lo+n], nil)
		}
	}
	return total / float64(len(cases)), nil
}
