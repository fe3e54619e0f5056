package als

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"llm4rec/data"
	"llm4rec/models"
	"llm4rec/models/validate"
)

// Streams of random numbers, one for each purpose.
const (
	streamUsers = 1 + iota
	streamItems
)

// Fit trains on the interaction counts of the training part.
func (c Config) Fit(ctx context.Context, train *data.Train) (models.Recommender, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	m, err := c.fit(ctx, train)
	if err != nil {
		return nil, fmt.Errorf("als: %w", err)
	}
	return m, nil
}

func (c Config) fit(ctx context.Context, train *data.Train) (*Model, error) {
	t, err := c.begin(train.UserItem())
	if err != nil {
		return nil, err
	}
	defer t.close()
	if err := t.draw(); err != nil {
		return nil, err
	}
	return t.run(ctx, train)
}

// run iterates, from where a checkpoint left off if there is one.
func (t *training) run(ctx context.Context, train *data.Train) (*Model, error) {
	c := &t.config
	var s progress
	key := ""
	if c.Checkpoint.Path != "" {
		key = c.key(train)
	}
	saved, found, err := c.Checkpoint.Load(key, &s)
	if err == nil && found {
		err = t.restore(&s, saved)
	}
	if err != nil {
		return nil, err
	}
	for s.Done < c.Iterations && !s.Stopped {
		begin := time.Now()
		if err := t.iterate(ctx); err != nil {
			return nil, fmt.Errorf("iteration %d: %w%s", s.Done+1, err, advice(err))
		}
		s.Done++
		s.Spent += time.Since(begin)
		note, err := t.look(ctx, train, &s)
		if err != nil {
			return nil, fmt.Errorf("after iteration %d: %w", s.Done, err)
		}
		if c.Progress != nil {
			c.Progress(s.Done, c.Iterations, note)
		}
		if err := t.save(key, &s); err != nil {
			return nil, fmt.Errorf("after iteration %d: %w", s.Done, err)
		}
	}
	m := s.best
	if m == nil {
		if m, err = t.model(); err != nil {
			return nil, err
		}
	}
	m.curve = s.Curve
	return m, c.Checkpoint.Remove()
}

// progress is how far a training is. A checkpoint holds it with the factors, and with the best ones if there are.
type progress struct {
	Done    int           // iterations
	Spent   time.Duration // on them
	Stopped bool
	Loss    float64 // the last that was computed
	LossAt  int     // after so many iterations; 0: none
	Best    float64 // by validation, of all iterations
	BestAt  int
	Curve   []models.Point

	best *Model
}

// look computes what is asked for after an iteration, and says it.
func (t *training) look(ctx context.Context, train *data.Train, s *progress) (string, error) {
	c := &t.config
	var notes []string
	if c.LossEvery > 0 && (s.Done%c.LossEvery == 0 || s.Done == c.Iterations) {
		loss, err := t.loss()
		if err != nil {
			return "", err
		}
		s.Loss, s.LossAt = loss, s.Done
	}
	if s.LossAt > 0 { // also where it is of an earlier iteration: a display may show one note of many
		notes = append(notes, fmt.Sprintf("loss %.6g after %d", s.Loss, s.LossAt))
	}
	if c.Patience > 0 {
		m, err := t.model()
		if err != nil {
			return "", err
		}
		value, err := validate.NDCG(ctx, m, train)
		if err != nil {
			return "", err
		}
		if s.best == nil || value > s.Best {
			s.Best, s.BestAt, s.best = value, s.Done, m
		}
		s.Stopped = s.Done-s.BestAt >= c.Patience
		s.Curve = append(s.Curve, models.Point{Epoch: s.Done, Loss: s.Loss, NDCG: value, Seconds: s.Spent.Seconds()})
		notes = append(notes, fmt.Sprintf("validation %s %.4f (best %.4f after %d)", validate.Metric, value, s.Best, s.BestAt))
	}
	return strings.Join(notes, ", "), nil
}

// model is that of the factors as they are.
func (t *training) model() (*Model, error) {
	x, y, err := t.download()
	if err != nil {
		return nil, err
	}
	return newModel(t.config, x, y)
}

// save writes a checkpoint if it is time.
func (t *training) save(key string, s *progress) error {
	if !t.config.Checkpoint.Due() {
		return nil
	}
	x, y, err := t.download()
	if err != nil {
		return err
	}
	arrays := [][]float32{x.v, y.v}
	if s.best != nil {
		arrays = append(arrays, s.best.x.v, s.best.y.v)
	}
	return t.config.Checkpoint.Save(key, s, arrays...)
}

// restore takes up what save wrote.
func (t *training) restore(s *progress, saved [][]float32) (err error) {
	if len(saved) == 4 {
		x, y := factors{t.x.Rows, t.x.Cols, saved[2]}, factors{t.y.Rows, t.y.Cols, saved[3]}
		if s.best, err = newModel(t.config, x, y); err != nil {
			return err
		}
	}
	return cmp.Or(t.device.Upload(t.x, saved[0]), t.device.Upload(t.y, saved[1]))
}

// key names a training: its data and all that determines its result.
func (c Config) key(train *data.Train) string {
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // a struct of numbers and strings
	}
	return fmt.Sprintf("als %d %s seed %d, %s, %d users, %d items, data %s",
		Revision, text, c.Seed, c.device().Kind(), train.NumUsers, train.NumItems, train.Checksum())
}
