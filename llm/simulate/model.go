package simulate

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"llm4rec/llm"
	"llm4rec/llm/agent"
	"llm4rec/llm/clean"
)

// ModelConfig says how a language model plays users. Start from [DefaultModel].
type ModelConfig struct {
	Prompt      string // the name of an embedded one, or a path
	History     int    // how many of the newest items of the history the model is told
	Lines       int    // how many of the newest utterances of both sides it is shown
	Temperature float64
	MaxTokens   int // of an answer; 0: the server's limit
	Seed        int64
}

// DefaultModel shows the newest 12 utterances.
func DefaultModel() ModelConfig {
	return ModelConfig{Prompt: "free", History: 5, Lines: 12, MaxTokens: 128}
}

// Model makes users whose words are a language model's. They begin as those of [Rules] do, and it is by rules that they know
// when they have what they want. For every other answer the model is told the constraints and the item's fields, never its
// title; the prompt "worded" tells it also what the rules would say, "free" does not. An answer of no use, a leak among them, is
// replaced by what the rules would say, and counted, as is one to a call that failed; where all calls would, as of a key that is
// refused, it is an error.
//
// What an answer reveals is read from it: each value of the wanted item that it mentions, and whatever it was asked to affirm or
// deny. What it says beside fields, as of a plot, is not seen.
type Model struct {
	config ModelConfig
	file   File
	chat   llm.Client
}

// New reads the prompt.
func (c ModelConfig) New(chat llm.Client) (*Model, error) {
	if c.History < 0 || c.Lines < 1 || c.MaxTokens < 0 || !(c.Temperature >= 0 && c.Temperature <= 2) {
		return nil, fmt.Errorf("simulate: want history and tokens of at least 0, lines of at least 1 and a temperature of 0 to 2, got %d, %d, %d and %v", c.History, c.MaxTokens, c.Lines, c.Temperature)
	}
	if chat == nil {
		return nil, errors.New("simulate: there is no model to ask")
	}
	f, err := c.file()
	return &Model{config: c, file: f, chat: chat}, err
}

// Hash is that of the prompt's file.
func (c ModelConfig) Hash() (string, error) {
	f, err := c.file()
	return f.Hash, err
}

func (c ModelConfig) file() (File, error) {
	f, err := readFile(c.Prompt)
	if err == nil {
		// What the template lacks is said before the first call.
		_, err = f.Messages(scene{Wishes: []wish{{}}, Facts: []string{""}, History: []string{""}, Lines: []line{{}}, Recommended: 1})
	}
	if err != nil {
		return f, fmt.Errorf("simulate: prompt: %w", err)
	}
	return f, nil
}

// User is made for a task. Repeats are independent as far as the temperature lets them.
func (m *Model) User(t *Task, repeat, k int) User {
	return &modelled{ruled: newRuled(t, k), model: m, repeat: repeat, replaced: map[Class]int{}}
}

type modelled struct {
	*ruled
	model    *Model
	repeat   int
	lines    []line
	replaced map[Class]int
}

// Open says what the rules say.
func (u *modelled) Open() string {
	text := u.ruled.Open()
	u.line("you", text)
	return text
}

// Replaced counts utterances that were not the model's, by what its answers were.
func (u *modelled) Replaced() map[Class]int { return u.replaced }

// Reply asks the model.
func (u *modelled) Reply(ctx context.Context, turn agent.Turn) (string, bool, error) {
	draft, revealed, over := u.reply(turn)
	if over {
		return draft, true, nil
	}
	u.line("recommender", turn.Text)
	messages, err := u.model.file.Messages(u.scene(turn, draft))
	if err != nil {
		return "", false, fmt.Errorf("simulate: prompt %s: %w", u.model.file.Name, err)
	}
	c := u.model.config
	r, err := u.model.chat.Generate(ctx, llm.Request{
		Messages: messages, Schema: schema, Temperature: c.Temperature, MaxTokens: c.MaxTokens, Seed: c.Seed, Replica: int64(u.repeat),
	})
	text, class := "", Failed
	switch {
	case ctx.Err() != nil:
		return "", false, context.Cause(ctx)
	case llm.Fatal(err):
		return "", false, fmt.Errorf("simulate: %w", err)
	case err == nil:
		text, class = parse(r, u.leak)
	}
	if class == OK {
		u.know(append(u.mentioned(text), u.truths(turn)...))
	} else {
		u.replaced[class]++
		text = draft
		u.know(revealed)
	}
	u.line("you", text)
	return text, false, nil
}

// mentioned are the clauses that hold for the wanted item and that a text has words of.
func (u *modelled) mentioned(text string) []Clause {
	all := u.catalogue.words.mentioned(text)
	if u.catalogue.yearField != "" {
		all = append(all, yearsIn(u.catalogue.yearField, text)...)
	}
	return slices.DeleteFunc(all, func(c Clause) bool { return !u.catalogue.Holds(c, u.Target) })
}

// truths are what a truthful answer to the questions of a turn affirms or denies.
func (u *modelled) truths(turn agent.Turn) []Clause {
	var out []Clause
	for _, q := range u.catalogue.understand(turn) {
		if q.act == whether {
			out = append(out, u.truth(q.clause).reveals...)
		}
	}
	return out
}

// lineLimit is of characters of an utterance.
const lineLimit = 1000

func (u *modelled) line(who, text string) {
	u.lines = append(u.lines, line{who, clean.Text(text, lineLimit)})
	u.lines = u.lines[max(0, len(u.lines)-u.model.config.Lines):]
}

func (u *modelled) scene(turn agent.Turn, draft string) scene {
	shown := turn.Items[:min(len(turn.Items), u.k)]
	s := scene{Lines: u.lines, Draft: clean.Text(draft, lineLimit), Recommended: len(shown)}
	for _, c := range u.Constraints {
		s.Wishes = append(s.Wishes, wish{c.String(), string(c.Kind), slices.Contains(u.said, c.Clause)})
	}
	if _, c, ok := u.broken(shown); ok && !u.leak.In(c.opposite().String()) {
		s.Broken = c.opposite().String()
	}
	for _, c := range u.catalogue.facts(u.Target) {
		if words := c.String(); !u.leak.In(words) {
			s.Facts = append(s.Facts, words)
		}
	}
	for _, i := range slices.Backward(u.Visitor.History) {
		if len(s.History) == u.model.config.History {
			break
		}
		if i >= 0 && int(i) < len(u.catalogue.Titles) && i != u.Target && !u.leak.In(u.catalogue.name(i)) {
			s.History = append(s.History, u.catalogue.name(i))
		}
	}
	return s
}

var (
	_ Simulator = (*Model)(nil)
	_ Replacer  = (*modelled)(nil)
)
