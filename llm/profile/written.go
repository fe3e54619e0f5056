package profile

import (
	"embed"
	"encoding/json"
	"errors"
	"unicode/utf8"

	"llm4rec/llm"
	"llm4rec/llm/clean"
	"llm4rec/llm/prompt"
)

//go:embed prompts/*.txt
var embedded embed.FS

// Prompt is a file that asks for a profile: a header, a line "---", and a template over what the user took.
type Prompt struct {
	Name    string `yaml:"name"`
	Version int    `yaml:"version"`
	Source  string `yaml:"source"`
	Limit   int    `yaml:"limit"` // of the profile, in characters

	prompt.Template `yaml:"-"`
	taken           func(user int32) []int32
}

func readPrompt(name string) (Prompt, error) {
	return prompt.Read(prompt.In(embedded, "prompts"), name, parse)
}

func parse(text string) (p Prompt, err error) {
	if p.Template, err = prompt.Parse(text, &p, nil); err == nil && (p.Name == "" || p.Version < 1 || p.Limit < 1) {
		err = errors.New("header: want a name, a version of at least 1, and a limit of characters")
	}
	return p, err
}

// question is what a prompt's template sees. A text is one line, without the signs that a prompt's own marks are made of.
type question struct {
	Word  string   // what items are called
	Taken []string // the newest last
	Limit int
}

// Class says what an answer was.
type Class string

// What answers are. Only what was written is shown to anybody.
const (
	Written    Class = "profile written"
	Refusal    Class = "profile refused"
	Truncated  Class = "profile truncated"
	Empty      Class = "profile empty" // the model says that it can tell nothing
	Unreadable Class = "profile unreadable"
	Overlong   Class = "profile overlong" // twice the characters that it may have, or more
)

var schema = json.RawMessage(`{"type":"object","properties":{"profile":{"type":"string"}},"required":["profile"],"additionalProperties":false}`)

// entry is a user's profile, which is written once.
type entry struct {
	done chan struct{}
	text string
	err  error
}

// Profile is what a model writes of a user, "" where it writes nothing of use or has nothing to go by. It is asked once for each
// user, who may be asked about by several goroutines; a call that fails is made again for the next one.
func (m *Memory) Profile(user int32, word string, like llm.Request, ask Asker) (string, error) {
	if m.config.Prompt == "" {
		return "", nil
	}
	for {
		m.mu.Lock()
		e, begun := m.written[user]
		if !begun {
			e = &entry{done: make(chan struct{})}
			m.written[user] = e
		}
		m.mu.Unlock()
		if begun {
			<-e.done
			if e.err == nil {
				return e.text, nil
			}
			continue // the one who failed has taken the entry away
		}
		e.text, e.err = m.write(user, word, like, ask)
		if e.err != nil {
			m.mu.Lock()
			delete(m.written, user)
			m.mu.Unlock()
		}
		close(e.done)
		return e.text, e.err
	}
}

func (m *Memory) write(user int32, word string, like llm.Request, ask Asker) (text string, err error) {
	items := m.prompt.taken(user)
	if len(items) == 0 {
		return "", nil
	}
	q := question{Word: word, Limit: m.prompt.Limit}
	for _, i := range items {
		q.Taken = append(q.Taken, m.texts[i])
	}
	if like.Messages, err = m.prompt.Messages(q); err != nil {
		return "", err
	}
	like.Schema, like.TopLogprobs = schema, 0
	err = ask(like, func(r llm.Response) (class Class) {
		text, class = m.prompt.read(r)
		return class
	})
	return text, err
}

// read reads an answer strictly: one object with one member.
func (p Prompt) read(r llm.Response) (string, Class) {
	switch r.Finish {
	case llm.Filtered:
		return "", Refusal
	case llm.Length:
		return "", Truncated
	case llm.Stop:
	}
	var answer struct {
		Profile *string `json:"profile"`
	}
	if llm.Object(r.Text, &answer) != nil || answer.Profile == nil {
		if llm.Refuses(r.Text) {
			return "", Refusal
		}
		return "", Unreadable
	}
	text := clean.Text(*answer.Profile, len(*answer.Profile))
	switch {
	case text == "":
		return "", Empty
	case llm.Refuses(text):
		return "", Refusal
	case utf8.RuneCountInString(text) > 2*p.Limit: // models do not count characters
		return "", Overlong
	default:
		return text, Written
	}
}
