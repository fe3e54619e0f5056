package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"llm4rec/bench/suite"
	"llm4rec/llm/clean"
	"llm4rec/llm/memory"
	"llm4rec/results"
)

func memoryCommand(g *globals) *cobra.Command {
	c := &cobra.Command{
		Use:   "memory",
		Short: "Gather what is known of a data set's items, field by field",
		Long: `A store of memories is a file with fields of a data set's items, and where each value came from. In an experiment its fields
become fields of texts:

  more: [{path: memories.sqlite, field: overview, column: overview}]`,
	}
	c.AddCommand(memoryFillCommand(g), memoryShowCommand(g))
	return group(c)
}

func memoryFillCommand(g *globals) *cobra.Command {
	m := suite.DefaultMemories()
	var path string
	var calls callFlags
	c := &cobra.Command{
		Use:   "fill DATASET --db FILE --from SOURCE",
		Short: "Fill a store from sources, or go on filling it",
		Long: `A source is 'own', the data set's own fields; 'wikipedia', which is searched by title and year; or the name of a YAML file
with a list of local files, as 'more' has in an experiment, with what is to be known of using them:

  - {path: overviews.json, field: overview, column: overview, licence: "TMDB's terms", written: 2024-05-01}
  - {path: plots.csv, field: plot, column: text, key: film, match: "{title} ({year})", dates: day}

With --prompt, a language model then writes fields of the items that need them, from what is known of each: summary (where
there is no overview, plot or description), tags, mood, audience, contrast with similar items; or the path of a file of that
form. Answers are recorded beside the store.

Ratings, votes, popularity, sales and prizes are later knowledge, and are filled from no source. An interrupted filling
goes on by the same command.`,
		Args: exactArgs(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			m.Dirs, m.Offline = g.dataDirs, g.offline
			if path == "" || len(m.From)+len(m.Prompts) == 0 {
				return usageError{errors.New("want --db, and --from or --prompt")}
			}
			if err := errors.Join(m.Validate(), suite.CheckName(args[0])); err != nil {
				return usageError{err}
			}
			var err error
			if m.Calls, err = calls.resolve(filepath.Dir(path)); err != nil {
				return err
			}
			m.Calls.Log = g.logger(g.stderr)
			d, _, err := suite.OpenDataset(c.Context(), args[0], g.datasets(true))
			if err != nil {
				return err
			}
			found, err := m.Fill(c.Context(), path, d, func(string, int, int) {})
			g.printGathered(found)
			if err == nil && found.Status == results.Unavailable {
				err = errors.New(found.Error)
			}
			return errors.Join(err, m.Calls.Close())
		},
	}
	f := c.Flags()
	f.StringVar(&path, "db", "", "the store, which is made if it is not there")
	f.StringArrayVar(&m.From, "from", nil, "own, wikipedia, or a YAML file; may be repeated: of several sources of a field the first counts")
	f.StringVar(&m.Contact, "contact", "", "of wikipedia: your address or web page, which its operators want to know")
	f.StringVar(&m.Wikipedia, "wikipedia", "", "where wikipedia is; empty: the English one")
	f.StringVar(&m.Word, "word", m.Word, "what the items are")
	f.StringSliceVar(&m.Prompts, "prompt", nil, "fields that a model writes")
	f.StringVar(&m.Until, "until", "", "a day, as 1998-04-23: the model is not told what is known to be written later")
	f.StringVar(&m.Chat.Provider, "provider", m.Chat.Provider, "of the model: ollama or openai")
	f.StringVar(&m.Chat.Model, "model", "", "as llama3.2:3b or gpt-4.1-mini")
	f.StringVar(&m.Chat.BaseURL, "base-url", "", "of the model's server; empty: the provider's usual one")
	f.IntVar(&m.Chat.NumCtx, "num-ctx", 0, "of ollama: the window, in tokens; 0: the server's")
	calls.add(c)
	return c
}

// printGathered prints a line for each source.
func (g *globals) printGathered(x results.Augmented) {
	if len(x.Excluded) > 0 {
		fmt.Fprintf(g.stdout, "own: left out, as later knowledge: %s\n", strings.Join(x.Excluded, ", "))
	}
	for _, s := range x.Sources {
		fmt.Fprintf(g.stdout, "%s: %s\n", s.Source, s.Summary())
	}
	if a := x.Account; a != nil {
		fmt.Fprintf(g.stdout, "%s: %d calls, %d tokens; %d answers were there before\n", a.Model, a.Calls, a.PromptTokens+a.OutputTokens, x.Earlier)
	}
}

func memoryShowCommand(g *globals) *cobra.Command {
	var item, outcome string
	c := &cobra.Command{
		Use:   "show FILE",
		Short: "Print what is in a store: counts by field, source and licence, or all of one item",
		Args:  exactArgs(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) (err error) {
			s, err := memory.Open(c.Context(), args[0])
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, s.Close()) }()
			t := tabwriter.NewWriter(g.stdout, 0, 0, 2, ' ', 0)
			if item != "" {
				values, err := s.Item(c.Context(), item)
				if err != nil {
					return err
				}
				outcomes, err := s.Of(c.Context(), item)
				if err != nil {
					return err
				}
				if len(outcomes) == 0 {
					return fmt.Errorf("%s knows no item %s", args[0], item)
				}
				for _, v := range values {
					fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", v.Field, v.Source, v.Written, clean.Line(v.Text))
				}
				for _, e := range outcomes {
					fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", e.Outcome, e.Source, e.At.Format("2006-01-02"), clean.Line(e.Detail))
				}
				return t.Flush()
			}
			if outcome != "" {
				entries, err := s.With(c.Context(), memory.Outcome(outcome))
				if err != nil {
					return err
				}
				for _, e := range entries {
					fmt.Fprintf(t, "%s\t%s\t%s\n", e.Item, e.Source, clean.Line(e.Detail))
				}
				return t.Flush()
			}
			name, err := s.Dataset(c.Context())
			if err != nil {
				return err
			}
			counts, err := s.Counts(c.Context())
			if err != nil {
				return err
			}
			tallies, err := s.Tallies(c.Context())
			if err != nil {
				return err
			}
			fmt.Fprintf(t, "Memories of the items of %s\n\nFIELD\tSOURCE\tVALUES\tCHARACTERS\tPROMPT\tLICENCE\n", clean.Line(name))
			for _, n := range counts {
				fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%.12s\t%s\n", n.Field, n.Source, n.Values, n.Chars/n.Values, n.Prompt, clean.Line(n.Licence))
			}
			fmt.Fprintln(t, "\nSOURCE\tOUTCOME\tITEMS")
			for _, n := range tallies {
				fmt.Fprintf(t, "%s\t%s\t%d\n", n.Source, n.Outcome, n.Items)
			}
			return t.Flush()
		},
	}
	c.Flags().StringVar(&outcome, "outcome", "", "as ambiguous, missed or refusal: print the items that had it, with the details")
	c.Flags().StringVar(&item, "item", "", "the raw id of an item: print its values and what sources made of it")
	return c
}
