package tune

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"llm4rec/bench"
	"llm4rec/data"
	"llm4rec/gpu"
	"llm4rec/models/checkpoint"
	"llm4rec/results"
)

// Folder holds one folder a search, below that of the results.
const Folder = "tune"

// Tuner takes searches through their trials. Workers changes the speed alone.
type Tuner struct {
	Suite    *bench.Suite
	Device   gpu.Device
	Out      string // the folder of the results
	Only     []string
	Workers  int // 0: one a core
	Commit   string
	Progress Progress
	Log      *slog.Logger
}

// Progress is told how a search goes on. Its methods are called from one goroutine at a time.
type Progress interface {
	// Begin starts a search of that many fits.
	Begin(search string, fits int)
	// Stage is that of [bench.Progress].
	Stage(trial, stage string, done, total int, note string)
	// End closes a fit that ran, or that was done before.
	End(trial string, rec results.Trial, before bool)
}

// Run makes what is not done yet of a search and returns what came out. A trial that fails is recorded and counted, and
// is tried again by the next run. If the context ends, the fit in flight is lost and nothing else.
func (t *Tuner) Run(ctx context.Context, p *Plan) (out Outcome, err error) {
	systems, err := p.Only(t.Only)
	if err != nil {
		return out, err
	}
	d, err := t.load(ctx, p)
	if err != nil {
		return out, err
	}
	train, err := learnable(d, p.base.Protocols[0])
	if err != nil {
		return out, err
	}
	validation, err := bench.NewValidation(train, p.base.Protocols[0], p.metric)
	if err != nil {
		return out, err
	}
	out = Outcome{Plan: p, Dir: filepath.Join(t.Out, Folder, p.Spec.Name), Dataset: d.Name, Notes: d.Notes, Users: validation.Users()}
	store, err := results.OpenTrials(out.Dir)
	if err != nil {
		return out, err
	}
	defer func() {
		out.Warnings = store.Warnings()
		err = errors.Join(err, store.Close())
	}()
	s := &search{
		Tuner: t, plan: p, name: d.Name, notes: d.Notes, checksum: d.Checksum(), validation: validation, store: store,
		env: results.Environ(t.Commit, bench.Libraries(t.Device)), out: &out,
	}
	fits := 0
	for _, c := range systems {
		fits += c.Fits()
	}
	t.Progress.Begin(p.Spec.Name, fits)
	for _, c := range systems {
		r, err := s.system(ctx, c)
		if err != nil {
			return out, err
		}
		out.Systems = append(out.Systems, r)
	}
	return out, nil
}

// Only keeps the named systems. An unknown name is an error.
func (p *Plan) Only(names []string) ([]Candidate, error) {
	if _, err := p.base.Only(names); err != nil || len(names) == 0 {
		return p.Systems, err
	}
	return slices.DeleteFunc(slices.Clone(p.Systems), func(c Candidate) bool { return !slices.Contains(names, c.Name) }), nil
}

func (t *Tuner) load(ctx context.Context, p *Plan) (*data.Dataset, error) {
	d, _, err := t.Suite.Load(ctx, p.base.Spec, t.Log)
	return d, err
}

// learnable is what models may see of a data set. The test cases go no further than here.
func learnable(d *data.Dataset, p bench.Protocol) (*data.Train, error) {
	s, err := d.Split(p.SplitSpec)
	if err != nil {
		return nil, err
	}
	return s.Train, nil
}

// search is one run of a plan.
type search struct {
	*Tuner
	plan       *Plan
	name       string // of the data set
	notes      []string
	checksum   string
	validation *bench.Validation
	store      *results.Trials
	env        results.Environment
	out        *Outcome
}

// system takes one system through its rounds.
func (s *search) system(ctx context.Context, c Candidate) (Result, error) {
	r := Result{Name: c.Name, Model: c.Model, Searched: c.Searched, Resource: c.Resource, Trials: len(c.Params)}
	standings := make([]Standing, len(c.Params))
	for n := range standings {
		standings[n].Number = n
	}
	for j, l := range c.levels {
		for n := range standings[:min(l.trials, len(standings))] {
			x := &standings[n]
			if j > 0 && (x.Record.Status != results.OK || x.level < j-1) {
				break // so many of the round before failed
			}
			rec, err := s.trial(ctx, c, x.Number, l.resource)
			if err != nil {
				return r, err
			}
			x.Params, x.level, x.Record = c.params(x.Number, l.resource), j, rec
			r.Fits++
			r.Seconds += rec.Fit + rec.Validation
		}
		slices.SortFunc(standings, better)
	}
	r.Standings = standings
	return r, nil
}

