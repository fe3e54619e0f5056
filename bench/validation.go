package bench

import (
	"context"
	"fmt"
	"time"

	"llm4rec/data"
	"llm4rec/eval"
	"llm4rec/models"
	"llm4rec/models/checkpoint"
)

// Validation measures models on the validation cases of a split. It is made from what models may see, which holds no
// test case: nothing that rests on it can have looked at the test.
type Validation struct {
	train     *data.Train
	asked     questions
	metric    eval.Metric
	catalogue *eval.Catalogue
}

// Measured is how a model did on validation. Times are in seconds.
type Measured struct {
	Value           float64
	Fit, Validation float64
}

// NewValidation asks the validation cases as the protocol asks those of the test.
func (s *Suite) NewValidation(train *data.Train, p Protocol, metric eval.Metric) (*Validation, error) {
	given, err := s.candidates(p, train.Users, train.Items)
	if err != nil {
		return nil, err
	}
	asked, err := ask(train, train.Valid, p, given, metric.K, 0)
	if err != nil {
		return nil, err
	}
	if len(asked.queries) == 0 {
		return nil, fmt.Errorf("protocol %s leaves no user to ask on validation (skipped: %v)", p.Name, asked.skipped)
	}
	return &Validation{train, asked, metric, eval.NewCatalogue(train.Popularity(), trainUsers(train))}, nil
}

// Users is how many users are asked.
func (v *Validation) Users() int { return len(v.asked.queries) }

// Measure fits a model and asks it. The meter is that of the model's checkpoint. A panic of the model is an error.
func (v *Validation) Measure(ctx context.Context, f models.Fitter, meter *checkpoint.Meter, workers int, progress models.Progress) (m Measured, err error) {
	defer recovered(&err)
	model, err := f.Fit(ctx, v.train)
	m.Fit = meter.Total().Wall.Seconds()
	if err != nil {
		return m, fmt.Errorf("fit: %w", err)
	}
	start := time.Now()
	r := Runner{Workers: workers}
	lists, err := recommendAll(ctx, model, v.asked.queries, r.batch(), r.workers(), progress)
	m.Validation = time.Since(start).Seconds()
	if err != nil {
		return m, err
	}
	ids := make([][]int32, len(lists))
	for n, l := range lists {
		ids[n] = make([]int32, len(l))
		for k, x := range l {
			ids[n][k] = x.Item
		}
	}
	m.Value = score([]eval.Metric{v.metric}, ids, v.asked.relevant, v.catalogue)[v.metric.Name]
	return m, nil
}
