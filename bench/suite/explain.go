package suite

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"llm4rec/bench"
	"llm4rec/eval/reasons"
	"llm4rec/llm/explain"
	"llm4rec/llm/provider"
	"llm4rec/models"
)

// Explanation says which recommendations of a cell are explained, and how.
type Explanation struct {
	K       int    // the first so many of each list
	User    string // raw id; "": all
	Kind    string // template or llm
	Wording string // what items are called, as movie or product

	// Of llm.
	Chat      provider.Chat
	Prompt    string // "": the usual one
	History   int    // newest items of the history that the model sees; 0: all
	MaxTokens int    // of an answer; 0: as usual
	Calls     *Calls

	Seed int64 // sent to the server, and of what is drawn

	Model models.Recommender // asked again whether it needs what the reasons cite; nil: it is not
}

// The kinds of explainers.
const (
	ByTemplate = "template"
	ByModel    = "llm"
)

// Explained is the reasons of a cell's recommendations, with what there is to say of all of them.
type Explained struct {
	Experiment string `json:"experiment"`
	Dataset    string `json:"dataset"`
	Protocol   string `json:"protocol"`
	System     string `json:"system"`
	Seed       int64  `json:"seed"`
	Cell       string `json:"cell"`
	K          int    `json:"k"`

	Explainer Explainer             `json:"explainer"`
	Summary   reasons.Summary       `json:"summary"`
	Faithful  *explain.Faithfulness `json:"faithful,omitempty"`
	Failed    int                   `json:"failed"` // items without a reason because a call failed
	Reasons   []ExplainedReason     `json:"reasons"`

	FirstError error `json:"-"` // of a call
}

// Explainer is what gave the reasons.
type Explainer struct {
	Kind    string `json:"kind"`
	Name    string `json:"name"` // of the template or the prompt
	Version int    `json:"version"`
	Hash    string `json:"sha256"`

	Account *Account `json:"llm,omitempty"` // of a language model
}

// Account is what a language model was asked for reasons, and what that cost.
type Account struct {
	Provider string `json:"provider"`
	Model    string `json:"model"`
	Digest   string `json:"digest,omitempty"`
	Test     bool   `json:"test,omitempty"` // a model made for tests, of which no quality can be claimed

	explain.Report
	Dollars    float64 `json:"dollars"`          // -1: no price is known
	Prices     string  `json:"prices,omitempty"` // of which day
	LatencyP50 float64 `json:"latency_p50_sec"`  // of a call
	LatencyP95 float64 `json:"latency_p95_sec"`
}

// ExplainedReason is the reason for one item.
type ExplainedReason struct {
	User     string           `json:"user"`
	Rank     int              `json:"rank"`
	Item     string           `json:"item"`
	Title    string           `json:"title"`
	Sentence string           `json:"sentence"`
	Class    string           `json:"class,omitempty"` // empty: the call failed
	Error    string           `json:"error,omitempty"`
	Claims   []ExplainedClaim `json:"claims"`
}

// ExplainedClaim is what a reason rests on.
type ExplainedClaim struct {
	reasons.Claim
	Item      string  `json:"item,omitempty"` // cited, of the history; "?" where there is none such
	Title     string  `json:"title,omitempty"`
	Cosine    float64 `json:"cosine,omitempty"` // of the cited item and the recommended one, in training
	Users     int     `json:"users,omitempty"`  // who have both there
	Supported bool    `json:"supported"`        // a field claim exactly
}

// explainer is one with what it may name.
type explainer interface {
	explain.Explainer
	Items() *explain.Items
	About() (name string, version int, hash string)
}

