package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"llm4rec/bench/suite"
	"llm4rec/bench/tune"
	"llm4rec/gpu"
	"llm4rec/results"
)

// tuneOptions are the flags of tune.
type tuneOptions struct {
	device, output string
	top            int
	plan           bool
}

func tuneCommand(g *globals) *cobra.Command {
	var o tuneOptions
	t := tune.Tuner{Commit: commit}
	c := &cobra.Command{
		Use:   "tune SEARCH",
		Short: "Choose hyperparameters on the validation cases, with the same budget for every system",
		Long: `Tune tries configurations of each system of a search and measures them on the validation cases of the split; it never
looks at a test case. A search is the name of an embedded one or the path of a YAML file. Configurations are drawn at
random, or are a whole grid where the budget reaches that far. A system with a resource, such as the iterations of als,
goes through successive halving: all configurations get little of it, and the best go on with more.

It prints the best configurations of each system, and those chosen as YAML for an experiment, with the number of trials.
Every trial is a record in OUT/tune/NAME. A search can be interrupted as a run can, and the same command goes on. A trial
that fails is recorded and counted, and the next run tries it again.`,
		Example: `  llm4rec tune ml-100k
  llm4rec tune ./mine.yaml --only als -o chosen.yaml
  llm4rec tune ./mine.yaml --plan`,
		Args: exactArgs(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if t.Workers < 0 || o.top < 1 {
				return usageError{errors.New("--workers must not be negative, and --top must be at least 1")}
			}
			if o.plan {
				return g.planTune(c.Context(), t, args[0])
			}
			return g.tune(c.Context(), t, args[0], o)
		},
	}
	f := c.Flags()
	f.StringVar(&t.Out, "out", "out", "folder of the results; the trials lie below its folder tune")
	f.StringSliceVar(&t.Only, "only", nil, "tune these systems only, by name")
	f.StringVar(&o.device, "device", "auto", suite.DeviceHelp)
	f.IntVar(&t.Workers, "workers", 0, "goroutines that ask for recommendations; 0: one a core; changes no result")
	f.IntVar(&o.top, "top", 10, "how many configurations of each system to print")
	f.StringVarP(&o.output, "output", "o", "", "file to write the chosen parameters to, as YAML")
	f.BoolVar(&o.plan, "plan", false, "show the rounds and a rough cost; run nothing")
	return c
}

func (g *globals) tune(ctx context.Context, t tune.Tuner, name string, o tuneOptions) error {
	opened, why, err := openDevice(o.device)
	if err != nil {
		return err
	}
	bar := newProgress(g)
	t.Device, t.Progress, t.Log = opened, tuneProgress{bar}, bar.log
	defer func() {
		if err := opened.Close(); err != nil { // of a device that is lost: the trials said so
			t.Log.Warn("device", "name", opened.Name(), "closing", err)
		}
	}()
	t.Suite = g.suite(bar.log, true)
	p, err := resolveSearch(t.Suite, name)
	if err != nil {
		return err
	}
	if _, err := p.Only(t.Only); err != nil {
		return usageError{err}
	}
	t.Log.Info("device", "name", t.Device.Name(), "why", why, "about", t.Device.About())
	out, err := t.Run(ctx, p)
	bar.finish(err == nil && out.Complete())
	for _, w := range out.Warnings {
		t.Log.Warn(w)
	}
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("%s: %w after %d of its fits; the same command goes on from there", p.Spec.Name, err, out.Before+out.Ran)
	}
	if err != nil {
		return err
	}
	t.Log.Info("search", "fits", out.Ran, "done_before", out.Before, "failed", out.Failed, "records", out.Dir)
	return g.printOutcome(out, o)
}

func (g *globals) printOutcome(out tune.Outcome, o tuneOptions) error {
	for _, note := range out.Notes {
		fmt.Fprintln(g.stdout, note)
	}
	fmt.Fprintf(g.stdout, "Data set %s, search %s: %s on the validation cases of %d users\n", out.Dataset, out.Plan.Spec.Name, out.Plan.Spec.Metric, out.Users)
	var without []string
	for _, r := range out.Systems {
		if err := g.printResult(r, out.Plan.Spec.Metric, o.top); err != nil {
			return err
		}
		if _, ok := r.Best(); !ok {
			without = append(without, r.Name)
		}
	}
	snippet, err := out.Snippet()
	if err != nil {
		return err
	}
	fmt.Fprintf(g.stdout, "\n%s", snippet)
	if o.output != "" {
		if err := g.to(o.output, func(w io.Writer) error { _, err := io.WriteString(w, snippet); return err }); err != nil {
			return err
		}
	}
	if without != nil {
		return fmt.Errorf("%s: all %w: the table says why", strings.Join(without, ", "), errTrials)
	}
	return nil
}

