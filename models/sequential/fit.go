package sequential

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"llm4rec/data"
	"llm4rec/gpu"
	"llm4rec/gpu/graph"
	"llm4rec/models"
	"llm4rec/models/validate"
)

// progress is how far a training is. A checkpoint holds it with the weights' state, and with the best values if there are.
type progress struct {
	Epochs, Steps int
	Best          float64
	BestAt, Worse int // epoch of the best; validations since
	Seconds       float64
	Curve         []models.Point

	best [][]float32
}

// training is one that is going on.
type training struct {
	*Spec
	train   *data.Train
	windows []window
	weights *graph.Weights
	program *graph.Program
	sampler *sampler
	logQ    gpu.Matrix
	batch   packed

	epoch            int
	order            []int // of the windows, in this epoch
	negatives, masks *rand.Rand
	taken            []window
}

// Fit trains. Errors do not name the model.
func (s *Spec) Fit(ctx context.Context, train *data.Train) (*Model, error) {
	t, err := s.begin(ctx, train)
	if err != nil {
		return nil, err
	}
	defer t.close()
	return t.run(ctx)
}

// Recommender is Fit, with errors that name the model.
func (s *Spec) Recommender(ctx context.Context, train *data.Train) (models.Recommender, error) {
	m, err := s.Fit(ctx, train)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Name, err)
	}
	return m, nil
}

// begin takes memory for a training, and compiles its program.
func (s *Spec) begin(ctx context.Context, train *data.Train) (_ *training, err error) {
	t := &training{Spec: s, train: train, windows: s.cut(histories(train)), sampler: newSampler(train.Popularity(), s.NegativeFrom)}
	if len(t.windows) == 0 {
		return nil, errors.New("no user has two training items to learn from")
	}
	defer func() {
		if err != nil {
			t.close()
		}
	}()
	if t.weights, err = s.weights(ctx, s.device(), train); err != nil {
		return nil, err
	}
	b := graph.New(true)
	if t.program, err = b.Compile(s.loss(b, train.NumItems), t.weights); err != nil {
		return nil, err
	}
	return t, t.setLogQ()
}

func (t *training) close() {
	if t.program != nil {
		_ = t.program.Free() // what fails here failed before, and was said
	}
	if t.weights != nil {
		t.weights.Free()
	}
	t.device().Free(t.logQ)
}

func (t *training) setLogQ() (err error) {
	if t.Loss != Sampled || !t.LogQ {
		return nil
	}
	rows := t.rows(t.train.NumItems)
	if t.logQ, err = t.device().Alloc(rows, 1); err != nil {
		return err
	}
	t.program.SetConstants("log q", t.logQ)
	return t.device().Upload(t.logQ, append(t.sampler.logarithms(), make([]float32, rows-t.train.NumItems)...))
}

// run trains epoch by epoch, from where a checkpoint left off if there is one.
func (t *training) run(ctx context.Context) (*Model, error) {
	var p progress
	key := ""
	if t.Checkpoint.Path != "" {
		key = fmt.Sprintf("%s seed %d, %s, %d users, %d items, data %s", t.Key, t.Seed, t.device().Kind(), t.train.NumUsers, t.train.NumItems, t.train.Checksum())
	}
	state, found, err := t.Checkpoint.Load(key, &p)
	if err == nil && found {
		all := 3 * len(t.weights.All())
		if len(state) > all {
			p.best = state[all:]
		}
		err = t.weights.Restore(state[:all], p.Steps)
	}
	if err != nil {
		return nil, err
	}
	for p.Epochs < t.Epochs && (t.Patience == 0 || p.Worse < t.Patience) {
		begin := time.Now()
		loss, err := t.pass(ctx, p.Epochs)
		if err != nil {
			return nil, fmt.Errorf("epoch %d: %w", p.Epochs+1, err)
		}
		p.Epochs++
		p.Steps = t.weights.Steps()
		p.Seconds += time.Since(begin).Seconds()
		note, err := t.look(ctx, &p, loss)
		if err != nil {
			return nil, fmt.Errorf("after epoch %d: %w", p.Epochs, err)
		}
		if t.Progress != nil {
			t.Progress(p.Epochs, t.Epochs, note)
		}
		if err := t.save(key, &p); err != nil {
			return nil, fmt.Errorf("after epoch %d: %w", p.Epochs, err)
		}
	}
	values := p.best
	if values == nil {
		if values, err = t.weights.Values(); err != nil {
			return nil, err
		}
	}
	m, err := t.newModel(t.train.NumUsers, t.train.NumItems, values)
	if err != nil {
		return nil, err
	}
	m.curve = p.Curve
	return m, t.Checkpoint.Remove()
}

