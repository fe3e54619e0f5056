package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"llm4rec/results/report"
)

func reportCommand(g *globals) *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:   "report DIR…",
		Short: "Make a site of results: leaderboards, comparisons, plots",
		Long: `Report makes a static site of the experiments in folders of results, or in folders of such, from their records alone.
It opens from a file, asks no server for anything, and is the same for the same records, byte for byte.

A site that is there is replaced as a whole when the new one is complete; a folder that holds something else is refused.`,
		Example: "  llm4rec report out --out site\n  llm4rec report out/quick out/paper --out site",
		Args:    exactArgs(cobra.MinimumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			w, err := report.Write(c.Context(), out, args)
			var other *report.NotOurs
			if errors.As(err, &other) {
				return usageError{err}
			}
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(g.stdout, "%s: leaderboards %d, systems %d, pages %d\n", filepath.Join(out, "index.html"), w.Boards, w.Systems, w.Pages)
			return err
		},
	}
	c.Flags().StringVar(&out, "out", "site", "folder to write")
	return c
}