// printResult prints the table of one system, best first.
func (g *globals) printResult(r tune.Result, metric string, top int) error {
	fmt.Fprintf(g.stdout, "\n%s: trials %d, failed %d, fits %d, time %s\n", r.Name, r.Trials, r.Failed(), r.Fits, seconds(r.Seconds))
	columns := slices.Clone(r.Searched)
	if r.Resource != nil {
		columns = append(columns, r.Resource.Param)
	}
	w := tabwriter.NewWriter(g.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "RANK\tTRIAL\t%s\tFIT S\t%s\n", strings.ToUpper(metric), strings.ToUpper(strings.Join(columns, "\t")))
	for n, x := range r.Standings[:min(top, len(r.Standings))] {
		rank, value, fit := fmt.Sprint(n+1), fmt.Sprintf("%.4f", x.Record.Value), fmt.Sprintf("%.3f", x.Record.Fit)
		if x.Record.Status == results.Failed {
			rank, value, fit = "–", "failed", "–"
		}
		line := []string{rank, fmt.Sprint(x.Number + 1), value, fit}
		for _, c := range columns {
			line = append(line, fmt.Sprint(x.Params[c]))
		}
		fmt.Fprintln(w, strings.Join(line, "\t"))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, why := range r.Errors() {
		fmt.Fprintf(g.stdout, "Failed: %s\n", why)
	}
	return nil
}

// planTune shows what a search would do.
func (g *globals) planTune(ctx context.Context, t tune.Tuner, name string) error {
	log := g.logger(g.stderr)
	t.Suite, t.Device, t.Log = g.suite(log, false), gpu.CPU(), log
	p, err := resolveSearch(t.Suite, name)
	if err != nil {
		return err
	}
	if _, err := p.Only(t.Only); err != nil {
		return usageError{err}
	}
	o, err := t.Outlook(ctx, p)
	if err != nil {
		return err
	}
	if o.Missing != nil {
		fmt.Fprintf(g.stdout, "cost and progress unknown: %v\n", o.Missing)
	}
	w := tabwriter.NewWriter(g.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SYSTEM\tMODEL\tFITS\tRESOURCE\tDONE\tROUGH COST")
	fits, total := 0, 0.0
	for _, r := range o.Rounds {
		resource, cost := "–", "–"
		if r.System.Resource != nil {
			resource = fmt.Sprintf("%s %d", r.System.Resource.Param, r.Resource)
		}
		if r.Seconds > 0 {
			cost = "about " + seconds(r.Seconds)
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%d\t%s\n", r.System.Name, r.System.Model, r.Trials, resource, r.Done, cost)
		fits, total = fits+r.Trials, total+r.Seconds
	}
	if o.Missing == nil {
		fmt.Fprintf(w, "total\t\t%d\t\t\tabout %s of fits left on %d cores\n", fits, seconds(total), runtime.GOMAXPROCS(0))
	}
	return w.Flush()
}

func seconds(s float64) string {
	return time.Duration(s * float64(time.Second)).Round(100 * time.Millisecond).String()
}

// tuneProgress shows a search with the means of a run.
type tuneProgress struct{ *progress }

func (p tuneProgress) Begin(search string, fits int) {
	if p.container == nil {
		p.log.Info("tune", "search", search, "fits", fits)
		return
	}
	p.begin(search, fits, "fits")
}

func (p tuneProgress) End(trial string, rec results.Trial, before bool) {
	if rec.Status == results.Failed {
		p.log.Error("trial failed", "trial", trial, "error", rec.Error)
	} else if p.container == nil && !before {
		p.log.Info("trial", "name", trial, "value", rec.Value, "fit_sec", rec.Fit)
	}
	if p.bar != nil {
		p.bar.Increment()
	}
}

var _ tune.Progress = tuneProgress{}
