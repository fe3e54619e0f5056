package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"llm4rec/bench/perf"
	"llm4rec/bench/suite"
	"llm4rec/models/index"
	"llm4rec/results"
)

// indexReport is what --json writes.
type indexReport struct {
	Environment results.Environment `json:"environment"`
	Device      string              `json:"device"`
	Threads     int                 `json:"threads"`
	Rows        int                 `json:"rows"`
	Dim         int                 `json:"dim"`
	Queries     int                 `json:"queries"`
	K           int                 `json:"k"`
	Metric      index.Metric        `json:"metric"`
	perf.Frontier
}

func perfIndexCommand(g *globals) *cobra.Command {
	var device, metric, file string
	var own bool
	a := perf.DefaultIndex()
	c := &cobra.Command{
		Use:   "index",
		Short: "What vector indexes find, and what it costs, beside the exact one and PyPI's faiss-cpu",
		Long: `Builds indexes of clusters of vectors of unit length, then searches each by turns with a batch of queries, and prints:

  recall     part of the exact index's k best that it found
  build s    seconds of training and adding
  search s   of the batch, median and least
  queries/s  by the median
  MiB        that the index holds
  Gflop/s    of those that compare a query with all vectors, and what part that is of a product of large matrices, the
             best of those measured between the turns
  off        turns of ours not counted, because it had too little of its cores (--busy)

--index adds one of FAISS's, with parameters after semicolons: --index 'faiss:IVF256,Flat;nprobe=16', or on GPUs
--index 'faiss-gpu:IVF256,Flat;nprobe=16;devices=2;float16=1'. --own measures
faiss:Flat also in processes in which FAISS answers a batch with its own threads: asleep when idle, as in this program
(OMP_WAIT_POLICY=passive), and as it comes. With --peer, a Python with faiss-cpu (bench/peers) takes turns too, with the same
indexes.`,
		Args: exactArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			a.Metric = index.Metric(metric)
			if err := a.Validate(); err != nil {
				return usageError{err}
			}
			if own {
				a.Program = os.Args[0]
			}
			return reported(file, func() (indexReport, error) { return g.perfIndex(c.Context(), a, device) })
		},
	}
	f := c.Flags()
	f.StringArrayVar(&a.Indexes, "index", nil, "index of FAISS's to measure beside the exact one; may be repeated")
	f.IntVar(&a.Rows, "rows", a.Rows, "vectors")
	f.IntVar(&a.Dim, "dim", a.Dim, "length of a vector")
	f.IntVar(&a.Queries, "queries", a.Queries, "queries in the batch")
	f.IntVar(&a.K, "k", a.K, "items to find for each")
	f.StringVar(&metric, "metric", string(a.Metric), "ip or l2")
	f.IntVar(&a.Rounds, "rounds", a.Rounds, "turns of each")
	f.Float64Var(&a.Busy, "busy", a.Busy, "part of its cores that a process must have had for a turn to count")
	f.StringVar(&device, "device", "auto", suite.DeviceHelp)
	f.BoolVar(&own, "own", false, "measure faiss:Flat with FAISS's own threads too")
	f.StringVar(&a.Python, "peer", os.Getenv("LLM4REC_PEERS"), "Python that has faiss-cpu (also: LLM4REC_PEERS)")
	f.StringVar(&file, "json", "", "file for all measurements")
	return c
}

// perfIndexProcess is what perf index starts for FAISS's own threads.
func perfIndexProcess(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:    "index-process DIR",
		Hidden: true,
		Args:   exactArgs(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			return perf.ServeIndex(c.Context(), args[0], c.InOrStdin(), g.stdout)
		},
	}
}

func (g *globals) perfIndex(ctx context.Context, a perf.Index, device string) (_ indexReport, err error) {
	opened, why, err := openDevice(device)
	if err != nil {
		return indexReport{}, err
	}
	defer func() { err = errors.Join(err, opened.Close()) }()
	g.logger(g.stderr).Info("device", "name", opened.Name(), "why", why, "about", opened.About())
	a.Device = opened
	report := indexReport{
		Environment: results.Environ(commit, opened.About()), Device: opened.Name(), Threads: runtime.GOMAXPROCS(0),
		Rows: a.Rows, Dim: a.Dim, Queries: a.Queries, K: a.K, Metric: a.Metric,
	}
	if report.Frontier, err = a.Measure(ctx); err != nil {
		return report, err
	}
	return report, errors.Join(report.print(g.stdout), g.stdout.Flush())
}

func (p indexReport) print(w *bufio.Writer) error {
	fmt.Fprintf(w, "%d vectors × %d, %d queries, %s; %s, %d threads; a large product: %.0f Gflop/s\n\n",
		p.Rows, p.Dim, p.Queries, p.Metric, p.Device, p.Threads, p.Peak/1e9)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "index\trecall@%d\tbuild s\tsearch s\tmin\tqueries/s\tMiB\tGflop/s\tof product\toff\t\n", p.K)
	for _, x := range p.Indexes {
		s := x.Median()
		speed, part := "–", "–"
		if x.All {
			speed, part = fmt.Sprintf("%.1f", p.Flops/s/1e9), fmt.Sprintf("%.2f", p.Flops/s/p.Peak)
		}
		fmt.Fprintf(t, "%s\t%.4f\t%.3g\t%.4g\t%.4g\t%.0f\t%s\t%s\t%s\t%d\t\n", x.Name, x.Recall, x.Build, s, slices.Min(x.Seconds),
			float64(p.Queries)/s, mib(x.Bytes), speed, part, x.Discarded)
	}
	fmt.Fprintln(t)
	return t.Flush()
}
