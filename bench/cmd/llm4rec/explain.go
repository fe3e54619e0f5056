package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"llm4rec/bench"
	"llm4rec/bench/suite"
)

// explainFlags are those of the command explain.
type explainFlags struct {
	suite.Explanation
	all                bool
	json, out          string
	protocol, device   string
	seed               int64
	seedGiven          bool
	limit              int
	sets               []string
	experiment, system string
}

func explainCommand(g *globals) *cobra.Command {
	var x explainFlags
	c := &cobra.Command{
		Use:   "explain EXPERIMENT:SYSTEM --user U | explain EXPERIMENT:SYSTEM --all",
		Short: "Say why a system recommended what it did, and measure the reasons",
		Long: `Explain gives each recommended item a reason: a sentence with claims that cite the user's history and the item's
fields. The recommendations are the stored answers of a run, which has to be there; nothing is fitted.

The template cites the history items that other users took together with the item in training (item-kNN's cosine) and what
the item shares with them.

With --all the reasons of all users of the cell are measured: what they cite and claim is held against the history and the
fields. Measures of texts are those of NETE and PETER (Li et al., CIKM 2020 and ACL 2021).`,
		Example: `  llm4rec explain quick:itemknn --user 196 --k 5
  llm4rec explain quick:ease --all --json reasons.json`,
		Args: exactArgs(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			var ok bool
			if x.experiment, x.system, ok = cutLast(args[0], ":"); !ok {
				return usageError{fmt.Errorf("%q: want EXPERIMENT:SYSTEM", args[0])}
			}
			if x.all == (x.User != "") {
				return usageError{errors.New("want either --user or --all")}
			}
			if x.K < 1 || x.limit < 0 {
				return usageError{errors.New("want --k of at least 1, and no negative --limit")}
			}
			x.seedGiven = c.Flags().Changed("seed")
			return g.explain(c, &x)
		},
	}
	f := c.Flags()
	f.StringVar(&x.User, "user", "", "explain the recommendations for this user, by the data set's id")
	f.BoolVar(&x.all, "all", false, "explain those for all users of the cell, and measure the reasons")
	f.IntVar(&x.K, "k", 5, "the first so many items")
	f.StringVar(&x.Wording, "wording", "movie", "what items are called: movie or product")
	f.StringVar(&x.json, "json", "", "file to write the reasons to, with their claims")
	f.StringVar(&x.out, "out", "out", "folder of the results")
	f.StringVar(&x.protocol, "protocol", "", "label of the protocol; default: the first")
	f.Int64Var(&x.seed, "seed", 0, "of the cell; default: the first")
	f.IntVar(&x.limit, "limit", 0, "that of the run")
	f.StringVar(&x.device, "device", "auto", suite.DeviceHelp)
	f.StringArrayVar(&x.sets, "set", nil, setHelp)
	return c
}

// cutLast cuts around the last separator: the path of an experiment may have one too.
func cutLast(s, sep string) (before, after string, found bool) {
	if n := strings.LastIndex(s, sep); n >= 0 {
		return s[:n], s[n+len(sep):], true
	}
	return s, "", false
}

func (g *globals) explain(c *cobra.Command, x *explainFlags) (err error) {
	log := g.logger(g.stderr)
	device, _, err := openDevice(x.device)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, device.Close()) }()
	r := &bench.Runner{Suite: g.suite(log, true), Device: device, Out: x.out, Limit: x.limit, Commit: commit, Log: log}
	plan, err := resolve(r.Suite, x.experiment, x.sets)
	if err != nil {
		return err
	}
	var seed *int64
	if x.seedGiven {
		seed = &x.seed
	}
	cell, err := plan.CellOf(x.system, x.protocol, seed)
	if err != nil {
		return usageError{err}
	}
	answered, err := r.Answers(c.Context(), plan, cell)
	if err != nil {
		return err
	}
	found, err := suite.Explain(c.Context(), answered, x.Explanation, func(int, int) {})
	if err != nil {
		return err
	}
	if x.json != "" {
		if err := g.to(x.json, func(w io.Writer) error {
			e := json.NewEncoder(w)
			e.SetIndent("", "  ")
			e.SetEscapeHTML(false)
			return e.Encode(found)
		}); err != nil {
			return err
		}
	}
	if x.all {
		err = g.printSummary(found)
	} else {
		g.printReasons(found)
	}
	if err == nil && found.Failed > 0 {
		err = fmt.Errorf("%d of %d items have no reason; first: %w", found.Failed, len(found.Reasons), found.FirstError)
	}
	return err
}

