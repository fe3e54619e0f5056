// Package rank lets language models put the candidates of a first stage in another order.
//
// A model sees the texts of the newest history items and of the first candidates, numbered, and answers with numbers. It sees
// nothing else: not what would be right, nor anything that depends on it. What it says is read strictly, and whatever it says,
// the answer is the same candidates in some order: those that it does not name follow as the first stage had them, and those
// that it is not shown come last. LLMRank's code (Hou et al., ECIR 2024) asks again when the item that would be right is
// missing from an answer, shows one order in all its rounds, and looks titles up by their text; none of that is done here.
package rank

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"llm4rec/data"
	"llm4rec/llm"
	"llm4rec/llm/profile"
	"llm4rec/llm/text"
)

// Revision of the implementation: it is raised when a change alters the ranking.
const Revision = 1

// Config of the ranker. Start from [Default].
type Config struct {
	Prompt  string `json:"prompt" yaml:"prompt" jsonschema:"sequential, recency-focused or in-context, which ask what LLMRank's do; evidence: with what the first stage and other users say; memory: with what is known of the user; or the path of a file of that form"`
	Wording string `json:"wording" yaml:"wording" jsonschema:"what the prompt calls items, as movie or product"`

	Method string  `json:"method" yaml:"method" jsonschema:"listwise: one question; window: one for each of several overlapping windows, from the last candidates to the first; pairwise: one for each pair in each order; heapsort: of pairs; setwise: heapsort of sets; pointwise: one for each candidate, by the probability of yes"`
	Size   int     `json:"size" yaml:"size" jsonschema:"candidates in a question of window (0: 10) or setwise (0: 4)"`
	Step   int     `json:"step" yaml:"step" jsonschema:"how far a window moves; 0: half its size"`
	Rounds int     `json:"rounds" yaml:"rounds" jsonschema:"how often all is asked, each time of candidates in another shuffled order"`
	Merge  string  `json:"merge" yaml:"merge" jsonschema:"the order of several rounds: borda, by mean rank; kemeny, that which contradicts them least"`
	Fuse   float64 `json:"fuse" yaml:"fuse" jsonschema:"weight of the first stage's order in reciprocal rank fusion with the model's; 0: none"`

	Candidates int    `json:"candidates" yaml:"candidates" jsonschema:"how many of the first stage's best the model sees; the others keep their order behind them"`
	History    int    `json:"history" yaml:"history" jsonschema:"how many of the newest history items it sees; 0: all"`
	Order      string `json:"order" yaml:"order" jsonschema:"in which it sees candidates: original, reversed or shuffled"`

	Item   text.Template `json:"item" yaml:"item" jsonschema:"an item's text, with fields in braces"`
	Limit  int           `json:"limit" yaml:"limit" jsonschema:"of an item's text, in characters"`
	More   text.More     `json:"more" yaml:"more" jsonschema:"files with more fields"`
	Titles string        `json:"titles" yaml:"titles" jsonschema:"shown; or anonymous: items are called Item 1, Item 2, …, which leaves what the model can only know from the data set"`

	Memory profile.Config `json:"memory,omitzero" yaml:"memory" jsonschema:"what the prompt memory shows of the user beside the newest history items"`

	Temperature float64 `json:"temperature" yaml:"temperature" jsonschema:"of the model"`
	MaxTokens   int     `json:"max_tokens" yaml:"max_tokens" jsonschema:"of an answer; 0: the server's limit"`
	Schema      bool    `json:"schema" yaml:"schema" jsonschema:"constrain answers by a JSON schema; false: read plain text"`
	Again       int     `json:"again" yaml:"again" jsonschema:"how often a question is asked again whose answer cannot be read, or is no order of the candidates"`

	Inject *Injection `json:"inject,omitempty" yaml:"inject,omitempty" jsonschema:"an attack: instructions in the text of the last candidate that the model sees; each user is asked for with and without"`

	Chat    func() (llm.Chat, error) `json:"-" yaml:"-"` // nil: the ranker can only show its questions
	Dirs    []string                 `json:"-" yaml:"-"` // data folders, where files may lie
	Seed    uint64                   `json:"-" yaml:"-"` // of orders, and sent to the server
	Replica int64                    `json:"-" yaml:"-"` // of the same questions, to be answered independently
}

// Default is one sequential question about the titles of 20 candidates.
func Default() Config {
	return Config{
		Prompt: "sequential", Wording: "movie", Method: "listwise", Rounds: 1, Merge: "borda", Candidates: 20, History: 10,
		Order: "original", Item: "{title}", Limit: 300, Titles: "shown", MaxTokens: 512, Schema: true,
	}
}

// asks is what each method asks.
var asks = map[string]Ask{
	"listwise": AskOrder, "window": AskOrder,
	"pairwise": AskBest, "heapsort": AskBest, "setwise": AskBest,
	"pointwise": AskYes,
}

