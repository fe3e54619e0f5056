package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"llm4rec/bench"
	"llm4rec/gpu"
	"llm4rec/llm/agent"
	"llm4rec/llm/clean"
)

func traceCommand(g *globals) *cobra.Command {
	var out, user, protocol string
	var repeat, limit int
	var sets []string
	c := &cobra.Command{
		Use:   "trace EXPERIMENT:SYSTEM --user U",
		Short: "Print a conversation of a finished run, with all that the agent did",
		Args:  exactArgs(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			experiment, system, found := cutLast(args[0], ":")
			if !found || user == "" {
				return usageError{errors.New("want EXPERIMENT:SYSTEM, as agents:talk-scripted, and --user")}
			}
			log := g.logger(g.stderr)
			g.results = out
			r := &bench.Runner{Suite: g.suite(log, true), Device: gpu.CPU(), Out: out, Limit: limit, Log: log}
			plan, err := resolve(r.Suite, experiment, sets)
			if err != nil {
				return err
			}
			cell, err := plan.CellOf(system, protocol, nil)
			if err != nil {
				return usageError{err}
			}
			if !cell.Model.Talks {
				return usageError{fmt.Errorf("%s holds no conversations: its model is %s", system, cell.Model.Name)}
			}
			a, talks, err := r.Talks(c.Context(), plan, cell)
			if err != nil {
				return err
			}
			for _, x := range talks {
				if x.User != user || int(x.Repeat) != repeat {
					continue
				}
				named := func(item int32) string { return nameOf(a.Train, item) }
				target := clean.Line(x.Target)
				if i, ok := a.Train.Items.Dense(x.Target); ok {
					target = named(i)
				}
				fmt.Fprintf(g.stdout, "user %s, repeat %d, wants %s: %s after %d turns, with %d items left\n", clean.Line(x.User), x.Repeat, target, clean.Line(x.Outcome), x.Turns, x.Left)
				fmt.Fprintln(g.stdout, "Tools go by numbers of their own, as [5]; what was recommended has the data set's ids.")
				for n, u := range x.Said {
					fmt.Fprintf(g.stdout, "\n%d. user: %s\n", n+1, clean.Line(u.User))
					turn := agent.Turn{Text: u.Agent, End: agent.End(u.End)}
					if err := json.Unmarshal([]byte(u.Trace), &turn.Trace); err != nil {
						return fmt.Errorf("trace: user %s, turn %d: %w", user, n+1, err)
					}
					for _, raw := range u.Items {
						if i, ok := a.Train.Items.Dense(raw); ok {
							turn.Items = append(turn.Items, i)
						}
					}
					if err := turn.Print(g.stdout, named); err != nil {
						return err
					}
				}
				return nil
			}
			known := slices.Compact(slices.Sorted(func(yield func(string) bool) {
				for _, x := range talks {
					if !yield(x.User) {
						return
					}
				}
			}))
			return usageError{fmt.Errorf("there is no conversation %d of user %s; there are those of %d users, as %s", repeat, user, len(known), strings.Join(known[:min(5, len(known))], ", "))}
		},
	}
	f := c.Flags()
	f.StringVar(&user, "user", "", "by the data set's id")
	f.IntVar(&repeat, "repeat", 0, "which of the user's conversations, from 0")
	f.StringVar(&out, "out", "out", "folder of the results")
	f.StringVar(&protocol, "protocol", "", "label of the protocol; default: the first")
	f.IntVar(&limit, "limit", 0, "that of the run")
	f.StringArrayVar(&sets, "set", nil, setHelp)
	return c
}
