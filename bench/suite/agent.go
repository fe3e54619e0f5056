package suite

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"llm4rec/bench"
	"llm4rec/data"
	"llm4rec/llm"
	"llm4rec/llm/agent"
	"llm4rec/llm/cassette"
	"llm4rec/llm/explain"
	"llm4rec/llm/memory"
	"llm4rec/llm/provider"
	"llm4rec/llm/text"
	"llm4rec/models"
	"llm4rec/models/fusion"
	"llm4rec/results"
)

// AgentConfig is an agent (its name is for decoding, which sets no embedded type that is not exported): how it plans, the models that it asks, and the parts of the harness that its tools are.
type AgentConfig struct {
	agent.Config  `yaml:",inline"`
	provider.Chat `yaml:",inline"`

	Critic     *provider.Chat         `json:"critic,omitempty" yaml:"critic,omitempty" jsonschema:"another model, which reviews; without one the agent's own does"`
	Retrievers map[string]fusion.Part `json:"retrievers" yaml:"retrievers" jsonschema:"what can retrieve, by the name that the agent calls it by: each a model with its params"`
	Rankers    map[string]fusion.Part `json:"rankers,omitempty" yaml:"rankers,omitempty" jsonschema:"what can rank, likewise: models that rank again"`
	More       text.More              `json:"more" yaml:"more" jsonschema:"files with more fields of items"`
	Explains   bool                   `json:"explains" yaml:"explains" jsonschema:"a template gives reasons, as a tool"`

	parts *parts
	env   bench.Env
}

// parts make what an agent's tools are.
type parts struct {
	known *bench.Suite
	calls *Calls
	dirs  []string
}

func defaultAgent(p *parts) AgentConfig {
	return AgentConfig{
		Config: agent.Default(), Chat: provider.Chat{Provider: provider.Ollama}, Explains: true, parts: p,
		Retrievers: map[string]fusion.Part{"itemknn": {Model: "itemknn", Params: map[string]any{"history": 3, "decay": 0.7}}},
	}
}

// Validate checks the parameters, those of the parts among them. Errors are *data.SpecError.
func (c AgentConfig) Validate() error {
	if err := c.Config.Validate(); err != nil {
		return err
	}
	bad := func(key string, err error) error { return &data.SpecError{Key: key, Err: err} }
	if c.Model() != (c.Chat.Model != "") {
		if c.Model() {
			return bad("model", fmt.Errorf("missing: planner %s asks one", c.Planner))
		}
		return bad("model", errors.New("the scripted policy asks none: want another planner"))
	}
	if c.Model() {
		if err := c.Chat.Validate(); err != nil {
			return err
		}
	}
	if c.Critic != nil {
		if !c.Reviewed() {
			return bad("critic", fmt.Errorf("it would not be asked, by planner %s with reflections %d: want reflections of at least 1, and a planner that asks a model", c.Planner, c.Reflections))
		}
		if err := c.Critic.Validate(); err != nil {
			return bad("critic", err)
		}
	}
	if err := c.More.Validate(); err != nil {
		return bad("more", err)
	}
	for _, m := range c.More {
		if memory.Excluded(m.Field) {
			return bad("more", fmt.Errorf("%s: %q says what became of an item later, which no agent is told: see memory.Excluded", m.Path, m.Field))
		}
	}
	if len(c.Retrievers) == 0 {
		return bad("retrievers", errors.New("missing: they also answer where a model does not"))
	}
	if c.Retriever != "" && c.Retrievers[c.Retriever].Model == "" {
		return bad("retriever", fmt.Errorf("%q is none of the retrievers: %s", c.Retriever, strings.Join(slices.Sorted(maps.Keys(c.Retrievers)), ", ")))
	}
	if c.Ranker != "" && c.Rankers[c.Ranker].Model == "" {
		return bad("ranker", fmt.Errorf("%q is none of the rankers: %s", c.Ranker, strings.Join(slices.Sorted(maps.Keys(c.Rankers)), ", ")))
	}
	for _, name := range slices.Sorted(maps.Keys(c.Retrievers)) {
		p := c.Retrievers[name]
		if m, _, err := c.part(p); err != nil || m.Reranks || m.Explains || m.Talks {
			return bad("retrievers", fmt.Errorf("%s: want a model that answers by itself: %w", name, errors.Join(err, fmt.Errorf("%q", p.Model))))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Rankers)) {
		p := c.Rankers[name]
		if m, _, err := c.part(p); err != nil || !m.Reranks {
			return bad("rankers", fmt.Errorf("%s: want a model that ranks again: %w", name, errors.Join(err, fmt.Errorf("%q", p.Model))))
		}
	}
	return nil
}