// most rounds and repetitions that a request's replica tells apart.
const most = 1 << 8

// Validate checks the parameters, the prompt among them. Errors are *data.SpecError.
func (c Config) Validate() error {
	bad := func(key, format string, args ...any) error {
		return &data.SpecError{Key: key, Err: fmt.Errorf(format, args...)}
	}
	for _, x := range []struct {
		key, value string
		of         []string
	}{
		{"method", c.Method, slices.Sorted(maps.Keys(asks))},
		{"merge", c.Merge, []string{"borda", "kemeny"}},
		{"order", c.Order, []string{"original", "reversed", "shuffled"}},
		{"titles", c.Titles, []string{"shown", "anonymous"}},
	} {
		if !slices.Contains(x.of, x.value) {
			return bad(x.key, "%q is not one of %s", x.value, strings.Join(x.of, ", "))
		}
	}
	switch {
	case c.Size != 0 && c.Method != "window" && c.Method != "setwise":
		return bad("size", "%s has none: window and setwise have", c.Method)
	case c.Size < 0 || c.Size == 1:
		return bad("size", "want at least 2, or 0, got %d", c.Size)
	case c.Step != 0 && c.Method != "window":
		return bad("step", "%s has none: window has", c.Method)
	case c.Step < 0 || c.Step > c.size():
		return bad("step", "want at most the size, which is %d, got %d", c.size(), c.Step)
	case c.Rounds < 1 || c.Rounds > most:
		return bad("rounds", "want 1 to %d, got %d", most, c.Rounds)
	case c.Rounds > 1 && c.Order != "shuffled":
		return bad("rounds", "all %d would see one order: want order: shuffled", c.Rounds)
	case !(c.Fuse >= 0 && c.Fuse < 1e6):
		return bad("fuse", "want at least 0, got %v", c.Fuse)
	case c.Candidates < 2:
		return bad("candidates", "want at least 2, got %d", c.Candidates)
	case c.History < 0:
		return bad("history", "want at least 0, got %d", c.History)
	case c.Limit < 1:
		return bad("limit", "want at least 1, got %d", c.Limit)
	case !(c.Temperature >= 0 && c.Temperature <= 2):
		return bad("temperature", "want 0 to 2, got %v", c.Temperature)
	case c.MaxTokens < 0:
		return bad("max_tokens", "want at least 0, got %d", c.MaxTokens)
	case c.Again < 0 || c.Again >= most:
		return bad("again", "want 0 to %d, got %d", most-1, c.Again)
	}
	if err := c.Item.Validate(); err != nil {
		return bad("item", "%w", err)
	}
	if err := c.More.Validate(); err != nil {
		return bad("more", "%w", err)
	}
	if c.Inject != nil {
		if err := c.Inject.check(c); err != nil {
			return bad("inject", "%w", err)
		}
	}
	if err := c.Memory.Validate(); err != nil {
		return bad("memory", "%w", err)
	}
	if c.Memory.Long > 0 && c.Titles == "anonymous" {
		return bad("memory", "long: anonymous items have no texts that could be like each other's")
	}
	if c.Memory.Long > 0 && c.History == 0 {
		return bad("memory", "long: with history: 0 the whole history is shown already")
	}
	p, err := readPrompt(c.Prompt)
	if err != nil {
		return bad("prompt", "%w", err)
	}
	if err := p.check(c.Wording, asks[c.Method]); err != nil {
		return bad("prompt", "%w", err)
	}
	if c.Memory != (profile.Config{}) && !p.remembers(c.Wording, asks[c.Method]) {
		return bad("memory", "the prompt %s does not show it: want prompt: memory", c.Prompt)
	}
	return nil
}

// size of a window or a set.
func (c Config) size() int {
	switch {
	case c.Size > 0:
		return c.Size
	case c.Method == "setwise":
		return 4
	default:
		return 10
	}
}

// step of a window.
func (c Config) step() int {
	if c.Step > 0 {
		return c.Step
	}
	return (c.size() + 1) / 2
}

// Fingerprint is the SHA-256 of the prompt, the payload and the files with more text, and of what answers: others give other
// results.
func (c Config) Fingerprint() (string, error) {
	h := sha256.New()
	p, err := readPrompt(c.Prompt)
	if err != nil {
		return "", err
	}
	h.Write([]byte(p.Hash + "\n"))
	if c.Memory.Prompt != "" {
		sum, err := c.Memory.Hash()
		if err != nil {
			return "", err
		}
		h.Write([]byte(sum + "\n"))
	}
	if c.Inject != nil {
		h.Write(fmt.Appendf(nil, "%q\n", c.Inject.text()))
	}
	if c.Chat != nil {
		chat, err := c.Chat()
		if err != nil {
			return "", err
		}
		id, err := chat.Identity(context.Background())
		if err != nil {
			return "", err
		}
		h.Write([]byte(id.Key() + "\n"))
	}
	if err := c.More.Identify(h, c.Dirs); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
