package perf

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"llm4rec/bench"
	"llm4rec/data"
	"llm4rec/eval"
	"llm4rec/models"
	"llm4rec/models/sasrec"
	"llm4rec/models/validate"
	"llm4rec/results"
)

// Curves is a measurement of how long SASRec is trained until it is as good on validation as others. Each is trained once,
// one after the other, until it has not been better for as many epochs as the configuration's patience says.
type Curves struct {
	Config   sasrec.Config // its device is where it is trained
	Protocol bench.Protocol
	Torch    string // an interpreter with PyTorch, or ""
	RecBole  string // one with RecBole, or ""
	Batches  int    // above 0: of RecBole, only the time of so many batches
	Progress func(side string, epoch int, ndcg, seconds float64)
}

// Curve is one training.
type Curve struct {
	Name   string         `json:"name"`
	Points []models.Point `json:"points"`
	Cores  float64        `json:"cores"` // processor time a second
}

// Projection is what an epoch would take by some of its batches.
type Projection struct {
	Name    string  `json:"name"`
	Batches int     `json:"batches"` // of an epoch
	Timed   int     `json:"timed"`
	Seconds float64 `json:"seconds_per_epoch"`
}

// Best is the best value of a curve.
func (c Curve) Best() models.Point {
	best := models.Point{}
	for _, p := range c.Points {
		if p.NDCG > best.NDCG {
			best = p
		}
	}
	return best
}

// Reach is the first point of at least so much, if there is one.
func (c Curve) Reach(value float64) (models.Point, bool) {
	for _, p := range c.Points {
		if p.NDCG >= value {
			return p, true
		}
	}
	return models.Point{}, false
}

// Seconds is the training time of all epochs.
func (c Curve) Seconds() float64 {
	if len(c.Points) == 0 {
		return 0
	}
	return c.Points[len(c.Points)-1].Seconds
}

// Common is the best value that all curves have reached.
func Common(curves []Curve) float64 {
	least := math.Inf(1)
	for _, c := range curves {
		least = min(least, c.Best().NDCG)
	}
	return least
}

// recBoleEpochs and recBolePatience are RecBole's own defaults.
const recBoleEpochs, recBolePatience = 300, 10

// Measure trains all sides. The curves are ours first.
func (a Curves) Measure(ctx context.Context, d *data.Dataset) (_ []Curve, _ *Projection, err error) {
	split, err := d.Split(a.Protocol.SplitSpec)
	if err != nil {
		return nil, nil, err
	}
	q, err := a.questions(split.Train)
	if err != nil {
		return nil, nil, err
	}
	if a.RecBole != "" && q.exclude && a.Batches == 0 {
		return nil, nil, errors.New("perf: RecBole validates with everything seen among the candidates: want a protocol with seen: none, or only the time of some batches")
	}
	for _, python := range []string{a.Torch, a.RecBole} {
		if _, err := exec.LookPath(python); python != "" && err != nil {
			return nil, nil, fmt.Errorf("perf: peer: %w", err)
		}
	}
	ours, err := a.ours(ctx, split.Train, q)
	if err != nil {
		return nil, nil, err
	}
	curves := []Curve{ours}
	if a.Torch != "" {
		c, err := a.torch(ctx, split.Train, q)
		if err != nil {
			return nil, nil, err
		}
		curves = append(curves, c)
	}
	if a.RecBole == "" {
		return curves, nil, nil
	}
	c, projection, err := a.recBole(ctx, d)
	if projection == nil && err == nil {
		curves = append(curves, c)
	}
	return curves, projection, err
}

// SASRecOf is a system's configuration.
func SASRecOf(p *bench.Plan, name string) (bench.Cell, sasrec.Config, error) {
	var known []string
	for _, c := range p.Cells {
		config, ok := c.Bound.Config.(sasrec.Config)
		if ok && c.System.Name == name {
			return c, config, nil
		}
		if ok && !slices.Contains(known, c.System.Name) {
			known = append(known, c.System.Name)
		}
	}
	return bench.Cell{}, sasrec.Config{}, fmt.Errorf("perf: %s has no sasrec %q; it has: %s", p.Spec.Name, name, strings.Join(known, ", "))
}

