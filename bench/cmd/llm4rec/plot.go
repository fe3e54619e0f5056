package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"llm4rec/results/figure"
	"llm4rec/results/report"
)

func plotCommand(g *globals) *cobra.Command {
	var out, format string
	c := &cobra.Command{
		Use:   "plot DIR…",
		Short: "Draw the plots of results as SVG, PNG or PDF files",
		Long: `Plot draws what the site of 'llm4rec report' shows, a file each: quality against training time, latency, energy and
dollars, with the Pareto frontier; quality by the length of the history and by the popularity of what is to be found;
training curves; how ranks change between the protocols of an experiment.`,
		Example: "  llm4rec plot out/paper --format pdf --out plots",
		Args:    exactArgs(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			var figures []*figure.Figure
			err := atOnce(c.Context(), func() (err error) {
				figures, err = report.Figures(args)
				return err
			})
			if err != nil {
				return err
			}
			if err := os.MkdirAll(out, 0o777); err != nil {
				return err
			}
			var unknown *figure.Unknown
			for _, f := range figures {
				content, err := f.File(format)
				if errors.As(err, &unknown) {
					return usageError{err}
				}
				if err != nil {
					return err
				}
				path := filepath.Join(out, f.Name+"."+format)
				if err := os.WriteFile(path, content, 0o644); err != nil {
					return err
				}
				fmt.Fprintln(g.stdout, path)
			}
			return nil
		},
	}
	c.Flags().StringVar(&out, "out", "plots", "folder to write")
	c.Flags().StringVar(&format, "format", "svg", strings.Join(figure.Formats(), ", "))
	return c
}
