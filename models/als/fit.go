package als

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"

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
	c := t.config
	state, key := progress{}, ""
	if c.Checkpoint.Path != "" {
		key = c.key(train)
	}
	found, err := c.Checkpoint.Load(key, &state)
	if err == nil && found {
		err = t.restore(state)
	}
	for ; err == nil && state.Done < c.Iterations && !state.Stopped; err = t.save(key, &state) {
		if err = t.iterate(ctx); err != nil {
			return nil, fmt.Errorf("als: iteration %d: %w%s", state.Done+1, err, advice(err))
		}
		state.Done++
		note, err := t.look(ctx, train, &state)
		if err != nil {
			return nil, fmt.Errorf("als: after iteration %d: %w", state.Done, err)
		}
		if c.Progress != nil {
			c.Progress(state.Done, c.Iterations, note)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("als: %w", err)
	}
	x, y, err := t.download()
	if err != nil {
		return nil, fmt.Errorf("als: %w", err)
	}
	if state.BestX != nil {
		x.v, y.v = floats(state.BestX), floats(state.BestY)
	}
	m, err := newModel(c, x, y)
	return m, errors.Join(err, c.Checkpoint.Remove())
}

// progress is how far a training is. Factors are little-endian.
type progress struct {
	Done         int // iterations
	Stopped      bool
	X, Y         []byte // after them
	Best         float64
	BestAt       int
	BestX, BestY []byte // where training stops early
}

// look computes what is asked for after an iteration, and says it.
func (t *training) look(ctx context.Context, train *data.Train, s *progress) (note string, err error) {
	c := t.config
	if c.LossEvery > 0 && (s.Done%c.LossEvery == 0 || s.Done == c.Iterations) {
		loss, err := t.loss()
		if err != nil {
			return "", err
		}
		note = fmt.Sprintf("loss %.6g", loss)
	}
	if c.Patience == 0 {
		return note, nil
	}
	x, y, err := t.download()
	if err != nil {
		return "", err
	}
	m, err := newModel(c, x, y)
	if err != nil {
		return "", err
	}
	value, err := validate.NDCG(ctx, m, train)
	if err != nil {
		return "", err
	}
	if s.BestX == nil || value > s.Best {
		s.Best, s.BestAt, s.BestX, s.BestY = value, s.Done, raw(x.v), raw(y.v)
	}
	s.Stopped = s.Done-s.BestAt >= c.Patience
	return fmt.Sprintf("%s validation %s %.4f (best %.4f after %d)", note, validate.Metric, value, s.Best, s.BestAt), nil
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
	s.X, s.Y = raw(x.v), raw(y.v)
	err = t.config.Checkpoint.Save(key, s)
	s.X, s.Y = nil, nil
	return err
}

func (t *training) restore(s progress) error {
	return errors.Join(t.device.Upload(t.x, floats(s.X)), t.device.Upload(t.y, floats(s.Y)))
}

// key names a training: its data and all that determines its result.
func (c Config) key(train *data.Train) string {
	h := sha256.New()
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // a struct of numbers and strings
	}
	fmt.Fprintf(h, "als %d %s %d %s\n", Revision, text, c.Seed, c.device().Kind())
	r := train.UserItem()
	for _, part := range []any{r.Indptr, r.Indices, r.Values, int64(len(train.Valid.Cases))} {
		if err := binary.Write(h, binary.LittleEndian, part); err != nil {
			panic(err) // a hash takes everything
		}
	}
	return hex.EncodeToString(h.Sum(nil))
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