// questions are the validation cases, and whether their histories are masked.
type questions struct {
	train   *data.Train
	exclude bool
}

func (a Curves) questions(train *data.Train) (*questions, error) {
	p := a.Protocol
	switch {
	case p.Method != "leave-one-out", p.Seen != "all" && p.Seen != "none", p.Candidates != "full":
		return nil, fmt.Errorf("perf: protocol %s: want leave-one-out, all or none of what was seen masked, and all candidates", p.Name)
	case len(train.Valid.Cases) == 0:
		return nil, fmt.Errorf("perf: protocol %s: no validation cases", p.Name)
	}
	return &questions{train, p.Seen == "all"}, nil
}

// write writes the histories and the answers.
func (q *questions) write(dir string) error {
	indptr, items := []int64{0}, []int32(nil)
	answers := make([]int32, len(q.train.Valid.Cases))
	for n, c := range q.train.Valid.Cases {
		items = append(items, c.History...)
		indptr = append(indptr, int64(len(items)))
		answers[n] = q.train.Valid.Relevant[n][0]
	}
	return errors.Join(
		writeArray(filepath.Join(dir, "valid.indptr"), indptr),
		writeArray(filepath.Join(dir, "valid.items"), items),
		writeArray(filepath.Join(dir, "valid.answers"), answers),
	)
}

func (a Curves) ours(ctx context.Context, train *data.Train, q *questions) (_ Curve, err error) {
	steps, err := a.Config.Spec().Steps(train)
	if err != nil {
		return Curve{}, err
	}
	defer steps.Close()
	metric, err := eval.Parse(validate.Metric)
	if err != nil {
		return Curve{}, err
	}
	return a.follow("llm4rec", a.Config.Epochs, a.Config.Patience, func() (wall, cpu, ndcg float64, err error) {
		begin, used := time.Now(), results.CPUTime()
		for range steps.PerEpoch() {
			if _, _, err := steps.Next(ctx); err != nil {
				return 0, 0, 0, err
			}
		}
		wall, cpu = time.Since(begin).Seconds(), (results.CPUTime() - used).Seconds()
		m, err := steps.Model()
		if err == nil {
			ndcg, err = validate.Mean(ctx, m, train.Valid, metric, q.exclude)
		}
		return wall, cpu, ndcg, err
	})
}

func (a Curves) torch(ctx context.Context, train *data.Train, q *questions) (_ Curve, err error) {
	p, err := startTorch(ctx, a.Torch, a.Config, train, q, true)
	if err != nil {
		return Curve{}, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	return a.follow(p.name, a.Config.Epochs, a.Config.Patience, func() (wall, cpu, ndcg float64, err error) {
		targets := 0
		err = p.question("epoch", &targets, &wall, &cpu, &ndcg)
		return wall, cpu, ndcg, errors.Join(err, ctx.Err())
	})
}

// follow takes epochs until there are so many, or so many without a better value.
func (a Curves) follow(name string, epochs, patience int, epoch func() (wall, cpu, ndcg float64, err error)) (Curve, error) {
	c, worse, total, used := Curve{Name: name}, 0, 0., 0.
	for n := 1; n <= epochs && (patience == 0 || worse < patience); n++ {
		wall, cpu, ndcg, err := epoch()
		if err != nil {
			return c, fmt.Errorf("%s: epoch %d: %w", name, n, err)
		}
		worse++
		if ndcg > c.Best().NDCG {
			worse = 0
		}
		total, used = total+wall, used+cpu
		c.Points, c.Cores = append(c.Points, models.Point{Epoch: n, NDCG: ndcg, Seconds: total}), used/total
		if a.Progress != nil {
			a.Progress(name, n, ndcg, total)
		}
	}
	return c, nil
}
