package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"llm4rec/data"
	"llm4rec/gpu"
	"llm4rec/models"
	"llm4rec/results"
	"llm4rec/results/energy"
)

// Runner takes experiments through their cells. Workers and Batch change the speed alone.
type Runner struct {
	Suite   *Suite
	Device  gpu.Device
	Out     string // the folder that holds one folder an experiment
	Only    []string
	Limit   int  // ask at most that many users; 0: all
	Workers int  // 0: one a core
	Batch   int  // queries a call; 0: 64
	Replay  bool // language models are not asked: a first stage that is fitted all the same is warned of
	Commit  string
	// Counters opens those of energy, when the first cell is about to begin: from then on they are read often enough. Nil: energy
	// is not measured.
	Counters func() []energy.Counter
	Idle     time.Duration // that the power of an idle machine is the mean of, where a counter can be read: see [IdleSpan]
	Progress Progress
	Log      *slog.Logger
}

// Progress is told how a run goes on. Its methods are called from one goroutine at a time.
type Progress interface {
	// Begin starts an experiment of that many cells, of which some were done before.
	Begin(experiment string, cells, done int)
	// Stage says what the current cell does, and how far it is: done of total, 0 of 0 where that is unknown. The note is
	// what there is to say about it, or empty.
	Stage(cell, stage string, done, total int, note string)
	// End closes a cell.
	End(cell string, rec results.Record)
}

// Summary counts what a run did.
type Summary struct {
	Dir                              string // the experiment's folder
	Ran, Before, Failed, Unavailable int
	Warnings                         []string
}

// Run runs what is not done yet of a plan. A cell that fails is recorded, counted and shown, and the run goes on. If the
// context ends, the cell in flight is lost and nothing else; of its fit, what it did since its last checkpoint.
func (r *Runner) Run(ctx context.Context, plan *Plan) (sum Summary, err error) {
	cells, err := plan.Only(r.Only)
	if err != nil {
		return sum, err
	}
	d, unpublishable, err := r.Suite.Load(ctx, plan.Spec, r.Log)
	if err != nil {
		return sum, err
	}
	sum.Dir = filepath.Join(r.Out, plan.Spec.Name)
	store, err := results.Open(sum.Dir)
	if err != nil {
		return sum, err
	}
	defer func() {
		sum.Warnings = store.Warnings()
		err = errors.Join(err, store.Close())
	}()

	e := &experiment{Runner: r, plan: plan, dataset: d, checksum: d.Checksum(), store: store, unpublishable: unpublishable, last: map[string]results.Record{}}
	e.env = results.Environ(r.Commit, Libraries(r.Device))
	e.records, _ = store.Records() // a damaged one counts as not done: it is set aside, and said, when it is looked for
	augmented, err := e.augment(ctx)
	if err != nil {
		return sum, err
	}
	ids, err := e.writeManifest(augmented)
	if err != nil {
		return sum, err
	}
	var todo []Cell
	for _, c := range cells {
		_, done, err := store.Done(ids[c.key()])
		if err != nil {
			return sum, err
		}
		if done {
			sum.Before++
		} else {
			todo = append(todo, c)
		}
	}
	r.Progress.Begin(plan.Spec.Name, len(cells), sum.Before)
	if len(todo) > 0 {
		defer func() { e.meter.Close() }()
		if err := e.idle(ctx); err != nil {
			return sum, err
		}
	}
	for _, c := range todo {
		rec, err := e.cell(ctx, c)
		if err != nil {
			return sum, err
		}
		sum.Ran++
		switch rec.Status {
		case results.Failed:
			sum.Failed++
		case results.Unavailable:
			sum.Unavailable++
		case results.OK:
		}
		r.Progress.End(c.Name(), rec)
	}
	return sum, nil
}

// Load opens the data set of a specification, or its fallback, and filters it. It also says why results over it must not
// be published, if so.
func (s *Suite) Load(ctx context.Context, spec *Spec, log *slog.Logger) (*data.Dataset, []string, error) {
	var unpublishable []string
	d, err := s.Open(ctx, spec.Dataset)
	var missing *Missing
	if errors.As(err, &missing) && spec.Fallback != "" {
		log.Warn("the data set is not at hand; its fallback stands in", "dataset", spec.Dataset, "fallback", spec.Fallback, "cause", missing.Err)
		why := fmt.Sprintf("%s stands in for %s, which could be neither found nor downloaded", spec.Fallback, spec.Dataset)
		if d, err = s.Open(ctx, spec.Fallback); err == nil {
			d.Notes = append([]string{why}, d.Notes...)
			unpublishable = append(unpublishable, why)
		}
	}
	if err != nil {
		return nil, nil, err
	}
	notes := d.Notes
	filtered, removed, err := spec.Filters.Apply(d)
	if err != nil {
		return nil, nil, err
	}
	for _, x := range removed {
		notes = append(notes, x.String())
	}
	filtered.Notes = notes
	return filtered, unpublishable, nil
}

