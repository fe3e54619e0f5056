// Package validate measures a model on the validation cases while it is trained.
package validate

import (
	"context"
	"errors"

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
	if len(train.Valid.Cases) == 0 {
		return 0, errors.New("early stopping needs validation cases, and this split has none")
	}
	return Mean(ctx, m, train.Valid, metric, true)
}

// Mean is the mean of a metric over cases, of which there is at least one, without the items of the history or with them.
func Mean(ctx context.Context, m models.Recommender, p data.Part, metric eval.Metric, exclude bool) (float64, error) {
	total := 0.0
	for lo := 0; lo < len(p.Cases); lo += batch {
		part := p.Cases[lo:min(lo+batch, len(p.Cases))]
		queries := make([]models.Query, len(part))
		for n, c := range part {
			queries[n] = models.Query{User: c.User, History: c.History, Times: c.Times, At: c.At, K: metric.K}
			if exclude {
				queries[n].Exclude = c.History
			}
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
			total += metric.User(ids, p.Relevant[lo+n], nil)
		}
	}
	return total / float64(len(p.Cases)), nil
}
