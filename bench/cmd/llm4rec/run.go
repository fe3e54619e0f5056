package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"llm4rec/bench"
	"llm4rec/bench/suite"
	"llm4rec/gpu"
	"llm4rec/llm/cassette"
	"llm4rec/results/energy"
)

const setHelp = "set a value of the specification, PATH=VALUE; may be repeated (systems.als.params.factors=32)"

func runCommand(g *globals) *cobra.Command {
	var sets []string
	var device string
	var calls callFlags
	r := bench.Runner{Commit: commit}
	c := &cobra.Command{
		Use:   "run EXPERIMENT…",
		Short: "Run experiments and print their tables",
		Long: `Run takes every cell of an experiment (a system, under a protocol, with a seed) through fit, recommend and score, and
stores a record of each. An experiment is the name of an embedded one or the path of a YAML file.

A run can be interrupted at any moment, also by force: at most the cell in flight is lost, and the same command goes
on. Cells that are done are known by everything that determines them: a changed input makes a new cell.`,
		Example: `  llm4rec run quick
  llm4rec run quick --set protocol.seen=none --only pop,ease --device cpu --out DIR
  llm4rec run ./mine.yaml --limit 100`,
		Args: exactArgs(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if r.Limit < 0 || r.Workers < 0 || r.Batch < 0 {
				return usageError{errors.New("--limit, --workers and --batch must not be negative")}
			}
			var err error
			if g.calls, err = calls.resolve(r.Out); err != nil {
				return err
			}
			r.Replay = g.calls.Mode == cassette.Replay
			return g.run(c.Context(), r, device, args, sets)
		},
	}
	f := c.Flags()
	f.StringVar(&r.Out, "out", "out", "folder of the results, one folder an experiment")
	f.StringArrayVar(&sets, "set", nil, setHelp)
	f.StringSliceVar(&r.Only, "only", nil, "run these systems only, by name")
	f.IntVar(&r.Limit, "limit", 0, "ask at most that many users; marks the results as not publishable")
	f.StringVar(&device, "device", "auto", suite.DeviceHelp)
	f.IntVar(&r.Workers, "workers", 0, "goroutines that ask for recommendations; 0: one a core; changes no result")
	f.IntVar(&r.Batch, "batch", 0, "queries a call; 0: 64; changes no result")
	calls.add(c)
	return c
}

func (g *globals) run(ctx context.Context, r bench.Runner, device string, names, sets []string) (err error) {
	opened, why, err := openDevice(device)
	if err != nil {
		return err
	}
	bar := newProgress(g)
	r.Device, r.Progress, r.Log = opened, bar, bar.log
	r.Counters, r.Idle = func() []energy.Counter { return bench.Counters(energy.Powercap, opened) }, bench.IdleSpan
	defer func() {
		if err := opened.Close(); err != nil { // of a device that is lost: the cells said so
			r.Log.Warn("device", "name", opened.Name(), "closing", err)
		}
	}()
	g.calls.Log = bar.log
	defer func() { err = errors.Join(err, g.calls.Close()) }()
	g.results = r.Out
	r.Suite = g.suite(bar.log, true)
	plans := make([]*bench.Plan, len(names))
	for n, name := range names {
		if plans[n], err = resolve(r.Suite, name, sets); err != nil {
			return err
		}
		if _, err := plans[n].Only(r.Only); err != nil {
			return usageError{err}
		}
	}
	r.Log.Info("device", "name", r.Device.Name(), "why", why, "about", r.Device.About())
	failed := 0
	for _, p := range plans {
		sum, err := r.Run(ctx, p)
		bar.finish(err == nil)
		for _, w := range sum.Warnings {
			r.Log.Warn(w)
		}
		if errors.Is(err, context.Canceled) {
			return fmt.Errorf("%s: %w after %d of its cells; the same command goes on from there", p.Spec.Name, errInterrupted, sum.Before+sum.Ran)
		}
		if err != nil {
			return err
		}
		if again := g.calls.Mode; sum.Before > 0 && (again == cassette.Refresh || again == cassette.Live) {
			r.Log.Warn("cells that were done stay as they are, and their models are not asked again; another --out begins anew", "experiment", p.Spec.Name, "cells", sum.Before, "llm", again)
		}
		failed += sum.Failed
		if sum.Unavailable > 0 {
			r.Log.Warn("cells need what is not at hand; the table says what", "experiment", p.Spec.Name, "cells", sum.Unavailable)
		}
	}
	for _, p := range plans {
		if err := g.printTables(ctx, filepath.Join(r.Out, p.Spec.Name), tableOptions{format: "text"}); err != nil {
			return err
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d %w; the table says which and why", failed, errCells)
	}
	return nil
}

// openDevice opens the device of that name. A name that no device has is a mistake on the command line.
func openDevice(name string) (gpu.Device, string, error) {
	d, why, err := suite.OpenDevice(name)
	var unknown suite.UnknownDevice
	if errors.As(err, &unknown) {
		err = usageError{fmt.Errorf("--device: %w", err)}
	}
	return d, why, err
}
