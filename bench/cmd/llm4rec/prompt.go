package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"llm4rec/bench"
	"llm4rec/gpu"
	"llm4rec/llm"
	"llm4rec/llm/clean"
)

// promptOptions are the flags of prompt.
type promptOptions struct {
	protocol, user, out string
	seed                int64
	sets                []string
	json                bool
}

func promptCommand(g *globals) *cobra.Command {
	var o promptOptions
	c := &cobra.Command{
		Use:   "prompt EXPERIMENT:SYSTEM",
		Short: "Show what a language model would be asked for one user, without asking it",
		Long: `Prompt prints the requests that a system of model llm sends for one user: messages, schema and settings. The candidates
are the stored answers of the first stage, which has to have run. The model need not be at hand. Where a later request
depends on earlier answers, those are taken to have left everything in place. Of an attack it shows the attacked half.`,
		Example: "  llm4rec prompt ./mine.yaml:pop+llama --user 196\n  llm4rec prompt ./mine.yaml:pop+llama --json",
		Args:    exactArgs(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			name, system := args[0], ""
			if _, err := os.Stat(name); err != nil {
				if at := strings.LastIndex(name, ":"); at > 0 {
					name, system = name[:at], name[at+1:]
				}
			}
			log := g.logger(g.stderr)
			g.results = o.out
			r := bench.Runner{Suite: g.suite(log, false), Device: gpu.CPU(), Out: o.out, Log: log}
			p, err := resolve(r.Suite, name, o.sets)
			if err != nil {
				return err
			}
			cell, err := o.choose(p, system, c.Flags().Changed("seed"))
			if err != nil {
				return usageError{fmt.Errorf("%s: %w", name, err)}
			}
			shown, err := r.Preview(c.Context(), p, cell, o.user)
			if missing := (*bench.Unanswered)(nil); errors.As(err, &missing) {
				return fmt.Errorf("%w in %s: run it first, by '%s'", err, o.out, o.remedy(name, missing.System))
			}
			if err != nil {
				return err
			}
			return o.print(g.stdout, cell, shown)
		},
	}
	f := c.Flags()
	f.StringVar(&o.user, "user", "", "the user, as the data set names it; default: the first one")
	f.StringVar(&o.protocol, "protocol", "", "the protocol, by name; default: the first one")
	f.Int64Var(&o.seed, "seed", 0, "one of the system's seeds; default: the first one")
	f.StringVar(&o.out, "out", "out", "folder of the results")
	f.StringArrayVar(&o.sets, "set", nil, setHelp)
	f.BoolVar(&o.json, "json", false, "print the requests as lines of JSON")
	return c
}

// choose finds the cell that is meant.
func (o *promptOptions) choose(p *bench.Plan, system string, seeded bool) (bench.Cell, error) {
	cells := slices.DeleteFunc(slices.Clone(p.Cells), func(c bench.Cell) bool { return c.First == nil })
	for _, choice := range []struct {
		what, value string
		given       bool
		of          func(bench.Cell) string
	}{
		{"system", system, true, func(c bench.Cell) string { return c.System.Name }},
		{"protocol", o.protocol, o.protocol != "", func(c bench.Cell) string { return c.Protocol.Name }},
		{"seed", fmt.Sprint(o.seed), seeded, func(c bench.Cell) string { return fmt.Sprint(c.Seed) }},
	} {
		var known []string
		for _, c := range cells {
			if name := choice.of(c); !slices.Contains(known, name) {
				known = append(known, name)
			}
		}
		switch {
		case len(known) == 0:
			return bench.Cell{}, errors.New("it has no system that asks a language model to rank")
		case !choice.given:
			continue
		case choice.value == "":
			return bench.Cell{}, fmt.Errorf("which system? Append one: :%s", strings.Join(known, ", :"))
		case !slices.Contains(known, choice.value):
			return bench.Cell{}, fmt.Errorf("no %s %q asks a language model; there are %s", choice.what, choice.value, strings.Join(known, ", "))
		}
		cells = slices.DeleteFunc(cells, func(c bench.Cell) bool { return choice.of(c) != choice.value })
	}
	return cells[0], nil
}

// remedy is the command that runs the first stage.
func (o *promptOptions) remedy(name, system string) string {
	words := []string{"llm4rec run", name, "--only", system, "--out", o.out}
	for _, set := range o.sets {
		words = append(words, "--set", set)
	}
	return strings.Join(words, " ")
}

func (o *promptOptions) print(w *bufio.Writer, c bench.Cell, p bench.Preview) error {
	if o.json {
		return printJSON(w, slices.Values(p.Requests))
	}
	fmt.Fprintf(w, "%s, user %s: %d requests\n", c.Name(), p.User, len(p.Requests))
	for n, r := range p.Requests {
		fmt.Fprintf(w, "\n# request %d: %s\n", n+1, settings(r))
		if err := printRequest(w, r); err != nil {
			return err
		}
	}
	return nil
}

// printJSON prints a line for each value.
func printJSON[T any](w *bufio.Writer, values func(yield func(T) bool)) (err error) {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false) // people read it
	for v := range values {
		if err = e.Encode(v); err != nil {
			return err
		}
	}
	return nil
}

// settings are what a request says beside its text.
func settings(r llm.Request) string {
	out := fmt.Sprintf("temperature %v, seed %d", r.Temperature, r.Seed)
	if r.MaxTokens > 0 {
		out += fmt.Sprintf(", at most %d tokens", r.MaxTokens)
	}
	if r.TopLogprobs > 0 {
		out += fmt.Sprintf(", log-probabilities of %d alternatives", r.TopLogprobs)
	}
	if r.Replica != 0 {
		out += fmt.Sprintf(", replica %d", r.Replica)
	}
	return out
}

// printRequest prints the messages and the schema, each under a heading.
func printRequest(w *bufio.Writer, r llm.Request) error {
	for _, m := range r.Messages {
		printText(w, m.Role, m.Content)
	}
	if r.Schema == nil {
		return nil
	}
	var schema bytes.Buffer
	if err := json.Indent(&schema, r.Schema, "", "  "); err != nil {
		return fmt.Errorf("schema: %w", err)
	}
	printText(w, "schema", schema.String())
	return nil
}

// printText prints a text as it is, but for what a terminal would obey.
func printText(w *bufio.Writer, heading, text string) {
	fmt.Fprintf(w, "\n## %s\n\n%s\n", heading, strings.TrimRight(clean.Lines(text), "\n"))
}
