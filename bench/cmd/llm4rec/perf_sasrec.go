package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"llm4rec/bench/perf"
	"llm4rec/bench/suite"
	"llm4rec/results"
)

// sasrecReport is what --json writes.
type sasrecReport struct {
	Environment results.Environment `json:"environment"`
	Device      string              `json:"device"`
	Threads     int                 `json:"threads"`
	Config      any                 `json:"config"`
	Results     []perf.Training     `json:"results"`
}

func perfSASRecCommand(g *globals) *cobra.Command {
	var names []string
	var device, file string
	a := perf.DefaultSASRec()
	c := &cobra.Command{
		Use:   "sasrec",
		Short: "Targets a second of SASRec's training, with where the time goes, and PyTorch beside it",
		Long: `Trains on whole data sets and prints, for ours and for the peer's:

  targets/s, max  targets trained on in a second, of turns: median and most
  ours/           how many times as fast ours is, by medians
  cores           processor time a second
  off             turns of ours not counted, because it had too little of its cores (--busy)

and, for ours, what a step spends on which kernel, and what part that is; and the flops that the targets need, forward and
backward, beside those of a product of large matrices, measured between the turns.

With --peer, a Python with PyTorch (bench/peers), a plain SASRec of the same sizes takes turns with ours, once with padded
batches and once without padding in the softmax.`,
		Args: exactArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := checkNames(names); err != nil {
				return err
			}
			if err := errors.Join(a.Config.Validate(), a.Validate()); err != nil {
				return usageError{err}
			}
			return reported(file, func() (sasrecReport, error) { return g.perfSASRec(c.Context(), a, device, names) })
		},
	}
	f := c.Flags()
	f.StringArrayVar(&names, "dataset", []string{"ml-1m-sasrec"}, "data set; may be repeated")
	f.IntVar(&a.Config.Hidden, "hidden", 64, "length of a vector")
	f.IntVar(&a.Config.MaxLength, "max-length", 200, "length of a window")
	f.IntVar(&a.Config.Batch, "batch", 128, "windows in a step")
	f.Float64Var(&a.Config.Dropout, "dropout", .2, "dropout")
	f.StringVar(&a.Config.Norm, "norm", "pre", "pre, post or kang; the peer has pre")
	f.IntVar(&a.Rounds, "rounds", 3, "turns of each side")
	f.DurationVar(&a.Window, "window", 20*time.Second, "length of a turn")
	f.Float64Var(&a.Busy, "busy", .9, "part of its cores that a process must have had for a turn to count")
	f.StringVar(&device, "device", "auto", suite.DeviceHelp)
	f.StringVar(&a.Python, "peer", os.Getenv("LLM4REC_PEERS"), "Python that has PyTorch (also: LLM4REC_PEERS)")
	f.StringVar(&file, "json", "", "file for all measurements")
	return c
}

func (g *globals) perfSASRec(ctx context.Context, a perf.SASRec, device string, names []string) (_ sasrecReport, err error) {
	opened, why, err := openDevice(device)
	if err != nil {
		return sasrecReport{}, err
	}
	defer func() { err = errors.Join(err, opened.Close()) }()
	log := g.logger(g.stderr)
	log.Info("device", "name", opened.Name(), "why", why, "about", opened.About())
	a.Config.Device = opened
	report := sasrecReport{
		Environment: results.Environ(commit, opened.About()), Device: opened.Name(), Threads: runtime.GOMAXPROCS(0), Config: a.Config,
	}
	for _, name := range names {
		d, _, err := suite.OpenDataset(ctx, name, g.datasets(true))
		if err != nil {
			return report, err
		}
		log.Info("measuring", "dataset", name)
		r, err := a.Measure(ctx, d)
		if err != nil {
			return report, fmt.Errorf("%s: %w", name, err)
		}
		r.Dataset = name
		report.Results = append(report.Results, r)
		if err := errors.Join(report.print(g.stdout, r, a), g.stdout.Flush()); err != nil {
			return report, err
		}
	}
	return report, nil
}

// print prints the measurement on one data set.
func (p sasrecReport) print(w *bufio.Writer, r perf.Training, a perf.SASRec) error {
	fmt.Fprintf(w, "%s: hidden %d, length %d, batch %d; %s, %d threads; %d steps an epoch\n\n", r.Dataset, a.Config.Hidden, a.Config.MaxLength, a.Config.Batch, p.Device, p.Threads, r.Steps)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\ttargets/s\tmax\tours/\tcores\toff\t")
	ours := perf.Median(r.Rates[0].Targets)
	for _, x := range r.Rates {
		most := 0.0
		for _, v := range x.Targets {
			most = max(most, v)
		}
		median := perf.Median(x.Targets)
		fmt.Fprintf(t, "%s\t%.0f\t%.0f\t%.2f\t%.2f\t%d\t\n", x.Name, median, most, ours/median, perf.Median(x.Cores), x.Discarded)
	}
	total := 0.0
	for _, s := range r.Shares {
		total += s.Seconds
	}
	fmt.Fprintln(t, "\nkernel\tms/step\tpart\t")
	for _, s := range r.Shares {
		fmt.Fprintf(t, "%s\t%.2f\t%.1f%%\t\n", s.Kernel, 1000*s.Seconds, 100*s.Seconds/total)
	}
	fmt.Fprintf(t, "\nMflop/target\tGflop/s\tof a large product\t\n%.2f\t%.1f\t%.0f%%\t\n\n", r.Flops/1e6, ours*r.Flops/1e9, 100*ours*r.Flops/r.Peak)
	return t.Flush()
}
