package suite

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"llm4rec/bench"
	"llm4rec/data"
	"llm4rec/llm/explain"
	"llm4rec/llm/provider"
	"llm4rec/llm/text"
	"llm4rec/models"
	"llm4rec/results"
)

// explainConfig is the model explain: what gives reasons for the recommendations of another system.
type explainConfig struct {
	Explainer string `json:"explainer" yaml:"explainer" jsonschema:"template, which needs no model; or llm"`
	K         int    `json:"k" yaml:"k" jsonschema:"how many of each list are explained"`
	Wording   string `json:"wording" yaml:"wording" jsonschema:"what items are called: movie or product"`

	More   text.More `json:"more" yaml:"more" jsonschema:"files with more fields of items"`
	Fields []string  `json:"fields" yaml:"fields" jsonschema:"that reasons may name; empty: those that usually say what an item is, as genres, tags and brand"`

	provider.Chat `yaml:",inline"`
	Prompt        string `json:"prompt" yaml:"prompt" jsonschema:"of llm: the path of a prompt of your own; empty: the usual one"`
	History       int    `json:"history" yaml:"history" jsonschema:"of llm: how many of the newest history items it sees; 0: all"`
	MaxTokens     int    `json:"max_tokens" yaml:"max_tokens" jsonschema:"of llm: of an answer; 0: 512"`

	calls *Calls
	dirs  []string
	seed  int64
}

func (c explainConfig) Validate() error {
	bad := func(key string, err error) error { return &data.SpecError{Key: key, Err: err} }
	switch {
	case c.Explainer != ByTemplate && c.Explainer != ByModel:
		return bad("explainer", fmt.Errorf("%q is not one of %s, %s", c.Explainer, ByTemplate, ByModel))
	case c.K < 1:
		return bad("k", fmt.Errorf("want at least 1, got %d", c.K))
	case c.History < 0 || c.MaxTokens < 0:
		return bad("history", errors.New("history and max_tokens must not be negative"))
	case c.Explainer == ByTemplate && (c.Model != "" || c.Prompt != ""):
		return bad("explainer", errors.New("a template asks no model and has no prompt: want explainer: llm"))
	}
	if err := c.More.Validate(); err != nil {
		return bad("more", err)
	}
	if _, err := c.hash(); err != nil {
		return bad("wording", err)
	}
	if c.Explainer == ByTemplate {
		return nil
	}
	return c.Chat.Validate()
}

// hash is that of the words that reasons, or questions for them, are made of.
func (c explainConfig) hash() (string, error) {
	if c.Explainer == ByTemplate {
		x := explain.DefaultTemplate()
		x.Wording = c.Wording
		return x.Hash()
	}
	x := explain.DefaultModel()
	x.Wording, x.Prompt = c.Wording, cmp.Or(c.Prompt, x.Prompt)
	return x.Hash()
}

// Calls is about how many calls a user costs.
func (c explainConfig) Calls() int {
	if c.Explainer == ByTemplate {
		return 0
	}
	return c.K
}

// Fingerprint names what reasons are made of beside the parameters: the words of the template or prompt, files, and what answers.
func (c explainConfig) Fingerprint() (string, error) {
	h := sha256.New()
	sum, err := c.hash()
	if err != nil {
		return "", err
	}
	h.Write([]byte(sum + "\n"))
	if c.Explainer == ByModel {
		key, err := c.calls.key(c.Chat)
		if err != nil {
			return "", err
		}
		h.Write([]byte(key + "\n"))
	}
	if err := c.More.Identify(h, c.dirs); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Explain explains, and measures the reasons.
func (c explainConfig) Explain(ctx context.Context, a *bench.Answered, progress models.Progress) (results.Reasons, []results.Reason, error) {
	x, err := Explain(ctx, a, Explanation{
		K: c.K, Kind: c.Explainer, Wording: c.Wording, More: c.More, Fields: c.fields(), Dirs: c.dirs,
		Chat: c.Chat, Prompt: c.Prompt, History: c.History, MaxTokens: c.MaxTokens, Calls: c.calls, Seed: c.seed,
	}, func(_ string, done, total int) { progress(done, total, "") })
	if err != nil {
		return results.Reasons{}, nil, err
	}
	s := x.Summary
	return results.Reasons{
		Kind: x.Explainer.Kind, Name: x.Explainer.Name, Version: x.Explainer.Version, Hash: x.Explainer.Hash, K: c.K,
		Asked: s.Asked, Failed: x.Failed, Reasons: s.Reasons, Grounded: s.Grounded, InHistory: s.InHistory, Exact: s.Exact, Fuzzy: s.Fuzzy,
		Invented: s.Invented, Elsewhere: s.Elsewhere, FCR: s.FCR, DIV: s.DIV, USR: s.USR, Words: s.Words, Account: x.Explainer.Account,
	}, x.Reasons, nil
}

func (c explainConfig) fields() []string {
	if len(c.Fields) == 0 {
		return nil
	}
	return c.Fields
}

// reasoner is the registry's line.
func reasoner(calls *Calls, dirs []string) bench.Model {
	c := explainConfig{Explainer: ByTemplate, K: 5, Wording: "movie", History: 20, Chat: provider.Chat{Provider: provider.Ollama}, calls: calls, dirs: dirs}
	return bench.RegisterExplainer("explain", "reasons for what another system recommends, by a template or a language model", explain.Revision, c,
		func(c explainConfig, e bench.Env) bench.Explainer {
			c.seed = e.Seed
			return c
		})
}
