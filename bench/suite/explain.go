package suite

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"llm4rec/bench"
	"llm4rec/data"
	"llm4rec/eval/reasons"
	"llm4rec/llm"
	"llm4rec/llm/explain"
	"llm4rec/llm/provider"
	"llm4rec/llm/text"
	"llm4rec/models"
	"llm4rec/results"
)

// Explanation says which recommendations of a cell are explained, and how.
type Explanation struct {
	K       int    // the first so many of each list
	User    string // raw id; "": all
	Kind    string // template or llm
	Wording string // what items are called, as movie or product

	More   text.More // files with more fields
	Fields []string  // that reasons may name; nil: those that usually say what an item is
	Dirs   []string  // data folders, where files may lie

	// Of llm.
	Chat      provider.Chat
	Prompt    string // "": the usual one
	History   int    // newest items of the history that the model sees; 0: all
	MaxTokens int    // of an answer; 0: as usual
	Calls     *Calls

	// Judge says which of the template's and the language model's reasons is better; without a model, nobody does.
	Judge   provider.Chat
	Repeats int // in each order

	Seed int64 // sent to servers, and of what is drawn

	References []Reference // that sentences are compared with

	Model models.Recommender // asked again whether it needs what the reasons cite; nil: it is not
}

// The kinds of explainers.
const (
	ByTemplate = "template"
	ByModel    = "llm"
)

// Reference is what a person wrote of an item, by raw ids.
type Reference struct{ User, Item, Text string }

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
	Overlap   *reasons.Overlap      `json:"references,omitempty"`
	Judged    *Judged               `json:"judged,omitempty"`
	Failed    int                   `json:"failed"` // items without a reason because a call failed
	Reasons   []results.Reason      `json:"reasons"`

	FirstError error `json:"-"` // of a call
}

// Explainer is what gave the reasons.
type Explainer struct {
	Kind    string `json:"kind"`
	Name    string `json:"name"` // of the template or the prompt
	Version int    `json:"version"`
	Hash    string `json:"sha256"`

	Account *results.Account `json:"llm,omitempty"` // of a language model
}