// better orders the configurations: those that went further first, since values with unequal resources do not compare;
// then by value, then by number. Those that failed come last.
func better(a, b Standing) int {
	if failed := func(x Standing) int {
		if x.Record.Status == results.Failed {
			return 1
		}
		return 0
	}; failed(a) != failed(b) {
		return failed(a) - failed(b)
	}
	return cmp.Or(cmp.Compare(b.level, a.level), cmp.Compare(b.Record.Value, a.Record.Value), cmp.Compare(a.Number, b.Number))
}

// params are those of one trial, with its resource.
func (c Candidate) params(number, resource int) map[string]any {
	if c.Resource == nil {
		return c.Params[number]
	}
	return with(c.Params[number], map[string]any{c.Resource.Param: resource})
}

// bind makes the cell of one trial. Parameters that are refused stand for the configuration that they do not make.
func (c Candidate) bind(number, resource int) (bench.Cell, error) {
	cell := c.cell
	cell.System.Params = c.params(number, resource)
	bound, err := cell.Model.Bind(cell.System.Params)
	if err != nil {
		bound = bench.Bound{Config: cell.System.Params}
	}
	cell.Bound = bound
	return cell, err
}

// trial returns the record of one trial, which it makes unless it is there. The error is one of the run, not of the
// trial: the context's, or the store's.
func (s *search) trial(ctx context.Context, c Candidate, number, resource int) (results.Trial, error) {
	cell, refused := c.bind(number, resource)
	identity, err := s.identity(cell)
	if err != nil {
		return results.Trial{}, err
	}
	name := trialName(c, number, resource)
	rec, done, err := s.store.Done(identity.ID())
	if err != nil {
		return rec, err
	}
	if done {
		s.out.Before++
		s.Progress.End(name, rec, true)
		return rec, nil
	}
	rec = results.Trial{
		Identity: identity, Tuning: s.plan.Spec.Name, Number: number, Resource: resource, Status: results.OK,
		Users: s.validation.Users(), Notes: s.notes, Env: s.env, Started: time.Now().UTC(),
	}
	var m bench.Measured
	if err = refused; err == nil {
		m, err = s.measure(ctx, cell, identity.ID(), name)
	}
	if ctx.Err() != nil {
		return rec, ctx.Err()
	}
	rec.Value, rec.Fit, rec.Validation, rec.Finished = m.Value, m.Fit, m.Validation, time.Now().UTC()
	if err != nil {
		rec.Status, rec.Error, rec.Value = results.Failed, err.Error(), 0
		s.out.Failed++
	}
	s.out.Ran++
	if rec, err = s.store.Put(rec); err != nil {
		return rec, err
	}
	s.Progress.End(name, rec, false)
	return rec, nil
}

func (s *search) measure(ctx context.Context, cell bench.Cell, id, name string) (bench.Measured, error) {
	stage := func(stage string) func(done, total int, note string) {
		return func(done, total int, note string) { s.Progress.Stage(name, stage, done, total, note) }
	}
	fit := stage("fit")
	fit(0, 0, "")
	fitter := cell.Bound.Fitter(bench.Env{
		Seed: cell.Seed, Device: s.Device, Progress: fit,
		Checkpoint: checkpoint.File{Path: filepath.Join(s.store.Dir(), "checkpoints", id), Every: bench.CheckpointEvery},
	})
	return s.validation.Measure(ctx, fitter, s.Workers, stage("validate"))
}

func (s *search) identity(c bench.Cell) (results.TrialIdentity, error) {
	return s.plan.identity(c, s.name, s.checksum, s.Device)
}

func (p *Plan) identity(c bench.Cell, dataset, checksum string, device gpu.Device) (results.TrialIdentity, error) {
	id, err := p.base.Identity(c, dataset, checksum, device)
	return results.TrialIdentity{Identity: id, Metric: p.metric.Name}, err
}

func trialName(c Candidate, number, resource int) string {
	parts := []string{c.Name, fmt.Sprintf("trial %d of %d", number+1, len(c.Params))}
	if c.Resource != nil {
		parts = append(parts, fmt.Sprintf("%s %d", c.Resource.Param, resource))
	}
	return strings.Join(parts, " · ")
}
