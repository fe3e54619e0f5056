package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"llm4rec/bench"
	"llm4rec/bench/tune"
	"llm4rec/gpu"
)

func validateCommand(g *globals) *cobra.Command {
	var sets []string
	c := &cobra.Command{
		Use:   "validate EXPERIMENT…",
		Short: "Check specifications and run nothing",
		Long:  "Validate reports every issue of a specification with file, line and column. It loads no data.",
		Args:  exactArgs(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			s := g.suite(g.logger(g.stderr), false)
			for _, name := range args {
				p, err := resolve(s, name, sets)
				if err != nil {
					return err
				}
				fmt.Fprintf(g.stdout, "%s: valid: %d systems × %d protocols, %d cells\n", name, len(p.Spec.Systems), len(p.Protocols), len(p.Cells))
			}
			return nil
		},
	}
	c.Flags().StringArrayVar(&sets, "set", nil, setHelp)
	return c
}

func planCommand(g *globals) *cobra.Command {
	var sets, only []string
	var out string
	c := &cobra.Command{
		Use:   "plan EXPERIMENT…",
		Short: "Show the cells of experiments, which are done, and a rough cost; run nothing",
		Args:  exactArgs(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			log := g.logger(g.stderr)
			g.results = out
			s := g.suite(log, false)
			for _, name := range args {
				p, err := resolve(s, name, sets)
				if err != nil {
					return err
				}
				r := bench.Runner{Suite: s, Device: gpu.CPU(), Out: out, Only: only, Log: log}
				outlook, err := r.Outlook(c.Context(), p)
				if err != nil {
					return err
				}
				if err := g.printOutlook(p, outlook); err != nil {
					return err
				}
			}
			return nil
		},
	}
	f := c.Flags()
	f.StringArrayVar(&sets, "set", nil, setHelp)
	f.StringSliceVar(&only, "only", nil, "plan these systems only, by name")
	f.StringVar(&out, "out", "out", "folder of the results")
	return c
}

func (g *globals) printOutlook(p *bench.Plan, o bench.Outlook) error {
	fmt.Fprintf(g.stdout, "%s: %d cells", p.Spec.Name, len(o.Cells))
	if o.Missing != nil {
		fmt.Fprintf(g.stdout, "; cost and progress unknown: %v", o.Missing)
	} else {
		fmt.Fprintf(g.stdout, ", %d done; data %s: %d users, %d items, %d interactions", o.Done, o.Dataset, o.Shape.Users, o.Shape.Items, o.Shape.Interactions)
	}
	fmt.Fprintln(g.stdout)
	w := tabwriter.NewWriter(g.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "PROTOCOL\tSYSTEM\tMODEL\tSEED\tSTATE\tROUGH COST")
	for _, c := range o.Cells {
		seed, state, cost := "–", "to run", "–"
		if c.Cell.Model.Seeded {
			seed = fmt.Sprint(c.Cell.Seed)
		}
		switch {
		case c.Done:
			state, cost = "done", time.Duration(c.Seconds*float64(time.Second)).Round(time.Millisecond).String()+" measured"
		case o.Missing != nil:
			state = "unknown"
		case c.Calls > 0:
			cost = fmt.Sprintf("about %d calls", c.Calls)
		case c.Seconds > 0:
			cost = "about " + time.Duration(c.Seconds*float64(time.Second)).Round(100*time.Millisecond).String()
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", c.Cell.Protocol.Name, c.Cell.System.Name, c.Cell.Model.Name, seed, state, cost)
	}
	if o.Missing == nil {
		calls := ""
		if n := o.Calls(); n > 0 {
			calls = fmt.Sprintf(", and about %d calls of language models, without those that are recorded", n)
		}
		fmt.Fprintf(w, "total\t\t\t\t\tabout %s left on %d cores%s\n", time.Duration(o.Left()*float64(time.Second)).Round(100*time.Millisecond), runtime.GOMAXPROCS(0), calls)
	}
	return w.Flush()
}

func schemaCommand(g *globals) *cobra.Command {
	var search bool
	c := &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of a specification, for editors and other programs",
		Args:  exactArgs(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			s := g.suite(g.logger(g.stderr), false)
			schema, err := s.Schema()
			if search {
				schema, err = tune.Schema(s)
			}
			if err != nil {
				return err
			}
			e := json.NewEncoder(g.stdout)
			e.SetIndent("", "  ")
			return e.Encode(schema)
		},
	}
	c.Flags().BoolVar(&search, "tune", false, "that of a search for hyperparameters in place of an experiment's")
	return c
}

func modelsCommand(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "models",
		Short: "List the models with their parameters and defaults",
		Args:  exactArgs(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			w := tabwriter.NewWriter(g.stdout, 0, 0, 2, ' ', 0)
			for _, m := range g.suite(g.logger(g.stderr), false).Models {
				params, err := json.Marshal(m.Config)
				if err != nil {
					return err
				}
				fmt.Fprintf(w, "%s\t%s\t%s\n", m.Name, m.Doc, params)
			}
			return w.Flush()
		},
	}
}

func versionCommand(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the program's commit and toolchain",
		Args:  exactArgs(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			name := commit
			if name == "" {
				name = "unknown"
			}
			_, err := fmt.Fprintf(g.stdout, "llm4rec %s, %s %s/%s\n", name, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}
