package explain

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"llm4rec/data"
	"llm4rec/eval/reasons"
	"llm4rec/llm"
	"llm4rec/llm/text"
	"llm4rec/models"
)

// ModelConfig says how a language model is asked. Start from [DefaultModel].
type ModelConfig struct {
	Prompt      string        // the name of an embedded one, or a path
	Wording     string        // what it calls items, as movie or product
	History     int           // how many of the newest history items the model sees; 0: all
	Title       text.Template // of an item
	Fields      []string      // that the model sees; nil: those that usually say what an item is
	Temperature float64
	MaxTokens   int // of an answer; 0: the server's limit
	Seed        int64
}

// DefaultModel shows the newest 20 items of the history.
func DefaultModel() ModelConfig {
	return ModelConfig{Prompt: "grounded", Wording: "movie", History: 20, Title: "{title}", MaxTokens: 512}
}

// Model explains by what a language model says, asked once for each item. It sees the titles and fields of the newest history
// items, numbered, and those of the recommended item, and cites the first by number and the second by name. Whoever gives the
// chat says how often it may be called, at which cost, and whether answers are recorded.
type Model struct {
	config ModelConfig
	file   File
	words  map[string]string
	items  *Items
	chat   llm.Client // nil: questions can only be shown
	tally  tally
}

// New reads the prompt and the texts of items.
func (c ModelConfig) New(train *data.Train, chat llm.Client) (*Model, error) {
	if c.History < 0 || c.MaxTokens < 0 || !(c.Temperature >= 0 && c.Temperature <= 2) {
		return nil, fmt.Errorf("explain: want history and tokens of at least 0 and a temperature of 0 to 2, got %d, %d and %v", c.History, c.MaxTokens, c.Temperature)
	}
	m := &Model{config: c, chat: chat, tally: tally{answers: map[Class]int{}}}
	var err error
	if m.file, err = readFile("prompts", c.Prompt); err == nil {
		m.words, err = m.file.Words(c.Wording)
	}
	if err != nil {
		return nil, fmt.Errorf("explain: prompt: %w", err)
	}
	if m.items, err = NewItems(train, c.Title, c.Fields); err != nil {
		return nil, err
	}
	for _, q := range []question{{Word: m.words}, {Word: m.words, History: []line{{Number: 1, Fields: []field{{}}}}}} { // what it lacks is said before the first call
		if _, err := m.file.messages(q); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// Items are those that reasons may name.
func (m *Model) Items() *Items { return m.items }

// About is the name, version and hash of the prompt.
func (m *Model) About() (name string, version int, hash string) {
	return m.file.Name, m.file.Version, m.file.Hash
}

// question is what a template of prompts sees. Every text is one line, without the signs that a prompt's marks are made of.
type question struct {
	Word    map[string]string
	History []line // the newest last
	Item    line
}

type line struct {
	Number int // in the history, from 1
	Title  string
	Fields []field
}

type field struct {
	Name   string
	Values []string
}

func (x *Items) line(number int, item int32) line {
	out := line{Number: number, Title: x.Titles[item]}
	for _, name := range x.Names {
		if v := x.Values[name][item]; len(v) > 0 {
			out.Fields = append(out.Fields, field{name, v})
		}
	}
	return out
}

// lines are the newest items of a history, so many at most, numbered; 0: all.
func (x *Items) lines(q models.Query, most int) (out []line, shown []int32) {
	shown = x.history(q)
	if most > 0 && len(shown) > most {
		shown = shown[len(shown)-most:]
	}
	for n, h := range shown {
		out = append(out, x.line(n+1, h))
	}
	return out, shown
}

// Request is what the model is asked about an item, and the items of the history that it is shown, in their order.
func (m *Model) Request(q models.Query, item int32) (llm.Request, []int32, error) {
	if err := m.items.check(item); err != nil {
		return llm.Request{}, nil, err
	}
	p := question{Word: m.words, Item: m.items.line(0, item)}
	var shown []int32
	p.History, shown = m.items.lines(q, m.config.History)
	messages, err := m.file.messages(p)
	return llm.Request{
		Messages: messages, Schema: schema(len(shown), m.items.Names), Temperature: m.config.Temperature, MaxTokens: m.config.MaxTokens, Seed: m.config.Seed,
	}, shown, err
}

// Explain asks the model. An answer that is of no use is a reason without a sentence; a call that fails is an error.
func (m *Model) Explain(ctx context.Context, q models.Query, item int32) (Reason, error) {
	if m.chat == nil {
		return Reason{}, errors.New("explain: there is no model to ask")
	}
	request, shown, err := m.Request(q, item)
	if err != nil {
		return Reason{}, err
	}
	r, err := m.chat.Generate(ctx, request)
	if err != nil {
		m.tally.failure()
		return Reason{}, fmt.Errorf("explain: user %d, item %d: %w", q.User, item, err)
	}
	out := Reason{Reason: reasons.Reason{User: q.User, Item: item, History: m.items.history(q)}}
	out.Sentence, out.Claims, out.Class = parse(r, shown, m.items.Names)
	out.Grounds = m.items.grounds(item, out.Cited())
	m.tally.answer(r, out.Class)
	return out, nil
}

// Report says what a model was asked, and what that took.
type Report struct {
	Calls        int           `json:"calls"`    // made, those that failed among them
	Recorded     int           `json:"recorded"` // of these, answered from a recording
	Failures     int           `json:"failures"`
	Answers      map[Class]int `json:"answers"`
	PromptTokens int           `json:"prompt_tokens"`
	CachedTokens int           `json:"cached_tokens"`
	OutputTokens int           `json:"output_tokens"`

	Walls []time.Duration `json:"-"` // of the calls, ascending
}

type tally struct {
	mu      sync.Mutex
	report  Report
	answers map[Class]int
}

func (t *tally) failure() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.report.Calls++
	t.report.Failures++
}

func (t *tally) answer(r llm.Response, class Class) {
	t.mu.Lock()
	defer t.mu.Unlock()
	x := &t.report
	x.Calls++
	if r.Recorded {
		x.Recorded++
	}
	t.answers[class]++
	x.PromptTokens += r.PromptTokens
	x.CachedTokens += r.CachedTokens
	x.OutputTokens += r.OutputTokens
	x.Walls = append(x.Walls, r.Wall)
}

// Report says what has been done so far. It is the same in whatever order was asked.
func (m *Model) Report() Report { return m.tally.sum() }

func (t *tally) sum() Report {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := t.report
	out.Answers = maps.Clone(t.answers)
	out.Walls = slices.Sorted(slices.Values(out.Walls))
	return out
}

var _ Explainer = (*Model)(nil)
