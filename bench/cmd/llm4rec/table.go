package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"llm4rec/eval"
	"llm4rec/results/table"
)

// tableOptions are the flags of every command that prints tables.
type tableOptions struct {
	format, output string
	intervals      bool
	relative       string
	metrics        []string // in place of the experiment's own
	co2            float64
}

func (o *tableOptions) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.format, "format", "", "text, md, latex, csv, html or json; by default that of the ending of --output, or text")
	f.StringVarP(&o.output, "output", "o", "", "file to write instead of standard output")
	f.BoolVar(&o.intervals, "intervals", false, "print 95% intervals beside the means (CSV and JSON always have them)")
	f.Float64Var(&o.co2, "co2", 0, "grams of CO₂ of a kilowatt-hour where the systems ran: adds the CO₂ of their joules, where these were measured")
	f.StringVar(&o.relative, "relative", "", "system that a column compares the primary metric with; default: the experiment's baseline; 'none': no column")
}

// check says what is wrong with the flags.
func (o *tableOptions) check(c *cobra.Command, _ []string) error {
	if c.Flags().Changed("co2") && !(o.co2 > 0 && o.co2 < math.MaxFloat64) {
		return usageError{fmt.Errorf("--co2 %v: want the grams of a kilowatt-hour, more than 0", o.co2)}
	}
	return nil
}

func tableCommand(g *globals) *cobra.Command {
	var o tableOptions
	c := &cobra.Command{
		Use:   "table DIR",
		Short: "Print the tables of results, from their records alone",
		Long: `Table reads the results of one experiment, or of all experiments in a folder, and prints one table a protocol.
Values of several seeds are averaged by user first. The best value of a column is marked *, and those that a paired
randomisation test by user (α = 0.05, Holm's correction over the rows) cannot distinguish from it ≈.`,
		Example: "  llm4rec table out/quick --intervals\n  llm4rec table out --format csv -o table.csv",
		Args:    exactArgs(cobra.ExactArgs(1)),
		PreRunE: o.check,
		RunE:    func(c *cobra.Command, args []string) error { return g.printTables(c.Context(), args[0], o) },
	}
	o.flags(c)
	return c
}

func scoreCommand(g *globals) *cobra.Command {
	var o tableOptions
	c := &cobra.Command{
		Use:     "score DIR --metrics NAME@CUTOFF,…",
		Short:   "Compute other metrics from the stored rankings, without training",
		Long:    "Score is table with metrics of your choice. Cutoffs reach as far as the stored rankings, 100 ranks by default.\n\nMetrics:\n" + metricHelp(),
		Example: "  llm4rec score out/quick --metrics map@100,ndcg@100,coverage@10",
		Args:    exactArgs(cobra.ExactArgs(1)),
		PreRunE: o.check,
		RunE: func(c *cobra.Command, args []string) error {
			if _, err := eval.ParseAll(o.metrics); err != nil {
				return usageError{err}
			}
			return g.printTables(c.Context(), args[0], o)
		},
	}
	o.flags(c)
	c.Flags().StringSliceVar(&o.metrics, "metrics", nil, "metrics, in the order of the columns")
	if err := c.MarkFlagRequired("metrics"); err != nil {
		panic(err) // the flag is defined in the line above
	}
	return c
}

func metricHelp() string {
	var b strings.Builder
	names, docs := eval.Names()
	for n, name := range names {
		fmt.Fprintf(&b, "  %-11s %s\n", name, docs[n])
	}
	return b.String()
}

// outputFormat is what --format says, or else the ending of --output.
func outputFormat(format, output string) (table.Format, error) {
	switch {
	case format != "":
		f, err := table.ParseFormat(format)
		if err != nil {
			return "", usageError{err}
		}
		return f, nil
	case output != "":
		f, err := table.FormatOf(output)
		if err != nil {
			return "", usageError{err}
		}
		return f, nil
	}
	return table.Text, nil
}

// to calls write with standard output, or with the file of that name.
func (g *globals) to(output string, write func(io.Writer) error) (err error) {
	if output == "" {
		return write(g.stdout)
	}
	f, err := os.Create(output)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return write(f)
}

func (g *globals) printTables(ctx context.Context, dir string, o tableOptions) error {
	format, err := outputFormat(o.format, o.output)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	err = atOnce(ctx, func() error {
		list, err := table.Load(dir, o.metrics...)
		if err != nil {
			return err
		}
		return table.Write(&b, format, list, table.Options{Intervals: o.intervals, Relative: o.relative, CO2: o.co2})
	})
	if err != nil {
		return err
	}
	return g.to(o.output, func(w io.Writer) error {
		_, err := b.WriteTo(w)
		return err
	})
}

func compareCommand(g *globals) *cobra.Command {
	var o struct{ metric, format, output string }
	c := &cobra.Command{
		Use:   "compare A B",
		Short: "Test whether systems differ, paired by user",
		Long: `Compare tests systems of A against systems of B with a paired randomisation test by user, and corrects for the number
of rows (Holm). A and B are folders of results, each with an optional system: DIR, DIR:SYSTEM or DIR:PROTOCOL/SYSTEM.
Two folders are compared system by system; a single system with every system of the other side. Results over different
splits, masks or users are refused.`,
		Example: "  llm4rec compare out/quick:als out/quick:ease\n  llm4rec compare before/quick after/quick",
		Args:    exactArgs(cobra.ExactArgs(2)),
		RunE: func(c *cobra.Command, args []string) error {
			format, err := outputFormat(o.format, o.output)
			if err != nil {
				return err
			}
			var comparison table.Comparison
			err = atOnce(c.Context(), func() (err error) {
				var sides [2][]*table.Row
				for n, arg := range args {
					if sides[n], err = rowsOf(arg); err != nil {
						return err
					}
				}
				comparison, err = table.Compare(sides[0], sides[1], o.metric)
				return err
			})
			if err != nil {
				return err
			}
			return g.to(o.output, func(w io.Writer) error { return comparison.Write(w, format) })
		},
	}
	f := c.Flags()
	f.StringVar(&o.metric, "metric", table.Primary, "metric of the comparison")
	f.StringVar(&o.format, "format", "", "text, md, latex, csv, html or json")
	f.StringVarP(&o.output, "output", "o", "", "file to write instead of standard output")
	return c
}

// rowsOf reads DIR, DIR:SYSTEM or DIR:PROTOCOL/SYSTEM. A folder whose own name has a colon is taken as it is.
func rowsOf(arg string) ([]*table.Row, error) {
	dir, which := arg, ""
	if _, err := os.Stat(arg); err != nil {
		if at := strings.LastIndex(arg, ":"); at > 0 {
			dir, which = arg[:at], arg[at+1:]
		}
	}
	experiments, err := table.Load(filepath.Clean(dir))
	if err != nil {
		return nil, err
	}
	var all, chosen []*table.Row
	var names []string
	for n := range experiments {
		all = append(all, experiments[n].Rows()...)
	}
	for _, r := range all {
		names = append(names, r.Protocol+"/"+r.System)
		if which == "" || which == r.System || which == r.Protocol+"/"+r.System {
			chosen = append(chosen, r)
		}
	}
	if len(chosen) == 0 {
		return nil, usageError{fmt.Errorf("%s: no finished system %q; there are %s", dir, which, strings.Join(names, ", "))}
	}
	return chosen, nil
}
