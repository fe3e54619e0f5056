package suite

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"llm4rec/bench"
	"llm4rec/eval/reasons"
	"llm4rec/llm/explain"
)

// Explanation says which recommendations of a cell are explained, and how.
type Explanation struct {
	K       int    // the first so many of each list
	User    string // raw id; "": all
	Wording string // what items are called, as movie or product
}

// Explained is the reasons of a cell's recommendations, with what there is to say of all of them.
type Explained struct {
	Experiment string `json:"experiment"`
	Dataset    string `json:"dataset"`
	Protocol   string `json:"protocol"`
	System     string `json:"system"`
	Seed       int64  `json:"seed"`
	Cell       string `json:"cell"`
	K          int    `json:"k"`

	Explainer  Explainer         `json:"explainer"`
	Summary    reasons.Summary   `json:"summary"`
	Reasons    []ExplainedReason `json:"reasons"`
	Failed     int               `json:"failed"` // items without a reason because a call failed
	FirstError error             `json:"-"`

	all []reasons.Reason
}

// Explainer is what gave the reasons.
type Explainer struct {
	Kind    string `json:"kind"`
	Name    string `json:"name"` // of the template or the prompt
	Version int    `json:"version"`
	Hash    string `json:"sha256"`
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
func Explain(ctx context.Context, a *bench.Answered, x Explanation, progress func(done, total int)) (*Explained, error) {
	questions, err := x.questions(a)
	if err != nil {
		return nil, err
	}
	kind := "template"
	c := explain.DefaultTemplate()
	c.Wording = x.Wording
	var e explainer
	if e, err = c.New(a.Train); err != nil {
		return nil, err
	}
	outcomes, err := explain.All(ctx, e, questions, 1, progress)
	if err != nil {
		return nil, err
	}
	id := a.Record.Identity
	out := &Explained{Experiment: a.Record.Experiment, Dataset: id.Dataset, Protocol: id.Label, System: id.System, Seed: id.Seed, Cell: a.Record.ID, K: x.K}
	out.Explainer.Kind = kind
	out.Explainer.Name, out.Explainer.Version, out.Explainer.Hash = e.About()
	catalogue := e.Items().Catalogue()
	for _, o := range outcomes {
		out.all = append(out.all, o.Reason.Reason)
		out.Reasons = append(out.Reasons, explained(a, e.Items(), catalogue, o))
		if o.Err != nil {
			out.Failed++
			if out.FirstError == nil {
				out.FirstError = o.Err
			}
		}
	}
	out.Summary = reasons.Measure(catalogue, out.all)
	return out, nil
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
