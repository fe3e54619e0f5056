package main

import (
	"bufio"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"llm4rec/llm/cassette"
)

func cassetteCommand(g *globals) *cobra.Command {
	c := &cobra.Command{
		Use:   "cassette",
		Short: "Look into files of recorded answers, and merge them",
		Long: `A cassette holds what language models answered, with all that was asked: 'run' records it as ` + answersName + ` in the
folder of results, and 'run --llm replay' needs nothing else. It is gzip of JSON lines; zcat shows them as well.`,
	}
	c.AddCommand(cassetteShowCommand(g), cassetteMergeCommand(g))
	return group(c)
}

func cassetteShowCommand(g *globals) *cobra.Command {
	var entries bool
	var key string
	c := &cobra.Command{
		Use:     "show FILE",
		Short:   "Say whose answers a cassette has, or print them",
		Example: "  llm4rec cassette show out/answers.jsonl.gz\n  llm4rec cassette show out/answers.jsonl.gz --key 3f7a",
		Args:    exactArgs(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) (err error) {
			if entries && key != "" {
				return usageError{errors.New("--entries prints all of them, --key one: give one of the two")}
			}
			tape, err := cassette.Open(cassette.Config{Path: args[0], Mode: cassette.Replay, Log: slog.New(slog.DiscardHandler)}) // what is damaged is told below
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, tape.Close()) }()
			switch {
			case entries:
				failed := error(nil)
				return errors.Join(printJSON(g.stdout, whole(tape.Entries(), &failed)), failed)
			case key != "":
				return printEntry(g.stdout, tape, args[0], key)
			}
			return printCassette(g.stdout, tape, args[0])
		},
	}
	f := c.Flags()
	f.BoolVar(&entries, "entries", false, "print every answer, with its request, as a line of JSON")
	f.StringVar(&key, "key", "", "print the one answer whose key begins so, with its request, as text")
	return c
}

// whole is the entries up to the first error, which it keeps.
func whole(entries iter.Seq2[cassette.Entry, error], failed *error) iter.Seq[cassette.Entry] {
	return func(yield func(cassette.Entry) bool) {
		for e, err := range entries {
			if err != nil {
				*failed = err
				return
			}
			if !yield(e) {
				return
			}
		}
	}
}

// printCassette prints who answered, and how much.
func printCassette(w *bufio.Writer, tape *cassette.Cassette, path string) error {
	type voice struct {
		cassette.Entry // its first
		answers        int
		prompt, output int // tokens
		first, last    time.Time
	}
	all := map[string]*voice{}
	var order []string
	for e, err := range tape.Entries() {
		if err != nil {
			return err
		}
		name := e.Identity.Key()
		v := all[name]
		if v == nil {
			v = &voice{Entry: e, first: e.At, last: e.At}
			all[name], order = v, append(order, name)
		}
		v.answers++
		v.prompt, v.output = v.prompt+e.Response.PromptTokens, v.output+e.Response.OutputTokens
		if e.At.Before(v.first) {
			v.first = e.At
		}
		if e.At.After(v.last) {
			v.last = e.At
		}
	}
	r := tape.Report()
	fmt.Fprintf(w, "%s: %d answers\n", path, r.Answers)
	if r.Damaged > 0 {
		fmt.Fprintf(w, "damaged: %d stretches are no answers, and are passed over\n", r.Damaged)
	}
	if r.Torn > 0 {
		fmt.Fprintf(w, "torn: the last %d bytes are no whole answer\n", r.Torn)
	}
	if len(order) == 0 {
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "PROVIDER\tMODEL\tDIGEST\tOPTIONS\tANSWERS\tPROMPT TOKENS\tOUTPUT TOKENS\tFIRST\tLAST")
	for _, name := range order {
		v := all[name]
		digest := v.Identity.Digest
		if digest == "" { // then its address says which model it is
			digest = v.Identity.BaseURL
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%d\t%d\t%s\t%s\n", v.Identity.Provider, v.Identity.Model, orDash(digest), orDash(options(v.Identity.Options)),
			v.answers, v.prompt, v.output, v.first.Format(time.RFC3339), v.last.Format(time.RFC3339))
	}
	return t.Flush()
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

func options(of map[string]string) string {
	var out []string
	for name, value := range of {
		out = append(out, name+"="+value)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// printEntry prints the answer whose key begins so.
func printEntry(w *bufio.Writer, tape *cassette.Cassette, path, prefix string) error {
	var found []cassette.Entry
	for e, err := range tape.Entries() {
		if err != nil {
			return err
		}
		if strings.HasPrefix(e.Key, prefix) {
			found = append(found, e)
		}
	}
	switch {
	case len(found) == 0:
		return fmt.Errorf("%s: no key of an answer begins with %q; --entries prints them", path, prefix)
	case len(found) > 1:
		return fmt.Errorf("%s: the keys of %d answers begin with %q, such as %s and %s", path, len(found), prefix, found[0].Key, found[1].Key)
	}
	e := found[0]
	fmt.Fprintf(w, "# %s\n\n%s %s, %s: %s\n", e.Key, e.Identity.Provider, e.Identity.Model, e.At.Format(time.RFC3339), settings(e.Request))
	if err := printRequest(w, e.Request); err != nil {
		return err
	}
	a := e.Response
	printText(w, "answer", a.Text)
	fmt.Fprintf(w, "\n%s after %d tokens, of a prompt of %d, in %v\n", a.Finish, a.OutputTokens, a.PromptTokens, a.Wall)
	return nil
}

func cassetteMergeCommand(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "merge DST SRC…",
		Short: "Add to a cassette what others have and it has not",
		Long: `Merge appends to DST, which need not exist, the answers of the others that it lacks; merged into a new file, a cassette
becomes smaller. Where two answer the same request differently, the first counts, the keys of those answers are printed,
and the exit code is 1.`,
		Example: "  llm4rec cassette merge all.jsonl.gz out/answers.jsonl.gz other/answers.jsonl.gz",
		Args:    exactArgs(cobra.MinimumNArgs(2)),
		RunE: func(_ *cobra.Command, args []string) error {
			m, err := cassette.Merge(args[0], args[1:]...)
			if err != nil {
				return err
			}
			fmt.Fprintf(g.stdout, "%s: %d added, %d the same, %d conflicts, %d damaged stretches\n", args[0], m.Added, m.Same, len(m.Conflicts), m.Damaged)
			for _, key := range m.Conflicts {
				fmt.Fprintf(g.stdout, "conflict %s\n", key)
			}
			if n := len(m.Conflicts); n > 0 {
				return fmt.Errorf("%d answers differ from those of %s, which it keeps; their keys are above", n, args[0])
			}
			return nil
		},
	}
}