// key tells the cells of one plan apart.
func (c Cell) key() string {
	return fmt.Sprintf("%s\x00%s\x00%d", c.Protocol.Name, c.System.Name, c.Seed)
}

// writeManifest stores the whole plan, and returns the id of every cell by its key.
func (e *experiment) writeManifest(augmented string) (map[string]string, error) {
	text, err := yaml.Marshal(e.plan.Spec)
	if err != nil {
		return nil, fmt.Errorf("bench: resolved specification: %w", err)
	}
	m := results.Manifest{Experiment: e.plan.Spec.Name, Metrics: e.plan.Spec.Metrics, Baseline: e.plan.Spec.Baseline, Augmented: augmented, Spec: string(text)}
	ids := map[string]string{}
	for _, c := range e.plan.Cells {
		identity, err := e.identity(c)
		if err != nil {
			return nil, err
		}
		ids[c.key()] = identity.ID()
		m.Cells = append(m.Cells, results.Cell{ID: identity.ID(), Dataset: e.dataset.Name, Protocol: c.Protocol.Name, System: c.System.Name, Seed: c.Seed, Explains: c.Model.Explains, Talks: c.Model.Talks, Trials: c.System.Trials})
	}
	return ids, e.store.WriteManifest(m)
}

func (e *experiment) identity(c Cell) (results.Identity, error) {
	id, err := e.plan.Identity(c, e.dataset.Name, e.checksum, e.Device)
	id.Limit = e.Limit
	if err == nil && c.First != nil {
		var first results.Identity
		first, err = e.identity(*c.First)
		id.First, id.Informative = first.ID(), c.System.Informative
	}
	if done := e.finished(id); done != nil {
		return *done, err
	}
	return id, err
}

// finished is the newest finished cell that differs from one alone in a model or file that is not at hand now, of which it
// cannot be told whether it has changed: what was measured stands.
func (e *experiment) finished(id results.Identity) *results.Identity {
	rest, missing := strings.CutPrefix(id.Inputs, string(results.Unavailable))
	if !missing {
		return nil
	}
	var newest *results.Record
	for n, rec := range e.records {
		same := rec.Identity
		same.Inputs = id.Inputs
		if rec.Status == results.OK && same == id && strings.HasSuffix(rec.Identity.Inputs, rest) && (newest == nil || rec.Finished.After(newest.Finished)) {
			newest = &e.records[n]
		}
	}
	if newest == nil {
		return nil
	}
	return &newest.Identity
}

// Identity is everything that determines a cell's rankings over a data set with that name and checksum.
func (p *Plan) Identity(c Cell, dataset, checksum string, device gpu.Device) (results.Identity, error) {
	inputs := ""
	if c.Bound.Inputs != nil {
		inputs = inputsOr(c.Bound.Inputs())
	}
	if sum := p.suite.candidateSum(c.Protocol); sum != "" {
		inputs = strings.TrimSpace(inputs + " " + results.CandidateInput + sum)
	}
	return results.Identity{
		Dataset: dataset, Data: checksum, Filters: canonical(p.Spec.Filters),
		Protocol: c.Protocol.identity(), Label: c.Protocol.Name,
		System: c.System.Name, Model: c.Model.Name, Params: canonical(c.Bound.Config), Inputs: inputs,
		Seed: c.Seed, Seeded: c.Model.Seeded, Revision: c.Model.Revision,
		Device: device.Kind(), Depth: p.Spec.Depth,
	}, nil
}

// inputsOr is a checksum of files, or the status that a cell will have which cannot read them.
func inputsOr(sum string, err error) string {
	missing := (*models.Unavailable)(nil)
	switch {
	case errors.As(err, &missing):
		return string(results.Unavailable)
	case err != nil:
		return string(results.Failed)
	}
	return sum
}

// Libraries are those that shape results: every model answers on the CPU, and some train on another device.
func Libraries(device gpu.Device) string {
	cpu := gpu.CPU().About()
	if about := device.About(); about != cpu {
		return cpu + "; " + about
	}
	return cpu
}

func (r *Runner) workers() int {
	if r.Workers > 0 {
		return r.Workers
	}
	return runtime.GOMAXPROCS(0)
}

func (r *Runner) batch() int {
	if r.Batch > 0 {
		return r.Batch
	}
	return 64
}