// pass takes the windows once, and returns the mean loss of their targets.
func (t *training) pass(ctx context.Context, epoch int) (float64, error) {
	t.shuffle(epoch)
	total, counted := 0.0, 0
	for n := range t.steps() {
		loss, err := t.take(ctx, n)
		if err != nil {
			return 0, fmt.Errorf("step %d: %w", n+1, err)
		}
		total += loss * float64(t.batch.counted)
		counted += t.batch.counted
	}
	return total / float64(max(1, counted)), nil
}

// steps is their number in an epoch.
func (t *training) steps() int { return (len(t.windows) + t.Batch - 1) / t.Batch }

// shuffle begins an epoch, whose order and draws depend on nothing but its number.
func (t *training) shuffle(epoch int) {
	t.epoch, t.order = epoch, t.random(streamShuffle, epoch).Perm(len(t.windows))
	t.negatives, t.masks = t.random(streamNegatives, epoch), t.random(streamMask, epoch)
}

// take makes batch n of the epoch and trains on it.
func (t *training) take(ctx context.Context, n int) (float64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	t.taken = t.taken[:0]
	for _, w := range t.order[n*t.Batch : min(len(t.order), (n+1)*t.Batch)] {
		next := t.windows[w]
		if t.Masked > 0 {
			next = mask(next, t.Masked, int32(t.train.NumItems), t.masks)
		}
		t.taken = append(t.taken, next)
	}
	t.batch.pack(t.taken, t.FromStart)
	if t.Loss != Softmax {
		t.batch.sample(t.sampler, t.Negatives, t.negatives)
	}
	return t.step(t.epoch*t.steps()+n, t.Epochs*t.steps())
}

// step trains on the batch and returns its loss before that.
func (t *training) step(number, of int) (float64, error) {
	for _, x := range []struct {
		name   string
		values []int32
	}{{Items, t.batch.items}, {Positions, t.batch.positions}, {Starts, t.batch.starts}, {"targets", t.batch.targets}, {"ids", t.batch.ids}} {
		if err := t.program.SetInts(x.name, x.values); err != nil {
			return 0, err
		}
	}
	if err := t.program.Run(t.Seed, number); err != nil {
		return 0, err
	}
	loss, err := t.program.Loss()
	if err != nil {
		return 0, err
	}
	if loss != loss {
		return 0, graph.ErrNotFinite
	}
	return loss, t.program.Update(graph.Adam{
		Rate: t.rate(number, of), Beta1: t.Beta1, Beta2: t.Beta2, Epsilon: 1e-8, Decay: t.WeightDecay, Clip: t.Clip,
	})
}

// model is what is trained by now, and its weights' values.
func (t *training) model() (*Model, [][]float32, error) {
	values, err := t.weights.Values()
	if err != nil {
		return nil, nil, err
	}
	m, err := t.newModel(t.train.NumUsers, t.train.NumItems, values)
	return m, values, err
}

// look validates after an epoch if it is time, and says how the training is going.
func (t *training) look(ctx context.Context, p *progress, loss float64) (string, error) {
	note := fmt.Sprintf("loss %.4f", loss)
	if t.Patience == 0 || p.Epochs%t.ValidateEvery != 0 && p.Epochs != t.Epochs {
		return note, nil
	}
	m, values, err := t.model()
	if err != nil {
		return "", err
	}
	value, err := validate.NDCG(ctx, m, t.train)
	if err != nil {
		return "", err
	}
	p.Worse++
	if p.best == nil || value > p.Best {
		p.Best, p.BestAt, p.Worse, p.best = value, p.Epochs, 0, values
	}
	p.Curve = append(p.Curve, models.Point{Epoch: p.Epochs, Loss: loss, NDCG: value, Seconds: p.Seconds})
	return fmt.Sprintf("%s, validation %s %.4f (best %.4f after %d)", note, validate.Metric, value, p.Best, p.BestAt), nil
}

// save writes a checkpoint if it is time.
func (t *training) save(key string, p *progress) error {
	if !t.Checkpoint.Due() {
		return nil
	}
	state, err := t.weights.State()
	if err != nil {
		return err
	}
	return t.Checkpoint.Save(key, p, append(state, p.best...)...)
}
