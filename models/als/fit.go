package als

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"strings"

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
	found, err := c.Checkpoint.Load(key, &s)
	if err == nil && found {
		err = t.restore(&s)
	}
	if err != nil {
		return nil, err
	}
	for s.Done < c.Iterations && !s.Stopped {
		if err := t.iterate(ctx); err != nil {
			return nil, fmt.Errorf("iteration %d: %w%s", s.Done+1, err, advice(err))
		}
		s.Done++
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
	return m, c.Checkpoint.Remove()
}

// progress is how far a training is, as a checkpoint holds it. Factors are little-endian.
type progress struct {
	Done         int // iterations
	Stopped      bool
	X, Y         []byte // after them
	Best         float64
	BestAt       int
	BestX, BestY []byte // where training may stop early

	best *Model // of BestX and BestY, which are set in a checkpoint alone
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
		notes = append(notes, fmt.Sprintf("loss %.6g", loss))
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
	out := *s
	out.X, out.Y = raw(x.v), raw(y.v)
	if s.best != nil {
		out.BestX, out.BestY = raw(s.best.x.v), raw(s.best.y.v)
	}
	return t.config.Checkpoint.Save(key, out)
}

// restore takes the factors from what a checkpoint held.
func (t *training) restore(s *progress) (err error) {
	if s.BestX != nil {
		x, y := factors{t.x.Rows, t.x.Cols, floats(s.BestX)}, factors{t.y.Rows, t.y.Cols, floats(s.BestY)}
		if s.best, err = newModel(t.config, x, y); err != nil {
			return err
		}
	}
	err = cmp.Or(t.device.Upload(t.x, floats(s.X)), t.device.Upload(t.y, floats(s.Y)))
	s.X, s.Y, s.BestX, s.BestY = nil, nil, nil, nil
	return err
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

func raw(x []float32) []byte {
	out := make([]byte, 4*len(x))
	for n, v := range x {
		binary.LittleEndian.PutUint32(out[4*n:], math.Float32bits(v))
	}
	return out
}

func floats(b []byte) []float32 {
	out := make([]float32, len(b)/4)
	for n := range out {
		out[n] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*n:]))
	}
	return out
}
