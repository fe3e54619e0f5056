package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"llm4rec/bench"
	"llm4rec/results"
	"llm4rec/results/hub"
	"llm4rec/results/mlflow"
	"llm4rec/results/table"
	"llm4rec/results/tensorboard"
	"llm4rec/results/trec"
)

// exportOptions are the flags of export.
type exportOptions struct {
	format, out string
	url         string // of MLflow's server
	hub         hub.Options
}

func exportCommand(g *globals) *cobra.Command {
	var o exportOptions
	var split bool
	var sets []string
	c := &cobra.Command{
		Use:   "export DIR --format FORMAT | export --split EXPERIMENT",
		Short: "Write results in the forms of other programs, or a split for other people's models",
		Long: `Export DIR writes the stored results of an experiment, or of a bundle, in another program's form:

  trec         the rankings as TREC runs, with qrels and an index (runs.json) of what belongs together. Scores are strictly
               decreasing integers, because other evaluators break ties in their own ways.
  mlflow       to the tracking server at --url: a run for each finished cell, with parameters, metrics, timing and the curve of
               its training. Runs that are there are not sent again. MLFLOW_TRACKING_TOKEN is sent where it is set.
  tensorboard  event files, a folder for each finished cell
  hf           evaluation results of the Hugging Face Hub, .eval_results/EXPERIMENT.yaml for each system

Tables are Markdown, LaTeX, CSV, JSON or HTML by 'llm4rec table'.

Export --split writes the split of each protocol of an experiment as RecBole atomic files, with histories, masks and
qrels. Predictions of a model that learnt from them come back through 'model: external' and get a row of the same table.`,
		Example: `  llm4rec export out/quick --format trec --out trec
  llm4rec export out/quick --format mlflow --url http://127.0.0.1:5000
  llm4rec export out/quick --format hf --hub-dataset me/ml-100k --out hf
  llm4rec export --split quick --out split`,
		Args: exactArgs(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if split {
				return g.exportSplit(c, args[0], sets, o.out)
			}
			if len(sets) > 0 {
				return usageError{errors.New("--set goes with --split: stored rankings are exported as they are")}
			}
			return g.export(c.Context(), filepath.Clean(args[0]), o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.format, "format", "trec", "trec, mlflow, tensorboard or hf")
	f.StringVar(&o.out, "out", "export", "folder to write")
	f.StringVar(&o.url, "url", os.Getenv("MLFLOW_TRACKING_URI"), "with mlflow: address of the tracking server (also: MLFLOW_TRACKING_URI)")
	f.StringVar(&o.hub.Dataset, "hub-dataset", "", "with hf: the benchmark's data set on the Hub, ORGANISATION/NAME")
	f.StringVar(&o.hub.Source, "source-url", "", "with hf: where the results can be checked, such as the address of a bundle")
	f.BoolVar(&split, "split", false, "export the split of an experiment")
	f.StringArrayVar(&sets, "set", nil, "with --split: "+setHelp)
	return c
}

func (g *globals) export(ctx context.Context, dir string, o exportOptions) error {
	known := map[string]func(context.Context, *results.Store, exportOptions) error{
		"trec": g.exportTREC, "mlflow": g.exportMLflow, "tensorboard": g.exportTensorBoard, "hf": g.exportHub,
	}
	write, ok := known[o.format]
	if !ok {
		return usageError{fmt.Errorf("--format %q: known are trec, mlflow, tensorboard, hf", o.format)}
	}
	if _, err := os.Stat(filepath.Join(dir, results.ManifestName)); err != nil {
		return fmt.Errorf("%s is not the folder of an experiment: %w", dir, err)
	}
	store, err := results.OpenRead(dir)
	if err != nil {
		return err
	}
	return write(ctx, store, o)
}

func (g *globals) exportTREC(_ context.Context, store *results.Store, o exportOptions) error {
	runs, err := trec.Export(store, o.out)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(g.stdout, "%s: %d runs with their qrels, listed in %s\n", o.out, len(runs), filepath.Join(o.out, trec.IndexName))
	return err
}

func (g *globals) exportMLflow(ctx context.Context, store *results.Store, o exportOptions) error {
	if o.url == "" {
		return usageError{errors.New("--format mlflow needs --url, the address of a tracking server")}
	}
	sent, err := mlflow.Export(ctx, mlflow.Server{URL: o.url, Token: os.Getenv("MLFLOW_TRACKING_TOKEN")}, store)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(g.stdout, "%s: experiment %s, %d runs sent, %d there before\n", o.url, sent.Experiment, sent.Runs, sent.Before)
	return err
}

func (g *globals) exportTensorBoard(_ context.Context, store *results.Store, o exportOptions) error {
	folders, err := tensorboard.Export(store, o.out)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(g.stdout, "%s: %d folders of event files; tensorboard --logdir %s\n", o.out, len(folders), o.out)
	return err
}

func (g *globals) exportHub(_ context.Context, store *results.Store, o exportOptions) error {
	experiments, err := table.Load(store.Dir())
	if err != nil {
		return err
	}
	files, left, err := hub.Export(experiments[0], o.out, o.hub)
	for _, row := range left {
		fmt.Fprintf(g.stdout, "left out: %s\n", row)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(g.stdout, "%s: %d files\n", o.out, len(files))
	return err
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