// Explain explains the recommendations that a run has stored.
func Explain(ctx context.Context, a *bench.Answered, x Explanation, progress func(stage string, done, total int)) (*Explained, error) {
	questions, err := x.questions(a)
	if err != nil {
		return nil, err
	}
	e, account, err := x.explainer(ctx, a)
	if err != nil {
		return nil, err
	}
	parallel := 1
	if account != nil {
		parallel = x.Calls.crowd()
	}
	stage := func(name string) func(int, int) {
		return func(done, total int) { progress(name, done, total) }
	}
	outcomes, err := explain.All(ctx, e, questions, parallel, stage("explain"))
	if err != nil {
		return nil, err
	}
	id := a.Record.Identity
	out := &Explained{Experiment: a.Record.Experiment, Dataset: id.Dataset, Protocol: id.Label, System: id.System, Seed: id.Seed, Cell: a.Record.ID, K: x.K}
	out.Explainer.Kind = x.Kind
	out.Explainer.Name, out.Explainer.Version, out.Explainer.Hash = e.About()
	catalogue := e.Items().Catalogue()
	var all []reasons.Reason
	for _, o := range outcomes {
		all = append(all, o.Reason.Reason)
		out.Reasons = append(out.Reasons, explained(a, e.Items(), catalogue, o))
		if o.Err != nil {
			out.Failed++
			if out.FirstError == nil {
				out.FirstError = o.Err
			}
		}
	}
	out.Summary = reasons.Measure(catalogue, all)
	if account != nil {
		out.Explainer.Account = account()
	}
	if x.Model != nil {
		found, err := explain.Faithful(ctx, x.Model, a.Train.NumItems, questions, outcomes, x.K, uint64(x.Seed), stage("ask again"))
		if err != nil {
			return nil, err
		}
		out.Faithful = &found
	}
	return out, nil
}

// explainer makes the one that is wanted, and for a language model what says afterwards what it did.
func (x Explanation) explainer(ctx context.Context, a *bench.Answered) (explainer, func() *Account, error) {
	switch x.Kind {
	case ByTemplate:
		c := explain.DefaultTemplate()
		c.Wording = x.Wording
		e, err := c.New(a.Train)
		return e, nil, err
	case ByModel:
	default:
		return nil, nil, fmt.Errorf("explain: %q is not one of %s, %s", x.Kind, ByTemplate, ByModel)
	}
	if err := x.Chat.Validate(); err != nil {
		return nil, nil, fmt.Errorf("explain: %w", err)
	}
	to, err := x.Calls.to(x.Chat)
	if err != nil {
		return nil, nil, err
	}
	id, err := to.Identity(ctx)
	if err != nil {
		return nil, nil, err
	}
	c := explain.DefaultModel()
	c.Wording, c.History, c.Seed = x.Wording, x.History, x.Seed
	c.Prompt, c.MaxTokens = cmp.Or(x.Prompt, c.Prompt), cmp.Or(x.MaxTokens, c.MaxTokens)
	e, err := c.New(a.Train, to)
	return e, func() *Account {
		r := e.Report()
		out := &Account{
			Provider: id.Provider, Model: id.Model, Digest: id.Digest, Test: id.Test, Report: r, Dollars: -1,
			LatencyP50: quantile(r.Walls, .5), LatencyP95: quantile(r.Walls, .95),
		}
		if p := to.price; p != nil {
			out.Dollars, out.Prices = p.Dollars(r.PromptTokens, r.CachedTokens, r.OutputTokens), p.From.Format(time.DateOnly)
		}
		return out
	}, err
}

// questions are those that are explained.
func (x Explanation) questions(a *bench.Answered) ([]explain.Question, error) {
	if x.K < 1 {
		return nil, errors.New("explain: k: want at least 1")
	}
	var out []explain.Question
	for n, q := range a.Queries {
		if x.User != "" && x.User != a.Users[n] {
			continue
		}
		one := explain.Question{Query: q}
		for _, i := range a.Lists[n][:min(x.K, len(a.Lists[n]))] {
			one.Items = append(one.Items, i.Item)
		}
		out = append(out, one)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("explain: user %q was not asked for in this cell", x.User)
	}
	return out, nil
}

func explained(a *bench.Answered, items *explain.Items, c *reasons.Catalogue, o explain.Outcome) ExplainedReason {
	out := ExplainedReason{
		User: a.Train.Users.Raw(o.User), Rank: o.Rank, Item: a.Train.Items.Raw(o.Item), Title: items.Titles[o.Item],
		Sentence: o.Sentence, Class: string(o.Class), Claims: []ExplainedClaim{},
	}
	if o.Err != nil {
		out.Error = o.Err.Error()
	}
	for _, claim := range o.Claims {
		one := ExplainedClaim{Claim: claim, Supported: slices.Contains(o.History, claim.Item)}
		if claim.Kind == reasons.Field {
			one.Supported, _ = c.Supports(o.Reason.Reason, claim)
		}
		switch {
		case claim.Item >= 0:
			one.Item, one.Title = a.Train.Items.Raw(claim.Item), items.Titles[claim.Item]
		case claim.Item == reasons.Unknown:
			one.Item = "?"
		}
		for _, g := range o.Grounds {
			if g.Item == claim.Item {
				one.Cosine, one.Users = g.Cosine, g.Users
			}
		}
		out.Claims = append(out.Claims, one)
	}
	return out
}
