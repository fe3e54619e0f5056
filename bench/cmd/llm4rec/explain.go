package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"llm4rec/bench"
	"llm4rec/bench/suite"
	"llm4rec/results"
)

// explainFlags are those of the command explain.
type explainFlags struct {
	suite.Explanation
	calls              callFlags
	all, faithful      bool
	json, out          string
	references         string
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
the item shares with them. A language model (--explainer llm) sees the newest history items, numbered, and cites them by
number; its answers are recorded with those of the run.

With --all the reasons of all users of the cell are measured: what they cite and claim is held against the history and the
fields. Measures of texts are those of NETE and PETER (Li et al., CIKM 2020 and ACL 2021). With --faithful the system is asked again
without the history items that a reason cites, and without as many others: what a reason names should be what the
recommendation needs. For that it is fitted again, which costs what its cell of the run did.`,
		Example: `  llm4rec explain quick:itemknn --user 196 --k 5
  llm4rec explain quick:ease --all --faithful --json reasons.json
  llm4rec explain quick:ease --user 196 --explainer llm --model llama3.2:3b`,
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
			if x.Kind != suite.ByTemplate && x.Kind != suite.ByModel {
				return usageError{fmt.Errorf("--explainer %q: want %s or %s", x.Kind, suite.ByTemplate, suite.ByModel)}
			}
			if x.Kind == suite.ByModel {
				if err := x.Chat.Validate(); err != nil {
					return usageError{err}
				}
			}
			if x.History < 0 || x.MaxTokens < 0 {
				return usageError{errors.New("--history and --max-tokens must not be negative")}
			}
			if x.Judge.Model != "" && x.Kind != suite.ByModel {
				return usageError{errors.New("--judge-model goes with --explainer llm, whose reasons it compares with the template's")}
			}
			if x.Repeats < 3 {
				return usageError{errors.New("--judge-repeats: want at least 3")}
			}
			x.seedGiven = c.Flags().Changed("seed")
			var err error
			if g.calls, err = x.calls.resolve(x.out); err != nil {
				return err
			}
			x.Calls = g.calls
			return g.explain(c, &x)
		},
	}
	f := c.Flags()
	f.StringVar(&x.User, "user", "", "explain the recommendations for this user, by the data set's id")
	f.BoolVar(&x.all, "all", false, "explain those for all users of the cell, and measure the reasons")
	f.IntVar(&x.K, "k", 5, "the first so many items")
	f.StringVar(&x.Wording, "wording", "movie", "what items are called: movie or product")
	f.StringVar(&x.Kind, "explainer", suite.ByTemplate, "template, or llm: a language model")
	f.StringVar(&x.Chat.Provider, "provider", "ollama", "of llm: ollama, or openai and what is compatible with it")
	f.StringVar(&x.Chat.Model, "model", "", "of llm: as llama3.2:3b or gpt-4.1-mini")
	f.StringVar(&x.Chat.BaseURL, "base-url", "", "of llm: where the server is, if not where it usually is")
	f.IntVar(&x.Chat.NumCtx, "num-ctx", 0, "of llm: the window of ollama, in tokens of prompt and answer; 0: the server's")
	f.IntVar(&x.MaxTokens, "max-tokens", 0, "of llm: of an answer; 0: 512")
	f.StringVar(&x.Judge.Model, "judge-model", "", "of llm: another model, of another family, which says whether its reasons are better than the template's")
	f.StringVar(&x.Judge.Provider, "judge-provider", "ollama", "likewise, as --provider")
	f.StringVar(&x.Judge.BaseURL, "judge-base-url", "", "likewise, as --base-url")
	f.IntVar(&x.Repeats, "judge-repeats", 3, "how often it is asked in each order of the two, at least 3")
	f.StringVar(&x.references, "references", "", "file of lines USER, tab, ITEM, tab, TEXT, such as reviews: sentences are compared with them by BLEU and ROUGE")
	f.StringVar(&x.Prompt, "prompt", "", "of llm: the path of a prompt of your own")
	f.IntVar(&x.History, "history", 20, "of llm: how many of the newest history items it sees; 0: all")
	f.BoolVar(&x.faithful, "faithful", false, "fit the system again and ask it without what the reasons cite")
	f.StringVar(&x.json, "json", "", "file to write the reasons to, with their claims")
	f.StringVar(&x.out, "out", "out", "folder of the results")
	f.StringVar(&x.protocol, "protocol", "", "label of the protocol; default: the first")
	f.Int64Var(&x.seed, "seed", 0, "of the cell; default: the first")
	f.IntVar(&x.limit, "limit", 0, "that of the run")
	f.StringVar(&x.device, "device", "auto", suite.DeviceHelp)
	f.StringArrayVar(&x.sets, "set", nil, setHelp)
	x.calls.add(c)
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
	bar := newProgress(g)
	log := bar.log
	g.calls.Log = log
	defer func() { err = errors.Join(err, g.calls.Close()) }()
	device, _, err := openDevice(x.device)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, device.Close()) }()
	g.results = x.out
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
	if x.references != "" {
		if x.References, err = readReferences(x.references); err != nil {
			return usageError{err}
		}
	}
	if x.faithful {
		if x.Model, err = answered.Fit(c.Context(), r); err != nil {
			return err
		}
	}
	found, err := suite.Explain(c.Context(), answered, x.Explanation, func(stage string, done, total int) { bar.Stage(cell.Name(), stage, done, total, "") })
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
	if !x.all {
		g.printReasons(found)
	}
	if x.all || x.faithful || x.references != "" || found.Explainer.Account != nil {
		err = g.printSummary(found, x.all)
	}
	if err == nil && found.Failed > 0 {
		err = fmt.Errorf("%d of %d items have no reason; first: %w", found.Failed, len(found.Reasons), found.FirstError)
	}
	if j := found.Judged; err == nil && j != nil && j.Failed > 0 {
		err = fmt.Errorf("%d of %d pairs of reasons were not judged; first: %w", j.Failed, j.Failed+j.Pairs, j.FirstError)
	}
	return err
}

// readReferences reads lines of user, item and text.
func readReferences(name string) ([]suite.Reference, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("--references: %w", err)
	}
	var out []suite.Reference
	n := 0
	for l := range strings.Lines(string(text)) {
		n++
		parts := strings.SplitN(strings.TrimRight(l, "\r\n"), "\t", 3)
		if len(parts) != 3 {
			return nil, fmt.Errorf("--references: %s:%d: want user, item and text, got %d of them", name, n, len(parts))
		}
		out = append(out, suite.Reference{User: parts[0], Item: parts[1], Text: parts[2]})
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("--references: %s is empty", name)
	}
	return out, nil
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
func evidence(c results.Claim) string {
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

// printSummary prints what there is to say of all reasons together: their measures, if they are of all users.
func (g *globals) printSummary(x *suite.Explained, measures bool) error {
	of := "reasons"
	if measures {
		of = fmt.Sprintf("%s, %s, %s: the first %d of each list", x.Experiment, x.Protocol, x.System, x.K)
	} else {
		fmt.Fprintln(g.stdout)
	}
	by := x.Explainer.Kind
	a := x.Explainer.Account
	if a != nil {
		by = a.Model
		if a.Test {
			by += " (a model made for tests)"
		}
	}
	fmt.Fprintf(g.stdout, "%s, by %s, %s v%d\n\n", of, by, x.Explainer.Name, x.Explainer.Version)
	w := tabwriter.NewWriter(g.stdout, 0, 0, 2, ' ', 0)
	row := func(name string, value any, of string) {
		if f, ok := value.(float64); ok {
			value = fmt.Sprintf("%.4f", f)
		}
		fmt.Fprintf(w, "%s\t%v\t%s\n", name, value, of)
	}
	if measures {
		s := x.Summary
		row("items", s.Asked, "")
		row("reasons", s.Reasons, "with a sentence; what follows is of them")
		row("grounded", s.Grounded, "cite an item of the history")
		row("in history", s.InHistory, fmt.Sprintf("of %d cited history items", s.Citations))
		row("claims exact", s.Exact, fmt.Sprintf("of %d claims about fields, supported by them", s.FieldClaims))
		row("claims fuzzy", s.Fuzzy, "likewise, with other spellings")
		row("not in catalogue", s.Invented, fmt.Sprintf("of %d titles mentioned", s.Mentions))
		row("not of the user", s.Elsewhere, "likewise: in the catalogue, but neither the item nor in the history")
		row("FCR", s.FCR, fmt.Sprintf("share of %d features that are mentioned at all", s.Features))
		row("DIV", s.DIV, "features that two sentences share, in the mean: less is better")
		row("USR", s.USR, "share of sentences that are different")
		row("words", s.Words, "in a sentence, in the mean")
	}
	if f := x.Faithful; f != nil {
		row("asked again", f.Reasons, "of the reasons: without what they cite, and without as many other history items")
		row("falls", f.Cited.Falls, fmt.Sprintf("of the items, without what is cited; %.4f without others", f.Random.Falls))
		row("leaves the list", f.Cited.Leaves, fmt.Sprintf("likewise; %.4f without others", f.Random.Leaves))
		row("rank change", fmt.Sprintf("%.2f", f.Cited.Change), fmt.Sprintf("in the mean; %.2f without others", f.Random.Change))
		row("falls further", f.Beats, fmt.Sprintf("without what is cited than without others; as far: %.4f", f.Ties))
	}
	if o := x.Overlap; o != nil {
		row("BLEU-1", o.BLEU1, fmt.Sprintf("of %d sentences with a reference; BLEU-4 %.4f", o.Pairs, o.BLEU4))
		row("ROUGE-1", o.ROUGE1.F1, fmt.Sprintf("F1; ROUGE-2 %.4f, ROUGE-L %.4f", o.ROUGE2.F1, o.ROUGEL.F1))
	}
	costs := func(a *results.Account) {
		row("calls", a.Calls, fmt.Sprintf("of these %d from a recording, %d failed", a.Recorded, a.Failures))
		for _, class := range slices.Sorted(maps.Keys(a.Answers)) {
			row("answers", a.Answers[class], class)
		}
		row("tokens", a.PromptTokens+a.OutputTokens, fmt.Sprintf("%d of prompts, %d of answers", a.PromptTokens, a.OutputTokens))
		if a.Dollars >= 0 {
			row("dollars", a.Dollars, "prices of "+a.Prices)
		} else {
			row("dollars", "unknown", "no price is known")
		}
		row("latency p50", fmt.Sprintf("%.2f s", a.LatencyP50), fmt.Sprintf("of a call; p95 %.2f s", a.LatencyP95))
	}
	if a != nil {
		costs(a)
	}
	if j := x.Judged; j != nil {
		test := ""
		if j.Account.Test {
			test = " (a model made for tests)"
		}
		row("judged", j.Pairs, fmt.Sprintf("pairs, by %s%s, %s; %d pairs failed, %d of %d votes unreadable", j.Account.Model, test, j.Prompt, j.Failed, j.Unread, j.Votes))
		row("better", j.Second, fmt.Sprintf("of the pairs; the template's better: %.4f", j.First))
		row("shown first", j.Position, "of the votes, are for what was shown first: .5 is fair")
		row("kappa", j.Fleiss, fmt.Sprintf("Fleiss', of all votes of a pair; Cohen's, of the two orders: %.4f", j.Cohen))
		costs(j.Account)
	}
	return w.Flush()
}
