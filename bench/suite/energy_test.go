package suite

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"llm4rec/baselines/popularity"
	"llm4rec/bench"
	"llm4rec/data"
	"llm4rec/gpu"
	"llm4rec/models"
	"llm4rec/models/checkpoint"
	"llm4rec/results"
	"llm4rec/results/energy"
)

// steps is a counter that goes on by a joule each time it is read.
type steps struct {
	sync.Mutex
	n float64
}

func (s *steps) Joules() (float64, error) {
	s.Lock()
	defer s.Unlock()
	s.n++
	return s.n, nil
}

// board is a device that is another machine than the CPU, with a counter or without.
type board struct{ gpu.Device }

func (board) Kind() string { return "cuda" }
func (board) Name() string { return "cuda:0" }

type meteredBoard struct {
	board
	steps
}

const energySpec = `
name: energy
dataset: small
metrics: [ndcg@10]
systems:
  - {name: pop, model: popularity}
  - {name: back, model: reverser, after: [pop]}
`

// TestEnergyOfCells: a record has the joules of its stages by source, and a reason where there are none. What a record is
// known by does not change.
func TestEnergyOfCells(t *testing.T) {
	s, _ := second(t)
	out, opened := t.TempDir(), 0
	run := func(r bench.Runner) map[string][]results.Record {
		r.Idle = time.Millisecond
		_, _, records := runText(t, s, r, energySpec)
		return bySystem(records)
	}
	counters := func() []energy.Counter {
		opened++
		return []energy.Counter{{Name: "cpu", Counts: "steps", Source: &steps{}}, {Name: "gpu", Why: "no library"}}
	}
	without := run(bench.Runner{Out: t.TempDir()})
	with := run(bench.Runner{Out: out, Counters: counters})
	if run(bench.Runner{Out: out, Counters: counters}); opened != 1 {
		t.Errorf("counters were opened %d times for one run with cells to do and one without", opened)
	}
	for system, lists := range map[string]int{"pop": 120, "back": 120} {
		before, rec := without[system][0], with[system][0]
		if before.Energy != nil || before.ID != rec.ID || before.Ranks != rec.Ranks {
			t.Errorf("%s: another cell, or %+v", system, before.Energy)
		}
		e := rec.Energy
		if e == nil || len(e.Fit) != 2 || len(e.Recommend) != 2 || e.Lists != lists || e.Sources[0].IdleWatts == nil || e.Sources[1].Unavailable != "no library" {
			t.Fatalf("%s: %+v", system, e)
		}
		for _, stage := range [][]results.Joules{e.Fit, e.Recommend} {
			if *stage[0].Raw != 1 || stage[0].Seconds <= 0 || stage[1].Raw != nil || stage[1].Unavailable != "no library" {
				t.Errorf("%s: %+v", system, stage)
			}
		}
		if err := e.Check(); err != nil {
			t.Error(err)
		}
	}
}

// TestCounters: the GPU is read where the run uses it, and only there.
func TestCounters(t *testing.T) {
	nothing := t.TempDir()
	if c := bench.Counters(nothing, gpu.CPU()); len(c) != 1 || c[0].Name != "cpu" || c[0].Source != nil || !strings.Contains(c[0].Why, "no RAPL") {
		t.Errorf("%+v", c)
	}
	if c := bench.Counters(nothing, board{gpu.CPU()}); len(c) != 2 || c[1].Source != nil || c[1].Why != "cuda:0 counts no energy" {
		t.Errorf("%+v", c)
	}
	if c := bench.Counters(nothing, &meteredBoard{board: board{gpu.CPU()}}); len(c) != 2 || c[1].Name != "gpu" || c[1].Source == nil {
		t.Errorf("%+v", c)
	}
}

// resumed is popularity whose fit went on from a checkpoint.
type resumed struct {
	popularity.Config
	checkpoint checkpoint.File
}

func (r resumed) Fit(ctx context.Context, train *data.Train) (models.Recommender, error) {
	r.checkpoint.Meter.Earlier = checkpoint.Spent{Wall: 12300 * time.Millisecond}
	return r.Config.Fit(ctx, train)
}

// TestEnergyOfEarlierRuns: what was fitted or answered in part by runs before has a reason in place of joules.
func TestEnergyOfEarlierRuns(t *testing.T) {
	s, counted := second(t)
	s.Models = append(s.Models, bench.Register("resumed", "", 1, false, popularity.Config{}, func(c popularity.Config, e bench.Env) models.Fitter { return resumed{c, e.Checkpoint} }))
	counted.recorded = 7
	_, _, records := runText(t, s, bench.Runner{Out: t.TempDir(), Counters: func() []energy.Counter { return []energy.Counter{{Name: "cpu", Source: &steps{}}} }, Idle: time.Millisecond}, strings.Replace(energySpec, "popularity", "resumed", 1))
	of := bySystem(records)
	first, second := of["pop"][0].Energy, of["back"][0].Energy
	if j := first.Fit[0]; j.Raw != nil || j.Net != nil || j.Unavailable != "12.3 s of the fit were in earlier runs, whose energy is not known" {
		t.Errorf("%+v", j)
	}
	if j := first.Recommend[0]; j.Raw == nil {
		t.Errorf("what was not interrupted: %+v", j)
	}
	for _, j := range []results.Joules{second.Fit[0], second.Recommend[0]} {
		if j.Raw != nil || j.Net != nil || j.Unavailable != "7 answers of language models were recorded in earlier runs, whose energy is not known" {
			t.Errorf("%+v", j)
		}
	}
	for _, e := range []*results.Energy{first, second} {
		if err := e.Check(); err != nil {
			t.Error(err)
		}
	}
}
