package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"llm4rec/llm/clean"
	"llm4rec/results/bundle"
)

func publishCommand(g *globals) *cobra.Command {
	var to string
	var o bundle.Options
	c := &cobra.Command{
		Use:   "publish DIR --to BUNDLE",
		Short: "Write results as a bundle that others can verify",
		Long: `Publish writes the results of an experiment as a folder with everything that its tables follow from: records, the ranks of
every user, the resolved specification, tables, the description of the machines, and the checksum of every file. It prints
the checksum of the list of checksums, which 'llm4rec verify --sum' compares.

Rows that must not be published, such as those of --limit, are refused or, with --without-unpublishable, left out and listed
in the bundle. So is everything private: keys, names of the user and the host, absolute paths. Recordings of language models
and stores of memories go along only where they are asked for; read them before, as they hold what models wrote, and other people's
texts, whose licences are printed and recorded.`,
		Example: "  llm4rec publish out/quick --to results/published/quick\n  llm4rec publish out/paper --to paper --cassette out/answers.jsonl.gz",
		Args:    exactArgs(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			if to == "" {
				return usageError{errors.New("--to names the folder to write; see 'llm4rec publish --help'")}
			}
			o.Private = bundle.Local()
			p, err := bundle.Publish(c.Context(), filepath.Clean(args[0]), filepath.Clean(to), o)
			if err != nil {
				var rows *bundle.Unpublishable
				if errors.As(err, &rows) {
					return fmt.Errorf("%w; --without-unpublishable leaves them out, and says so", err)
				}
				return err
			}
			for _, w := range p.Withheld {
				fmt.Fprintf(g.stdout, "withheld: %s under %s, seed %d: %s\n", w.System, w.Protocol, w.Seed, strings.Join(w.Why, "; "))
			}
			for _, m := range p.Memories {
				fmt.Fprintf(g.stdout, "memories: %s of %s, %d values, licence: %s\n", clean.Line(m.Field), clean.Line(m.Source), m.Values, clean.Line(cmp.Or(m.Licence, "none stated")))
			}
			if o.Memories && p.Memories == nil {
				fmt.Fprintln(g.stdout, "memories: no record says what the licences of a store are; see 'llm4rec memory show'")
			}
			fmt.Fprintf(g.stdout, "%s: %d files, %.1f MiB\nsum %s\n", to, p.Files, float64(p.Bytes)/(1<<20), p.Sum)
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&to, "to", "", "folder of the bundle")
	f.BoolVar(&o.Withhold, "without-unpublishable", false, "leave out rows that must not be published")
	f.StringArrayVar(&o.Cassettes, "cassette", nil, "file of recorded answers that goes along; may be repeated")
	f.BoolVar(&o.Memories, "memories", false, "the store of memories goes along")
	f.BoolVar(&o.Replace, "replace", false, "replace the bundle that is there, which may be the one that is published anew")
	return c
}

// errDiffers is the outcome of verifying a bundle that does not hold.
var errDiffers = errors.New("the bundle does not hold")

func verifyCommand(g *globals) *cobra.Command {
	var sum string
	var again rerun
	c := &cobra.Command{
		Use:   "verify BUNDLE",
		Short: "Compute every figure of a bundle again, and list what differs",
		Long: `Verify compares the checksums of a bundle, measures the ranks of every user again, makes the tables anew, and lists every
difference with its file and place. What it cannot see is a bundle that was changed as a whole, in itself consistent: --sum
compares the checksum that its publisher printed, and --rerun repeats a cell that is drawn from the bundle on this machine.`,
		Example: "  llm4rec verify results/published/quick\n  llm4rec verify quick --sum 4b0f… --rerun --seed 7",
		Args:    exactArgs(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			var r bundle.Report
			err := atOnce(c.Context(), func() (err error) {
				r, err = bundle.Verify(args[0])
				return err
			})
			if err != nil {
				return err
			}
			differences := len(r.Differences)
			for _, d := range r.Differences {
				fmt.Fprintln(g.stdout, d)
			}
			if sum != "" && sum != r.Sum {
				differences++
				fmt.Fprintf(g.stdout, "%s: its sum is %s, not %s\n", bundle.SumsName, r.Sum, sum)
			}
			fmt.Fprintf(g.stdout, "%s: %d files, %d cells measured again, %d values of metrics, %d lines of tables; differences: %d\nsum %s\n", args[0], r.Files, r.Cells, r.Metrics, r.Lines, differences, r.Sum)
			if again.wanted && differences == 0 {
				if differences, err = g.rerun(c.Context(), args[0], again); err != nil {
					return err
				}
			}
			if differences > 0 {
				return fmt.Errorf("%s: %w; differences: %d", args[0], errDiffers, differences)
			}
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&sum, "sum", "", "the sum that the publisher printed")
	again.flags(c)
	return c
}

// linkTo leads from a page in a folder to another folder.
func linkTo(dir, page string) (string, error) {
	to, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	from, err := filepath.Abs(page)
	if err != nil {
		return "", err
	}
	link, err := filepath.Rel(from, to)
	return filepath.ToSlash(link), err
}

func leaderboardCommand(g *globals) *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:     "leaderboard DIR",
		Short:   "Write a page of the tables of all bundles in a folder",
		Example: "  llm4rec leaderboard results/published -o LEADERBOARD.md",
		Args:    exactArgs(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			link, err := linkTo(args[0], filepath.Dir(output))
			if err != nil {
				return err
			}
			page, err := bundle.Leaderboard(args[0], link)
			if err != nil {
				return err
			}
			return g.to(output, func(w io.Writer) error {
				_, err := w.Write(page)
				return err
			})
		},
	}
	c.Flags().StringVarP(&output, "output", "o", "", "file to write instead of standard output")
	return c
}
