package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"llm4rec/bench/perf"
	"llm4rec/bench/suite"
	"llm4rec/data"
	"llm4rec/results"
)

func perfCommand(g *globals) *cobra.Command {
	c := &cobra.Command{
		Use:   "perf",
		Short: "Measure models beside what the machine can do, and beside others",
	}
	c.AddCommand(perfALSCommand(g), perfSASRecCommand(g), perfCurveCommand(g), perfIndexCommand(g), perfIndexProcess(g))
	return group(c)
}

// perfReport is what --json writes.
type perfReport struct {
	Environment results.Environment `json:"environment"`
	Device      string              `json:"device"`
	Threads     int                 `json:"threads"`
	Solver      string              `json:"solver"`
	Steps       int                 `json:"cg_steps"`
	Results     []perf.Result       `json:"results"`
}

func perfALSCommand(g *globals) *cobra.Command {
	var names []string
	var factors []int
	var device, file string
	var a perf.ALS
	c := &cobra.Command{
		Use:   "als",
		Short: "Seconds per iteration of ALS, with a roofline, the memory it takes, and benfred/implicit beside it",
		Long: `Trains on whole data sets and prints, for every number of factors:

  s, min    seconds per iteration, which solves for the users, then for the items: median and least
  limit     the least seconds that this machine would take for the arithmetic, or for reading the factors
  peak MiB  resident memory from before loading to after training
  off       iterations not counted, because the process had too little of its cores (--busy), and repeated

The limit is that of flops at the speed of a product of large matrices, and of bytes at that of random rows out of as
many as there are items, or users; both are measured between the iterations, and the best counts. Below 1, s/limit says
that the rows came from a nearer cache than those.

With --peer, iterations of benfred/implicit (bench/peers) on the same matrix alternate with ours. It has as many threads,
which are bound to cores; bind ours, and choose their number, by 'GOMAXPROCS=2 taskset -c 0,1 llm4rec perf als'.`,
		Args: exactArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := checkNames(names); err != nil {
				return err
			}
			for _, a.Factors = range factors {
				if err := a.Validate(); err != nil {
					return usageError{err}
				}
			}
			return reported(file, func() (perfReport, error) { return g.perfALS(c.Context(), a, device, names, factors) })
		},
	}
	f := c.Flags()
	f.StringArrayVar(&names, "dataset", []string{"ml-1m-sasrec", "synthetic-20m"}, "data set; may be repeated")
	f.IntSliceVar(&factors, "factors", []int{64, 128, 256}, "numbers of factors")
	f.IntVar(&a.Iterations, "iterations", 10, "iterations to measure of each side")
	f.StringVar(&a.Solver, "solver", "cg", "cg or cholesky")
	f.IntVar(&a.Steps, "cg-steps", 3, "steps of cg")
	f.Float64Var(&a.Busy, "busy", .9, "part of its cores that a process must have had for an iteration to count")
	f.StringVar(&device, "device", "auto", suite.DeviceHelp)
	f.StringVar(&a.Python, "peer", os.Getenv("LLM4REC_PEERS"), "Python that has benfred/implicit (also: LLM4REC_PEERS)")
	f.StringVar(&file, "json", "", "file for all measurements")
	return c
}

// checkNames says which data set is not one, before anything is measured.
func checkNames(names []string) error {
	for _, name := range names {
		if err := suite.CheckName(name); err != nil {
			return usageError{fmt.Errorf("--dataset: %w", err)}
		}
	}
	return nil
}

// reported measures, and writes all measurements as JSON if a file is asked for. That its folder is there is seen before.
func reported[R any](file string, measure func() (R, error)) error {
	if file != "" {
		if info, err := os.Stat(filepath.Dir(file)); err != nil || !info.IsDir() {
			return usageError{fmt.Errorf("--json %s: there is no such folder", file)}
		}
	}
	report, err := measure()
	if err != nil || file == "" {
		return err
	}
	text, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}

// perfALS measures, and prints what was measured on each data set.
func (g *globals) perfALS(ctx context.Context, a perf.ALS, device string, names []string, factors []int) (_ perfReport, err error) {
	opened, why, err := openDevice(device)
	if err != nil {
		return perfReport{}, err
	}
	defer func() { err = errors.Join(err, opened.Close()) }()
	log := g.logger(g.stderr)
	log.Info("device", "name", opened.Name(), "why", why, "about", opened.About())
	a.Device = opened
	report := perfReport{
		Environment: results.Environ(commit, opened.About()), Device: opened.Name(), Threads: runtime.GOMAXPROCS(0),
		Solver: a.Solver, Steps: a.Steps,
	}
	for _, name := range names {
		var of []perf.Result
		for _, a.Factors = range factors {
			log.Info("measuring", "dataset", name, "factors", a.Factors)
			r, err := a.Measure(ctx, func() (*data.Dataset, error) {
				d, _, err := suite.OpenDataset(ctx, name, g.datasets(true))
				return d, err
			})
			if err != nil {
				return report, fmt.Errorf("%s, %d factors: %w", name, a.Factors, err)
			}
			r.Dataset = name
			of = append(of, r)
		}
		report.Results = append(report.Results, of...)
		if err := errors.Join(report.print(g.stdout, of), g.stdout.Flush()); err != nil {
			return report, err
		}
	}
	return report, nil
}

// print prints the measurements on one data set.
func (p perfReport) print(w *bufio.Writer, of []perf.Result) error {
	r, solver := of[0], p.Solver
	if solver == "cg" {
		solver = fmt.Sprintf("cg, %d steps", p.Steps)
	}
	fmt.Fprintf(w, "%s: %d users, %d items, %d entries; %s; %s, %d threads\n\n", r.Dataset, r.Users, r.Items, r.Entries, solver, p.Device, p.Threads)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "factors\ts\tmin\tlimit\ts/limit\tpeak MiB\toff\t")
	for _, r := range of {
		s := r.Ours.Median()
		fmt.Fprintf(t, "%d\t%.4g\t%.4g\t%.4g\t%.2f\t%s\t%d\t\n", r.Factors, s, r.Ours.Min(), r.Limit, s/r.Limit, mib(r.PeakMemory), r.Ours.Discarded)
	}
	fmt.Fprintln(t, "\nlimit\tGflop\tGflop/s\ts\tGB\tGB/s, items\tGB/s, users\ts\t")
	for _, r := range of {
		fmt.Fprintf(t, "%d\t%.4g\t%.4g\t%.4g\t%.4g\t%.4g\t%.4g\t%.4g\t\n", r.Factors, r.Work.Flops/1e9, r.UserSpeed.Flops/1e9, r.Arithmetic,
			r.Work.Bytes/1e9, r.UserSpeed.Bytes/1e9, r.ItemSpeed.Bytes/1e9, r.Reading)
	}
	if r.Theirs != nil {
		fmt.Fprintf(t, "\n%s\ts\tmin\tours/s\tours/min\toff\t\n", r.Peer)
		for _, r := range of {
			s, least := r.Theirs.Median(), r.Theirs.Min()
			fmt.Fprintf(t, "%d\t%.4g\t%.4g\t%.3f\t%.3f\t%d\t\n", r.Factors, s, least, r.Ours.Median()/s, r.Ours.Min()/least, r.Theirs.Discarded)
		}
	}
	fmt.Fprintln(t)
	return t.Flush()
}

func mib(bytes int64) string {
	if bytes < 0 {
		return "–"
	}
	return fmt.Sprintf("%.0f", float64(bytes)/(1<<20))
}
