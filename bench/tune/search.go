package tune

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"

	"llm4rec/bench"
	"llm4rec/data"
	"llm4rec/gpu"
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
	validation, err := t.Suite.NewValidation(train, p.base.Protocols[0], p.metric)
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
