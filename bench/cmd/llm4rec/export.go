package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"llm4rec/bench"
	"llm4rec/results"
	"llm4rec/results/trec"
)

func exportCommand(g *globals) *cobra.Command {
	var format, out string
	var split bool
	var sets []string
	c := &cobra.Command{
		Use:   "export DIR --format trec | export --split EXPERIMENT",
		Short: "Write rankings for other evaluators, or a split for other people's models",
		Long: `Export DIR writes the stored rankings of an experiment as TREC runs, with qrels and an index (runs.json) of what
belongs together. Scores are strictly decreasing integers, because other evaluators break ties in their own ways.

Export --split writes the split of each protocol of an experiment as RecBole atomic files, with histories, masks and
qrels. Predictions of a model that learnt from them come back through 'model: external' and get a row of the same table.`,
		Example: "  llm4rec export out/quick --format trec --out trec\n  llm4rec export --split quick --out split",
		Args:    exactArgs(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if split {
				return g.exportSplit(c, args[0], sets, out)
			}
			if len(sets) > 0 {
				return usageError{errors.New("--set goes with --split: stored rankings are exported as they are")}
			}
			if format != "trec" {
				return usageError{fmt.Errorf("--format %q: the one known is trec", format)}
			}
			if _, err := os.Stat(filepath.Join(args[0], results.ManifestName)); err != nil {
				return fmt.Errorf("%s is not the folder of an experiment: %w", args[0], err)
			}
			store, err := results.OpenRead(args[0])
			if err != nil {
				return err
			}
			runs, err := trec.Export(store, out)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(g.stdout, "%s: %d runs with their qrels, listed in %s\n", out, len(runs), filepath.Join(out, trec.IndexName))
			return err
		},
	}
	f := c.Flags()
	f.StringVar(&format, "format", "trec", "form of the rankings: trec")
	f.StringVar(&out, "out", "export", "folder to write")
	f.BoolVar(&split, "split", false, "export the split of an experiment")
	f.StringArrayVar(&sets, "set", nil, "with --split: "+setHelp)
	return c
}

func (g *globals) exportSplit(c *cobra.Command, name string, sets []string, out string) error {
	log := g.logger(g.stderr)
	r := bench.Runner{Suite: g.suite(log, true), Log: log}
	p, err := resolve(r.Suite, name, sets)
	if err != nil {
		return err
	}
	dirs, err := r.ExportSplits(c.Context(), p, out)
	for _, dir := range dirs {
		fmt.Fprintln(g.stdout, dir)
	}
	return err
}
