package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"llm4rec/bench"
	"llm4rec/llm/cassette"
	"llm4rec/results"
	"llm4rec/results/bundle"
)

// rerun says which cell of a bundle is repeated.
type rerun struct {
	wanted bool
	seed   uint64
}

func (r *rerun) flags(c *cobra.Command) {
	c.Flags().BoolVar(&r.wanted, "rerun", false, "repeat a cell that is drawn from the bundle, and compare the ranks of every user")
	c.Flags().Uint64Var(&r.seed, "seed", 1, "with --rerun: of the draw")
}

// rerun repeats a finished cell on this machine's CPU, and says where its ranks differ. Cells that ask a language model can be
// repeated where their recorded answers are in the bundle; they are drawn only there.
func (g *globals) rerun(ctx context.Context, dir string, o rerun) (differences int, err error) {
	store, err := results.OpenRead(dir)
	if err != nil {
		return 0, err
	}
	m, err := store.Manifest()
	if err != nil {
		return 0, err
	}
	tapes, err := filepath.Glob(filepath.Join(dir, bundle.CassettesDir, "*"))
	if err != nil {
		return 0, err
	}
	rec, err := draw(store, m, o.seed, len(tapes) > 0)
	if err != nil {
		return 0, err
	}
	out, err := os.MkdirTemp("", "llm4rec-rerun-*")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(out)) }()

	calls := callFlags{mode: string(cassette.Replay)}
	if g.calls, err = calls.resolve(out); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, g.calls.Close()) }()
	g.calls.Log, g.results = g.logger(g.stderr), out
	if len(tapes) > 0 {
		merged, err := cassette.Merge(g.calls.Cassette, tapes...)
		if err != nil {
			return 0, err
		}
		if n := len(merged.Conflicts); n > 0 {
			g.calls.Log.Warn("recordings in the bundle answer the same requests differently; the first by name counts", "requests", n)
		}
	}
	again, ranks, err := g.repeat(ctx, out, m.Spec, rec)
	if err != nil {
		return 0, err
	}
	before, err := store.Ranks(rec)
	if err != nil {
		return 0, err
	}
	fmt.Fprintf(g.stdout, "repeated: %s under %s, seed %d, on %s (commit %s); published from %s (commit %s)\n",
		rec.Identity.System, rec.Identity.Label, rec.Identity.Seed, again.Env.CPU, again.Env.Commit, rec.Env.CPU, rec.Env.Commit)
	differences = g.compareRanks(before, ranks)
	fmt.Fprintf(g.stdout, "ranks of %d users; differences: %d\n", len(before), differences)
	return differences, nil
}

// draw takes one of the finished cells that can be repeated here.
func draw(store *results.Store, m results.Manifest, seed uint64, recorded bool) (results.Record, error) {
	recs, errs := store.Records()
	if errs != nil {
		return results.Record{}, errors.Join(errs...)
	}
	var able []results.Record // in the order of the plan, whatever the cells' ids
	for _, c := range m.Cells {
		n := slices.IndexFunc(recs, func(r results.Record) bool { return r.ID == c.ID })
		if n < 0 || c.Explains || c.Talks {
			continue
		}
		if r := recs[n]; r.Status == results.OK && r.Identity.Device == "cpu" && (recorded || !asked(r)) {
			able = append(able, recs[n])
		}
	}
	if len(able) == 0 {
		return results.Record{}, errors.New("--rerun: no cell of the bundle can be repeated here: they ran on a GPU, or asked a language model whose answers are not in the bundle")
	}
	key := sha256.Sum256(fmt.Appendf(nil, "rerun %d", seed)) // neighbouring seeds draw independently
	return able[rand.New(rand.NewChaCha8(key)).IntN(len(able))], nil
}

// asked tells whether a cell asked a language model: a scripted agent does not.
func asked(r results.Record) bool {
	return r.LLM != nil || r.Agent != nil && (r.Agent.Account != nil || r.Agent.Critic != nil)
}

// repeat runs one cell of a resolved specification, with what it ranks again, in a folder of its own.
func (g *globals) repeat(ctx context.Context, out, spec string, rec results.Record) (results.Record, []results.Ranking, error) {
	bar := newProgress(g)
	s := g.suite(bar.log, true)
	source := bench.Source{Name: bundle.SpecName, Text: []byte(spec)}
	parsed, err := source.Parse()
	if err != nil {
		return rec, nil, err
	}
	parsed.Fallback = "" // another data set's cell is another cell
	plan, issues := s.Resolve(parsed)
	if len(issues) > 0 {
		return rec, nil, located(source, issues)
	}
	cells, err := plan.Only([]string{rec.Identity.System})
	if err != nil {
		return rec, nil, err
	}
	plan.Cells = slices.DeleteFunc(slices.Clone(cells), func(c bench.Cell) bool {
		return c.Protocol.Name != rec.Identity.Label || c.Seed != rec.Identity.Seed && c.Model.Seeded
	})
	d, _, err := openDevice("cpu")
	if err != nil {
		return rec, nil, err
	}
	r := bench.Runner{Suite: s, Device: d, Out: out, Replay: true, Commit: commit, Progress: bar, Log: bar.log}
	sum, err := r.Run(ctx, plan)
	bar.finish(err == nil)
	if err != nil {
		return rec, nil, err
	}
	store, err := results.OpenRead(sum.Dir)
	if err != nil {
		return rec, nil, err
	}
	again, errs := store.Records()
	n := slices.IndexFunc(again, func(x results.Record) bool { return x.Identity.System == rec.Identity.System })
	switch {
	case errs != nil:
		return rec, nil, errors.Join(errs...)
	case n < 0:
		return rec, nil, fmt.Errorf("--rerun: %s did not run", rec.Identity.System)
	case again[n].Status != results.OK:
		return rec, nil, fmt.Errorf("--rerun: %s: %s", rec.Identity.System, again[n].Error)
	}
	if d := otherwise(rec.Identity, again[n].Identity); d != "" {
		return rec, nil, fmt.Errorf("--rerun: %s is another cell here: %s", rec.Identity.System, d)
	}
	ranks, err := store.Ranks(again[n])
	return again[n], ranks, err
}
