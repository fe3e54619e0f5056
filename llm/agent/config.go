package agent

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"llm4rec/data"
	"llm4rec/llm/text"
)

// Revision of the implementation: it is raised when a change alters what agents do.
const Revision = 2

// The planners.
const (
	React    = "react"
	Plan     = "plan"
	Inspire  = "inspire"
	Alone    = "alone"
	Scripted = "scripted"
)

// How tools are called.
const (
	Native   = "native"
	TextCall = "text"
)

// The memories.
const (
	Short         = "short"
	Long          = "long"
	Collaborative = "collaborative"
)

// Config of an agent. Start from [Default]; ablations are settings of it: reflections 0, planner react, memory [], planner alone,
// planner scripted.
type Config struct {
	Planner string   `json:"planner" yaml:"planner" jsonschema:"scripted: no model, conditions are read from the user's words; react: a model calls tools one at a time; plan: all in one answer; inspire: several from each state, which are kept; alone: a model without tools"`
	Calling string   `json:"calling" yaml:"calling" jsonschema:"native: by the server's own form of tool calls; text: by a plain-text protocol, for models without it"`
	Memory  []string `json:"memory" yaml:"memory" jsonschema:"of short (this conversation), long (what is stored of the user), collaborative (what others took with the user's items)"`
	Wording string   `json:"wording" yaml:"wording" jsonschema:"what prompts call items, as movie or product"`
	Ask     bool     `json:"ask" yaml:"ask" jsonschema:"the agent may ask the user instead of recommending"`

	Retriever string `json:"retriever" yaml:"retriever" jsonschema:"that the scripted policy and the fallback use; empty: the first by name"`
	Ranker    string `json:"ranker" yaml:"ranker" jsonschema:"that the scripted policy uses; empty: none"`

	Items    int           `json:"items" yaml:"items" jsonschema:"most that a turn recommends"`
	Keep     int           `json:"keep" yaml:"keep" jsonschema:"candidates that retrieve and similar keep where a call does not say"`
	Shown    int           `json:"shown" yaml:"shown" jsonschema:"candidates whose text a tool's answer shows"`
	History  int           `json:"history" yaml:"history" jsonschema:"newest history items in a prompt"`
	Item     text.Template `json:"item" yaml:"item" jsonschema:"an item's text, with fields in braces; empty: title, year and genres, of those that there are"`
	Limit    int           `json:"limit" yaml:"limit" jsonschema:"of an item's text, in characters"`
	Branches int           `json:"branches" yaml:"branches" jsonschema:"of inspire: calls tried from each state"`

	Steps       int           `json:"steps" yaml:"steps" jsonschema:"bound on the tool calls of a turn"`
	Calls       int           `json:"calls" yaml:"calls" jsonschema:"bound on the model calls of a turn, the critic's among them"`
	Tokens      int           `json:"tokens" yaml:"tokens" jsonschema:"bound on the tokens of a turn, read and written: no call is made once they are spent"`
	Time        time.Duration `json:"time" yaml:"time" jsonschema:"bound on a turn"`
	ToolErrors  int           `json:"tool_errors" yaml:"tool_errors" jsonschema:"tool calls that may fail in a row"`
	Reflections int           `json:"reflections" yaml:"reflections" jsonschema:"how often the critic may send an answer back; 0: no critic"`

	AskAbove  int `json:"ask_above" yaml:"ask_above" jsonschema:"the scripted policy asks while more candidates are left"`
	Questions int `json:"questions" yaml:"questions" jsonschema:"that the scripted policy asks in a conversation, at most"`

	Temperature float64 `json:"temperature" yaml:"temperature" jsonschema:"of the actor; the critic's is 0"`
	MaxTokens   int     `json:"max_tokens" yaml:"max_tokens" jsonschema:"of an answer; 0: the server's limit"`
	Seed        int64   `json:"-" yaml:"-"`
	Replica     int64   `json:"-" yaml:"-"`
}

// Default is the scripted policy, which needs no server.
func Default() Config {
	return Config{
		Planner: Scripted, Calling: Native, Memory: []string{Short, Long, Collaborative}, Wording: "movie", Ask: true,
		Items: 10, Keep: 50, Shown: 5, History: 10, Limit: 200, Branches: 2,
		Steps: 16, Calls: 12, Tokens: 60000, Time: 2 * time.Minute, ToolErrors: 3, Reflections: 1,
		AskAbove: 60, Questions: 1, MaxTokens: 600,
	}
}

// Model says whether a language model is needed.
func (c Config) Model() bool { return c.Planner != Scripted }

// Reviewed says whether a critic looks at answers.
func (c Config) Reviewed() bool { return c.Model() && c.Reflections > 0 }

func (c Config) remembers(memory string) bool { return slices.Contains(c.Memory, memory) }

// Validate checks the parameters. Errors are *data.SpecError.
func (c Config) Validate() error {
	bad := func(key, format string, args ...any) error {
		return &data.SpecError{Key: key, Err: fmt.Errorf(format, args...)}
	}
	of := func(key, value string, all ...string) error {
		if slices.Contains(all, value) {
			return nil
		}
		return bad(key, "%q is not one of %s", value, strings.Join(all, ", "))
	}
	if err := of("planner", c.Planner, React, Plan, Inspire, Alone, Scripted); err != nil {
		return err
	}
	if err := of("calling", c.Calling, Native, TextCall); err != nil {
		return err
	}
	for _, m := range c.Memory {
		if err := of("memory", m, Short, Long, Collaborative); err != nil {
			return err
		}
	}
	for _, x := range []struct {
		key         string
		value, most int
	}{
		{"items", c.Items, 100}, {"keep", c.Keep, 100_000}, {"shown", c.Shown, 50}, {"limit", c.Limit, 2000}, {"branches", c.Branches, 8},
		{"steps", c.Steps, 1000}, {"calls", c.Calls, 1000}, {"tokens", c.Tokens, 100_000_000},
	} {
		if x.value < 1 || x.value > x.most {
			return bad(x.key, "want 1 to %d, got %d", x.most, x.value)
		}
	}
	for _, x := range []struct {
		key   string
		value int
	}{
		{"history", c.History}, {"tool_errors", c.ToolErrors}, {"reflections", c.Reflections}, {"ask_above", c.AskAbove}, {"questions", c.Questions}, {"max_tokens", c.MaxTokens},
	} {
		if x.value < 0 {
			return bad(x.key, "want at least 0, got %d", x.value)
		}
	}
	switch {
	case c.Time <= 0:
		return bad("time", "want more than 0, got %v", c.Time)
	case !(c.Temperature >= 0 && c.Temperature <= 2):
		return bad("temperature", "want 0 to 2, got %v", c.Temperature)
	}
	if c.Item != "" {
		if err := c.Item.Validate(); err != nil {
			return bad("item", "%w", err)
		}
	}
	for _, f := range []string{promptOf(c.Planner), critic} {
		p, err := readPrompt(f)
		if err == nil {
			_, err = p.Words(c.Wording)
		}
		if err != nil {
			return bad("wording", "%w", err)
		}
	}
	return nil
}

// Fingerprint is the hashes of the prompts: other prompts give other results.
func (c Config) Fingerprint() (string, error) {
	if !c.Model() {
		return "scripted", nil
	}
	var out []string
	for _, f := range []string{promptOf(c.Planner), critic} {
		p, err := readPrompt(f)
		if err != nil {
			return "", err
		}
		out = append(out, p.Hash)
	}
	return strings.Join(out, " "), nil
}
