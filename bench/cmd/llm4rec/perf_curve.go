package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"llm4rec/bench"
	"llm4rec/bench/perf"
	"llm4rec/bench/suite"
	"llm4rec/results"
)

// curveReport is what --json writes.
type curveReport struct {
	Environment results.Environment `json:"environment"`
	Device      string              `json:"device"`
	Threads     int                 `json:"threads"`
	Dataset     string              `json:"dataset"`
	Protocol    bench.Protocol      `json:"protocol"`
	Config      any                 `json:"config"`
	Curves      []perf.Curve        `json:"curves"` // ours first
	Projection  *perf.Projection    `json:"projection,omitempty"`
}

func perfCurveCommand(g *globals) *cobra.Command {
	var sets []string
	var device, file string
	var a perf.Curves
	c := &cobra.Command{
		Use:   "curve EXPERIMENT:SYSTEM",
		Short: "Seconds of training until SASRec has a validation NDCG@10, and PyTorch and RecBole beside it",
		Long: `Trains a system of an experiment, which is a SASRec, with the first of its seeds, until it has not been better on
validation for as many epochs as its patience says, and then each of the peers:

  --torch PYTHON    a plain SASRec in PyTorch with the same windows and hyperparameters, without padding in the softmax
  --recbole PYTHON  RecBole's SASRec with RecBole's own settings but for max_length. It masks nothing on validation, so
                    that the experiment's protocol must have 'seen: none'

It prints the seconds of training, without validations, until each has reached a level for the first time, and the processor
time by then, which says more where the machine is busy. The highest level is the best value that all have reached. With --batches, RecBole is only timed, on so many batches, and what an epoch would
take is a projection.`,
		Example: "  llm4rec perf curve recbole:sasrec-10 --torch ~/torch/bin/python --recbole ~/torch/bin/python",
		Args:    exactArgs(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if a.Batches < 0 {
				return usageError{fmt.Errorf("--batches: want at least 0, got %d", a.Batches)}
			}
			if a.Batches > 0 && a.RecBole == "" {
				return usageError{errors.New("--batches are RecBole's: want --recbole")}
			}
			return reported(file, func() (curveReport, error) { return g.perfCurve(c.Context(), a, args[0], sets, device) })
		},
	}
	f := c.Flags()
	f.StringArrayVar(&sets, "set", nil, setHelp)
	f.StringVar(&device, "device", "auto", suite.DeviceHelp)
	f.StringVar(&a.Torch, "torch", os.Getenv("LLM4REC_PEERS"), "Python that has PyTorch (also: LLM4REC_PEERS)")
	f.StringVar(&a.RecBole, "recbole", "", "Python that has RecBole")
	f.IntVar(&a.Batches, "batches", 0, "time only so many batches of RecBole; 0: its whole curve")
	f.StringVar(&file, "json", "", "file for all curves")
	return c
}

func (g *globals) perfCurve(ctx context.Context, a perf.Curves, name string, sets []string, device string) (_ curveReport, err error) {
	log := g.logger(g.stderr)
	s := g.suite(log, true)
	experiment, system, found := strings.Cut(name, ":")
	if !found {
		return curveReport{}, usageError{fmt.Errorf("%q: want EXPERIMENT:SYSTEM", name)}
	}
	plan, err := resolve(s, experiment, sets)
	if err != nil {
		return curveReport{}, err
	}
	cell, config, err := perf.SASRecOf(plan, system)
	if err != nil {
		return curveReport{}, usageError{err}
	}
	opened, why, err := openDevice(device)
	if err != nil {
		return curveReport{}, err
	}
	defer func() { err = errors.Join(err, opened.Close()) }()
	log.Info("device", "name", opened.Name(), "why", why, "about", opened.About())
	d, _, err := s.Load(ctx, plan.Spec, log)
	if err != nil {
		return curveReport{}, err
	}
	config.Seed, config.Device = uint64(cell.Seed), opened
	a.Config, a.Protocol = config, cell.Protocol
	a.Progress = func(side string, epoch int, ndcg, seconds float64) {
		log.Info("epoch", "side", side, "epoch", epoch, "ndcg@10", fmt.Sprintf("%.4f", ndcg), "sec", fmt.Sprintf("%.1f", seconds))
	}
	report := curveReport{
		Environment: results.Environ(commit, opened.About()), Device: opened.Name(), Threads: runtime.GOMAXPROCS(0),
		Dataset: d.Name, Protocol: cell.Protocol, Config: config,
	}
	if report.Curves, report.Projection, err = a.Measure(ctx, d); err != nil {
		return report, err
	}
	return report, errors.Join(report.print(g.stdout, name), g.stdout.Flush())
}

// print prints when each side reached a level, and how many times ours that is.
func (r curveReport) print(w *bufio.Writer, name string) error {
	fmt.Fprintf(w, "%s on %s, %s, seen %s; %s, %d threads\n\n", name, r.Dataset, r.Protocol.Method, r.Protocol.Seen, r.Device, r.Threads)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\tepochs\ts\ts/epoch\tcores\tbest ndcg@10\tafter\t")
	for _, c := range r.Curves {
		best := c.Best()
		fmt.Fprintf(t, "%s\t%d\t%.1f\t%.2f\t%.2f\t%.4f\t%d\t\n", c.Name, len(c.Points), c.Seconds(), c.Seconds()/float64(max(1, len(c.Points))), c.Cores, best.NDCG, best.Epoch)
	}
	common := perf.Common(r.Curves)
	for _, share := range []float64{.9, .95, 1} {
		level := share * common
		fmt.Fprintf(t, "\nndcg@10 of %.4f\tepoch\ts\t/ours\tcpu s\t/ours\t\n", level)
		ours, _ := r.Curves[0].Reach(level)
		for _, c := range r.Curves {
			p, _ := c.Reach(level)
			cpu := p.Seconds * c.Cores
			fmt.Fprintf(t, "%s\t%d\t%.2f\t%.2f\t%.2f\t%.2f\t\n", c.Name, p.Epoch, p.Seconds, p.Seconds/ours.Seconds, cpu, cpu/(ours.Seconds*r.Curves[0].Cores))
		}
	}
	if p := r.Projection; p != nil {
		ours := r.Curves[0].Best()
		fmt.Fprintf(t, "\nprojection\tof batches\tof an epoch's\ts/epoch\tours, to its best\t\n")
		fmt.Fprintf(t, "%s\t%d\t%d\t%.0f\t%.0f\t\n", p.Name, p.Timed, p.Batches, p.Seconds, ours.Seconds)
	}
	fmt.Fprintln(t)
	return t.Flush()
}
