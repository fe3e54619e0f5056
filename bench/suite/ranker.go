package suite

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"llm4rec/bench"
	"llm4rec/data"
	"llm4rec/llm"
	"llm4rec/llm/provider"
	"llm4rec/llm/rank"
	"llm4rec/models"
	"llm4rec/results"
)

// llmConfig is the model llm: which language model, how it is asked to rank, and what it is asked besides.
type llmConfig struct {
	provider.Chat `yaml:",inline"`
	rank.Config   `yaml:",inline"`

	Probe int `json:"probe" yaml:"probe" jsonschema:"how many titles, and as many histories, of the training data it is asked to complete: what it can recite it has read; 0: none"`

	calls   *Calls
	dataset string
}

func (c llmConfig) Validate() error {
	if err := c.Chat.Validate(); err != nil {
		return err
	}
	if c.Probe < 0 {
		return &data.SpecError{Key: "probe", Err: fmt.Errorf("want at least 0, got %d", c.Probe)}
	}
	return c.Config.Validate()
}

// Fingerprint names what answers too: a model that has changed under its name gives other results.
func (c llmConfig) Fingerprint() (string, error) {
	c.Config.Chat = func() (llm.Chat, error) { return c.calls.to(c.Chat) }
	return c.Config.Fingerprint()
}

// Prepare makes the ranker, if its model is at hand, and probes it.
func (c llmConfig) Prepare(ctx context.Context, train *data.Train) (models.Ranker, error) {
	to, err := c.calls.to(c.Chat)
	if err != nil {
		return nil, err
	}
	id, err := to.Identity(ctx)
	if err != nil {
		return nil, err
	}
	out := &llmRanker{line: to, id: id, crowd: c.calls.crowd(), probing: counted{Chat: to}}
	c.Config.Chat = func() (llm.Chat, error) { return to, nil }
	r, err := c.Config.Prepare(ctx, train)
	if err != nil {
		return nil, err
	}
	out.Ranker = r.(*rank.Ranker)
	if c.Probe > 0 {
		found, err := rank.Probe(ctx, &out.probing, c.dataset, train, c.Probe, c.Seed)
		if err != nil {
			return nil, fmt.Errorf("probe: %w", err)
		}
		out.probe = &found
	}
	return out, nil
}

// Preview is what the ranker would ask. No model is asked, not even whether it is there.
func (c llmConfig) Preview(ctx context.Context, train *data.Train, q models.Query, candidates []models.Scored) ([]llm.Request, error) {
	r, err := c.Config.Prepare(ctx, train) // without a chat it can do just that
	if err != nil {
		return nil, err
	}
	return r.(*rank.Ranker).Preview(ctx, q, candidates)
}

// llmRanker is a ranker with what is known of its calls.
type llmRanker struct {
	*rank.Ranker
	line  *line
	id    llm.Identity
	crowd int

	probe   *rank.Contamination // nil: none
	probing counted
}

func (r *llmRanker) Crowd() int { return r.crowd }

// Warnings are the identity's, and what the probe found.
func (r *llmRanker) Warnings() []string {
	out := slices.Clone(r.id.Warnings)
	if p := r.probe; p != nil && p.Items.Completed+p.Histories.Completed > 0 {
		out = append(out, fmt.Sprintf("%s completes %d of %d titles and %d of %d histories of this data set: it has read it",
			r.id.Model, p.Items.Completed, p.Items.Asked, p.Histories.Completed, p.Histories.Asked))
	}
	return out
}

// Account is what the ranker and the gate counted, in the record's form.
func (r *llmRanker) Account() results.LLM {
	x := r.Report()
	probed := r.probing.report()
	x.Calls, x.Recorded = x.Calls+probed.Calls, x.Recorded+probed.Recorded
	x.PromptTokens, x.CachedTokens, x.OutputTokens = x.PromptTokens+probed.PromptTokens, x.CachedTokens+probed.CachedTokens, x.OutputTokens+probed.OutputTokens
	out := results.LLM{
		Provider: r.id.Provider, Model: r.id.Model, Digest: r.id.Digest, BaseURL: r.id.BaseURL, Test: r.id.Test,
		Prompt: fmt.Sprintf("%s v%d, %s", x.Prompt, x.Version, x.Wording), PromptHash: x.PromptHash, Method: x.Method,
		Calls: x.Calls, Recorded: x.Recorded, Untold: x.Untold, PromptTokens: x.PromptTokens, CachedTokens: x.CachedTokens, OutputTokens: x.OutputTokens,
		Dollars: -1, Answers: map[string]int{}, Again: x.Again,
		LatencyP50: quantile(x.Walls, .5), LatencyP95: quantile(x.Walls, .95), TokensPerSecond: x.TokensPerSecond,
		Displacement: x.Displacement, Tau: x.Tau,
	}
	if p := r.line.price; p != nil {
		out.Dollars, out.Prices = p.Dollars(x.PromptTokens, x.CachedTokens, x.OutputTokens), p.From.Format(time.DateOnly)
	}
	for class, n := range x.Answers {
		out.Answers[string(class)] = n
	}
	if r.line.gate != nil {
		live := r.line.gate.Report()
		out.FirstTokenP50, out.FirstTokenP95, out.Load, out.Parallel = live.FirstTokenP50, live.FirstTokenP95, live.Load, live.Highest
		for kind, n := range live.Retries {
			if out.Retries == nil {
				out.Retries = map[string]int{}
			}
			out.Retries[string(kind)] = n
		}
	}
	for _, p := range x.Positions {
		out.Positions = append(out.Positions, results.Position(p))
	}
	for _, p := range x.Popularity {
		out.Popularity = append(out.Popularity, results.Rank(p))
	}
	if a := x.Attack; a != nil {
		out.Attack = &results.Attack{Payload: a.Payload, Field: a.Field, Lift: a.Lift, Top: a.Top, TopBefore: a.TopBefore, Drift: a.Drift}
	}
	if p := r.probe; p != nil {
		out.Probe = &results.Probe{Items: results.Recited(p.Items), Histories: results.Recited(p.Histories)}
	}
	return out
}

// quantile of sorted durations by nearest rank, in seconds.
func quantile(sorted []time.Duration, p float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(p*float64(len(sorted))), len(sorted)-1)].Seconds()
}

// ranker is the registry's line.
func ranker(calls *Calls, dirs []string) bench.Model {
	c := llmConfig{Chat: provider.Chat{Provider: provider.Ollama}, Config: rank.Default(), Probe: 20, calls: calls}
	c.Dirs = dirs
	return bench.RegisterRanker("llm", "a language model that puts what another system found in its own order", rank.Revision, c, func(c llmConfig, e bench.Env) models.Preparer {
		c.Seed, c.Replica, c.dataset = uint64(e.Seed), e.Seed, cmp.Or(e.Dataset, "the data set")
		return c
	})
}