// Judged is what another language model says: the template's reasons are the first, the language model's the second.
type Judged struct {
	explain.Judgement
	Prompt  string           `json:"prompt"`
	Hash    string           `json:"prompt_sha256"`
	Account *results.Account `json:"llm"`
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
	if len(x.More) > 0 {
		fields, err := x.More.Fields(x.Dirs, a.Train)
		if err != nil {
			return nil, fmt.Errorf("explain: %w", err)
		}
		told := *a
		told.Train = informed(a.Train, fields)
		a = &told
	}
	e, did, err := x.explainer(ctx, a)
	if err != nil {
		return nil, err
	}
	var j *judge
	if x.Judge.Model != "" { // before anything is paid for
		if j, err = x.judge(ctx, e.Items()); err != nil {
			return nil, fmt.Errorf("judge: %w", err)
		}
	}
	parallel := 1
	if did != nil {
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
	if did != nil {
		out.Explainer.Account = did()
	}
	if x.Model != nil {
		found, err := explain.Faithful(ctx, x.Model, a.Train.NumItems, questions, outcomes, x.K, uint64(x.Seed), stage("ask again"))
		if err != nil {
			return nil, err
		}
		out.Faithful = &found
	}
	if len(x.References) > 0 {
		found := reasons.Compare(x.pairs(out.Reasons))
		out.Overlap = &found
	}
	if j != nil {
		if out.Judged, err = x.judged(ctx, a, j, questions, outcomes, stage("judge")); err != nil {
			return nil, fmt.Errorf("judge: %w", err)
		}
	}
	return out, nil
}

// informed is training data with other fields of the items.
func informed(t *data.Train, fields data.Fields) *data.Train {
	return &data.Train{
		NumUsers: t.NumUsers, NumItems: t.NumItems, Users: t.Users, Items: t.Items, Inter: t.Inter,
		UserText: t.UserText, ItemText: fields, Valid: t.Valid,
	}
}

// pairs are the sentences that have a reference.
func (x Explanation) pairs(all []results.Reason) []reasons.Pair {
	known := map[[2]string]string{}
	for _, r := range x.References {
		known[[2]string{r.User, r.Item}] = r.Text
	}
	var out []reasons.Pair
	for _, r := range all {
		if text, has := known[[2]string{r.User, r.Item}]; has && r.Sentence != "" {
			out = append(out, reasons.Pair{Candidate: r.Sentence, Reference: text})
		}
	}
	return out
}

// judge is one with its line.
type judge struct {
	*explain.Judge
	to *line
	id llm.Identity
}

func (x Explanation) judge(ctx context.Context, items *explain.Items) (*judge, error) {
	if x.Kind != ByModel {
		return nil, errors.New("there is no language model whose reasons could be compared with the template's")
	}
	if explain.SameFamily(x.Judge.Model, x.Chat.Model) {
		return nil, fmt.Errorf("%s is of one family with %s, and would prefer its own", x.Judge.Model, x.Chat.Model)
	}
	to, id, err := x.line(ctx, x.Judge)
	if err != nil {
		return nil, err
	}
	c := explain.DefaultJudge()
	c.Wording, c.History, c.Seed, c.Repeats = x.Wording, x.History, x.Seed, cmp.Or(x.Repeats, c.Repeats)
	j, err := c.New(items, to)
	return &judge{j, to, id}, err
}

// judged has the template's reasons for the same items compared with the language model's.
func (x Explanation) judged(ctx context.Context, a *bench.Answered, j *judge, questions []explain.Question, outcomes []explain.Outcome, progress func(done, total int)) (*Judged, error) {
	template := x
	template.Kind = ByTemplate
	e, _, err := template.explainer(ctx, a)
	if err != nil {
		return nil, err
	}
	others, err := explain.All(ctx, e, questions, 1, func(int, int) {})
	if err != nil {
		return nil, err
	}
	found, err := j.Compare(ctx, questions, others, outcomes, x.Calls.crowd(), progress)
	if err != nil {
		return nil, err
	}
	name, version, hash := j.About()
	return &Judged{found, fmt.Sprintf("%s v%d", name, version), hash, account(j.to, j.id, j.Report())}, nil
}

// line is the way to a model that is at hand.
func (x Explanation) line(ctx context.Context, chat provider.Chat) (*line, llm.Identity, error) {
	if err := chat.Validate(); err != nil {
		return nil, llm.Identity{}, fmt.Errorf("explain: %w", err)
	}
	to, err := x.Calls.to(chat)
	if err != nil {
		return nil, llm.Identity{}, err
	}
	id, err := to.Identity(ctx)
	return to, id, err
}

func account(to *line, id llm.Identity, r explain.Report) *results.Account {
	out := &results.Account{
		Provider: id.Provider, Model: id.Model, Digest: id.Digest, Test: id.Test,
		Calls: r.Calls, Recorded: r.Recorded, Failures: r.Failures, Answers: map[string]int{},
		PromptTokens: r.PromptTokens, CachedTokens: r.CachedTokens, OutputTokens: r.OutputTokens, Dollars: -1,
		LatencyP50: quantile(r.Walls, .5), LatencyP95: quantile(r.Walls, .95),
	}
	for class, n := range r.Answers {
		out.Answers[string(class)] = n
	}
	if p := to.price; p != nil {
		out.Dollars, out.Prices = p.Dollars(r.PromptTokens, r.CachedTokens, r.OutputTokens), p.From.Format(time.DateOnly)
	}
	return out
}

// explainer makes the one that is wanted, and for a language model what says afterwards what it did.
func (x Explanation) explainer(ctx context.Context, a *bench.Answered) (explainer, func() *results.Account, error) {
	switch x.Kind {
	case ByTemplate:
		c := explain.DefaultTemplate()
		c.Wording, c.Fields = x.Wording, x.Fields
		e, err := c.New(a.Train)
		return e, nil, err
	case ByModel:
	default:
		return nil, nil, fmt.Errorf("explain: %q is not one of %s, %s", x.Kind, ByTemplate, ByModel)
	}
	to, id, err := x.line(ctx, x.Chat)
	if err != nil {
		return nil, nil, err
	}
	c := explain.DefaultModel()
	c.Wording, c.Fields, c.History, c.Seed = x.Wording, x.Fields, x.History, x.Seed
	c.Prompt, c.MaxTokens = cmp.Or(x.Prompt, c.Prompt), cmp.Or(x.MaxTokens, c.MaxTokens)
	e, err := c.New(a.Train, to)
	return e, func() *results.Account { return account(to, id, e.Report()) }, err
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

func explained(a *bench.Answered, items *explain.Items, c *reasons.Catalogue, o explain.Outcome) results.Reason {
	out := results.Reason{
		User: a.Train.Users.Raw(o.User), Rank: int32(o.Rank), Item: a.Train.Items.Raw(o.Item), Title: items.Titles[o.Item],
		Sentence: o.Sentence, Class: string(o.Class), Claims: []results.Claim{},
	}
	if o.Err != nil {
		out.Error = o.Err.Error()
	}
	for _, claim := range o.Claims {
		one := results.Claim{Kind: string(claim.Kind), Field: claim.Field, Value: claim.Value, Supported: slices.Contains(o.History, claim.Item)}
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
				one.Cosine, one.Users = g.Cosine, int32(g.Users)
			}
		}
		out.Claims = append(out.Claims, one)
	}
	return out
}