// part is a model with its parameters.
func (c AgentConfig) part(p fusion.Part) (bench.Model, bench.Bound, error) {
	return part(c.parts.known, p)
}

// Fingerprint names all that determines an agent beside its parameters: prompts, models, parts and files.
func (c AgentConfig) Fingerprint() (string, error) {
	sum, err := c.Config.Fingerprint()
	if err != nil {
		return "", err
	}
	out := []string{sum}
	for _, all := range []map[string]fusion.Part{c.Retrievers, c.Rankers} {
		for _, name := range slices.Sorted(maps.Keys(all)) {
			sum, err := described(c.parts.known, all[name])
			if err != nil {
				return "", err
			}
			out = append(out, name+" "+sum)
		}
	}
	for _, chat := range c.chats() {
		key, err := c.parts.calls.key(chat)
		if err != nil {
			return "", err
		}
		out = append(out, key)
	}
	var files strings.Builder
	if err := c.More.Identify(&files, c.parts.dirs); err != nil {
		return "", err
	}
	h := sha256.New()
	for _, x := range append(out, files.String()) {
		h.Write([]byte(x + "\n"))
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// chats are the models that it asks.
func (c AgentConfig) chats() []provider.Chat {
	var out []provider.Chat
	if c.Model() {
		out = append(out, c.Chat)
	}
	if c.Critic != nil {
		out = append(out, *c.Critic)
	}
	return out
}

// host is an agent with what is known of its calls.
type host struct {
	*agent.Agent
	config    AgentConfig
	actor     *partner
	critic    *partner          // nil: the actor
	explainer explain.Explainer // nil: none
	backup    models.Recommender
	crowd     int

	mu    sync.Mutex
	did   results.Agent   // turns, ends and tool calls
	walls []time.Duration // of turns
}

// partner is a model with its line.
type partner struct {
	counted
	to *line
	id llm.Identity
}

// Identity is as it was when they met.
func (p *partner) Identity(context.Context) (llm.Identity, error) { return p.id, nil }

// meet makes sure that a model is at hand.
func (c *Calls) meet(ctx context.Context, chat provider.Chat) (*partner, error) {
	to, err := c.to(chat)
	if err != nil {
		return nil, err
	}
	id, err := to.Identity(ctx)
	return &partner{counted: counted{Chat: to}, to: to, id: id}, err
}

// account is what was asked of it so far.
func (p *partner) account() *results.Account { return account(p.to, p.id, p.report()) }

// open makes the agent: its retrievers are fitted, and its models are at hand.
func (c AgentConfig) open(ctx context.Context, train *data.Train, profiles agent.Profiles) (*host, error) {
	h := &host{config: c, crowd: c.parts.calls.crowd(), did: results.Agent{Ends: map[string]int{}}}
	p := agent.Parts{Train: train, Retrievers: map[string]models.Recommender{}, Rankers: map[string]models.Ranker{}, Profiles: profiles}
	var err error
	if c.Model() {
		if h.actor, err = c.parts.calls.meet(ctx, c.Chat); err != nil {
			return nil, err
		}
		p.Actor = h.actor
	}
	if c.Critic != nil {
		if h.critic, err = c.parts.calls.meet(ctx, *c.Critic); err != nil {
			return nil, err
		}
		p.Critic = h.critic
	}
	if p.Fields, err = c.More.Fields(c.parts.dirs, train); err != nil {
		return nil, err
	}
	env := c.env
	env.Checkpoint.Path = "" // there is one file, and several parts
	for _, name := range slices.Sorted(maps.Keys(c.Retrievers)) {
		_, b, err := c.part(c.Retrievers[name])
		if err != nil {
			return nil, err
		}
		if p.Retrievers[name], err = b.Fitter(env).Fit(ctx, train); err != nil {
			return nil, fmt.Errorf("retriever %s: %w", name, err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Rankers)) {
		_, b, err := c.part(c.Rankers[name])
		if err != nil {
			return nil, err
		}
		if p.Rankers[name], err = b.Preparer(env).Prepare(ctx, train); err != nil {
			return nil, fmt.Errorf("ranker %s: %w", name, err)
		}
	}
	if c.Explains {
		x := explain.DefaultTemplate()
		x.Wording = c.Wording
		if p.Explainer, err = x.New(informed(train, p.Fields)); err != nil {
			return nil, err
		}
		h.explainer = p.Explainer
	}
	h.backup = p.Retrievers[c.retriever()]
	config := c.Config
	config.Seed, config.Replica = c.env.Seed, c.env.Seed
	h.Agent, err = agent.New(config, p)
	return h, err
}

// retriever is the one that answers where a model does not.
func (c AgentConfig) retriever() string {
	if c.Retriever != "" {
		return c.Retriever
	}
	return slices.Sorted(maps.Keys(c.Retrievers))[0]
}

// took counts a turn.
func (h *host) took(end agent.End, u agent.Usage) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.did.Turns++
	h.did.Ends[string(end)]++
	h.did.ToolCalls += u.ToolCalls
	h.did.ToolErrors += u.ToolErrors
	h.walls = append(h.walls, max(u.Wall, u.Model))
}

// Acted is what it did so far.
func (h *host) Acted() results.Agent {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := h.did
	out.Planner, out.Prompt, out.Ends = h.config.Planner, h.Prompt(), maps.Clone(out.Ends)
	walls := slices.Sorted(slices.Values(h.walls))
	out.TurnP50, out.TurnP95 = quantile(walls, .5), quantile(walls, .95)
	if h.actor != nil {
		out.Account = h.actor.account()
	}
	if h.critic != nil {
		out.Critic = h.critic.account()
	}
	return out
}

// Warnings are the models' identities'.
func (h *host) Warnings() []string {
	if h.actor == nil {
		return nil
	}
	return h.actor.id.Warnings
}

// oneTurn is an agent as a system among others: every user says the same, once.
type oneTurn struct {
	AgentConfig `yaml:",inline"`

	Request string `json:"request" yaml:"request" jsonschema:"what the user says"`
}

func (c oneTurn) Fit(ctx context.Context, train *data.Train) (models.Recommender, error) {
	h, err := c.open(ctx, train, nil)
	if err != nil {
		return nil, fmt.Errorf("agent: %w", err)
	}
	return &once{h, c.Request}, nil
}

// once asks an agent once. What the agent recommends comes first; what its retriever would have said follows, so that lists are as
// long as others'.
type once struct {
	*host
	request string
}

func (o *once) Recommend(ctx context.Context, queries []models.Query) ([][]models.Scored, error) {
	out := make([][]models.Scored, len(queries))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(o.crowd)
	for n, q := range queries {
		group.Go(func() (err error) {
			out[n], err = o.one(ctx, q)
			return err
		})
	}
	return out, group.Wait()
}

func (o *once) one(ctx context.Context, q models.Query) ([]models.Scored, error) {
	turn, err := o.Open(visitorOf(q)).Say(ctx, o.request)
	if err != nil {
		return nil, err
	}
	o.took(turn.End, turn.Usage)
	var items []int32
	for _, i := range turn.Items {
		if len(items) < q.K && !slices.Contains(items, i) {
			items = append(items, i)
		}
	}
	rest := q
	rest.Exclude = slices.Concat(q.Exclude, items)
	if rest.K = q.K - len(items); rest.K > 0 {
		more, err := o.backup.Recommend(ctx, []models.Query{rest})
		if err != nil {
			return nil, err
		}
		for _, x := range more[0] {
			items = append(items, x.Item)
		}
	}
	out := make([]models.Scored, len(items))
	for n, i := range items {
		out[n] = models.Scored{Item: i, Score: float32(len(items) - n)}
	}
	return out, nil
}

// acting is the registry's line.
func acting(p *parts) bench.Model {
	c := oneTurn{AgentConfig: defaultAgent(p), Request: "Recommend what I should watch next."}
	c.Ask = false
	m := bench.Register("agent", "an agent that recommends through tools, by a language model or by a scripted policy", agent.Revision, true, c, func(c oneTurn, e bench.Env) models.Fitter {
		c.env = e
		return c
	})
	m.Acts = true
	return m
}

// Host is an agent that people talk with.
type Host struct{ *host }

// OpenAgent makes the agent of a cell: its retrievers are fitted, and its models are asked as the run's calls say. It may ask.
func OpenAgent(ctx context.Context, a *bench.Answered, e bench.Env, profiles agent.Profiles) (Host, error) {
	var c AgentConfig
	switch x := a.Cell.Bound.Config.(type) {
	case oneTurn:
		c = x.AgentConfig
	case talkConfig:
		c = x.AgentConfig
	default:
		return Host{}, fmt.Errorf("%s is no agent: its model is %s, want agent or conversation", a.Cell.System.Name, a.Cell.Model.Name)
	}
	c.Ask, c.env = true, e
	h, err := c.open(ctx, a.Train, profiles)
	return Host{h}, err
}

// Ready asks whether the agent's models are at hand now. Recorded answers need none.
func (h Host) Ready(ctx context.Context) error {
	if calls := h.config.parts.calls; calls != nil && calls.Mode == cassette.Replay {
		return nil
	}
	for _, chat := range h.config.chats() {
		if _, err := chat.Identity(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Why is the reason for an item, in a sentence, "" where there is none.
func (h Host) Why(ctx context.Context, v agent.Visitor, item int32) (string, error) {
	if h.explainer == nil {
		return "", nil
	}
	r, err := h.explainer.Explain(ctx, models.Query{User: v.User, History: v.History, Times: v.Times, At: v.At, Exclude: v.Exclude, K: 1}, item)
	return r.Sentence, err
}

// VisitorOf is a user of a cell's questions, by the raw id; nobody in particular has "".
func VisitorOf(a *bench.Answered, user string) (agent.Visitor, bool) {
	if user == "" {
		return agent.Visitor{User: -1}, true
	}
	n := slices.Index(a.Users, user)
	if n < 0 {
		return agent.Visitor{}, false
	}
	v := visitorOf(a.Queries[n])
	v.Candidates = nil // of a test: who talks may be told of all that there is
	return v, true
}

// visitorOf is the user of a question.
func visitorOf(q models.Query) agent.Visitor {
	return agent.Visitor{User: q.User, History: q.History, Times: q.Times, At: q.At, Exclude: q.Exclude, Candidates: q.Candidates}
}

// Title is an item's, or its raw id where it has none.
func Title(train *data.Train, item int32) string {
	if titles := train.ItemText.Values("title"); titles != nil && titles[item] != "" {
		return titles[item]
	}
	return train.Items.Raw(item)
}

// turnCalls is about how many calls of models a turn takes, where no bound is hit.
func (c AgentConfig) turnCalls() int {
	calls := map[string]int{agent.React: 4, agent.Inspire: 6, agent.Plan: 1, agent.Alone: 1}[c.Planner]
	if c.Reviewed() {
		calls++
	}
	return min(calls, c.Config.Calls)
}

// Calls is about how many calls a user costs.
func (c oneTurn) Calls() int { return c.turnCalls() }