// printReasons prints each item with its reason, and what that rests on.
func (g *globals) printReasons(x *suite.Explained) {
	fmt.Fprintf(g.stdout, "%s, %s, %s, user %s\n", x.Experiment, x.Protocol, x.System, x.Reasons[0].User)
	for _, r := range x.Reasons {
		fmt.Fprintf(g.stdout, "\n%d. %s\n", r.Rank, r.Title)
		switch {
		case r.Error != "":
			fmt.Fprintf(g.stdout, "   no reason: %s\n", r.Error)
		case r.Sentence == "":
			fmt.Fprintf(g.stdout, "   no reason: %s\n", r.Class)
		default:
			fmt.Fprintf(g.stdout, "   %s\n", r.Sentence)
		}
		for _, c := range r.Claims {
			fmt.Fprintf(g.stdout, "   - %s\n", evidence(c))
		}
	}
}

// evidence is a claim in words.
func evidence(c suite.ExplainedClaim) string {
	var out string
	if c.Field == "" {
		out = "history: " + c.Title
	} else {
		out = c.Field + ": " + c.Value
		if c.Title != "" {
			out += ", as " + c.Title
		}
	}
	if c.Item == "?" {
		out += ", cited by a number that no history item has"
	}
	if c.Field == "" && c.Users > 0 {
		out += fmt.Sprintf(" (cosine %.3f, %d users have both)", c.Cosine, c.Users)
	}
	if !c.Supported {
		out += " – not supported by the data"
	}
	return out
}

// printSummary prints the measures of all reasons.
func (g *globals) printSummary(x *suite.Explained) error {
	s := x.Summary
	fmt.Fprintf(g.stdout, "%s, %s, %s: the first %d of each list, %s %s v%d\n\n", x.Experiment, x.Protocol, x.System, x.K, x.Explainer.Kind, x.Explainer.Name, x.Explainer.Version)
	w := tabwriter.NewWriter(g.stdout, 0, 0, 2, ' ', 0)
	row := func(name, format string, value any, of string) {
		fmt.Fprintf(w, "%s\t%s\t%s\n", name, fmt.Sprintf(format, value), of)
	}
	row("items", "%d", s.Asked, "")
	row("reasons", "%d", s.Reasons, "with a sentence; what follows is of them")
	row("grounded", "%.4f", s.Grounded, "cite an item of the history")
	row("in history", "%.4f", s.InHistory, fmt.Sprintf("of %d cited history items", s.Citations))
	row("claims exact", "%.4f", s.Exact, fmt.Sprintf("of %d claims about fields, supported by them", s.FieldClaims))
	row("claims fuzzy", "%.4f", s.Fuzzy, "likewise, with other spellings")
	row("not in catalogue", "%.4f", s.Invented, fmt.Sprintf("of %d titles mentioned", s.Mentions))
	row("not of the user", "%.4f", s.Elsewhere, "likewise: in the catalogue, but neither the item nor in the history")
	row("FCR", "%.4f", s.FCR, fmt.Sprintf("share of %d features that are mentioned at all", s.Features))
	row("DIV", "%.4f", s.DIV, "features that two sentences share, in the mean: less is better")
	row("USR", "%.4f", s.USR, "share of sentences that are different")
	row("words", "%.2f", s.Words, "in a sentence")
	return w.Flush()
}
