package describe

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"llm4rec/llm"
	"llm4rec/llm/memory"
	"llm4rec/llm/prompt"
)

//go:embed prompts/*.txt
var embedded embed.FS

// Prompt is a file that makes a question of an item: a header, a line "---", and a text/template over [Question], in which
// {{define "system"}} is the system's message and the rest the user's. Its answer is a text, or words of its vocabulary.
type Prompt struct {
	Name    string `yaml:"name"`
	Version int    `yaml:"version"`
	Field   string `yaml:"field"` // that the answer becomes

	// An item needs the answer if the longest of these fields that it has, and of Field itself, has less than Short characters.
	// What models wrote does not count.
	Instead []string `yaml:"instead"`
	Short   int      `yaml:"short"` // 0: 1, which is for items that have none

	Words      []string `yaml:"words"`      // the vocabulary; none: the answer is a text
	Most       int      `yaml:"most"`       // how many words an answer may have
	Limit      int      `yaml:"limit"`      // of a text, in characters; 0: 400
	Neighbours int      `yaml:"neighbours"` // how many similar items are shown

	prompt.Template `yaml:"-"`
}

// Question is what a prompt's template sees.
type Question struct {
	Word    string // what items are, as film
	Item    []Line
	Similar [][]Line
	Words   string // the vocabulary, with commas
	Most    int
	Limit   int
}

// Line is a field of an item. Its text is one line, without the signs that a prompt's own marks are made of.
type Line struct{ Field, Text string }

// Prompts are those that can be named.
func Prompts() []Prompt { return prompt.All(prompt.In(embedded, "prompts"), parsePrompt) }

// ReadPrompt finds a prompt by its name or, where that has a slash or a dot, as a file.
func ReadPrompt(name string) (Prompt, error) {
	p, err := prompt.Read(prompt.In(embedded, "prompts"), name, parsePrompt)
	if err != nil {
		err = fmt.Errorf("prompt %w", err)
	}
	return p, err
}

// form of what is a name, or a word of a vocabulary.
var form = regexp.MustCompile(`^[a-z0-9_]+$`)

func parsePrompt(text string) (p Prompt, err error) {
	if p.Template, err = prompt.Parse(text, &p, nil); err != nil {
		return p, err
	}
	switch {
	case !form.MatchString(p.Name) || !form.MatchString(p.Field) || p.Version < 1:
		return p, errors.New("header: want a name and a field of small letters, and a version of at least 1")
	case memory.Excluded(p.Field):
		return p, fmt.Errorf("header: field %q says what became of an item later", p.Field)
	case len(p.Words) > 0 != (p.Most > 0) || p.Most < 0 || p.Short < 0 || p.Limit < 0 || p.Neighbours < 0:
		return p, errors.New("header: want most where there are words, and no number below 0")
	}
	for n, w := range p.Words {
		if w != strings.ToLower(strings.TrimSpace(w)) || w == "" || strings.Contains(w, ",") || slices.Contains(p.Words[:n], w) {
			return p, fmt.Errorf("header: word %q: want small letters without a comma, once", w)
		}
	}
	if p.Limit == 0 {
		p.Limit = 400
	}
	if p.Short == 0 {
		p.Short = 1
	}
	_, err = p.messages(Question{Item: []Line{{}}, Similar: [][]Line{{{}}}})
	return p, err
}

// messages are the question in words.
func (p Prompt) messages(q Question) ([]llm.Message, error) {
	q.Words, q.Most, q.Limit = strings.Join(p.Words, ", "), p.Most, p.Limit
	return p.Messages(q)
}

// schema is the form of an answer. The length of a text is not in it, because not all servers know such a limit.
func (p Prompt) schema() json.RawMessage {
	name, value := "text", map[string]any{"type": "string"}
	if len(p.Words) > 0 {
		name, value = "words", map[string]any{"type": "array", "items": map[string]any{"type": "string", "enum": p.Words}, "maxItems": p.Most}
	}
	out, err := json.Marshal(map[string]any{
		"type": "object", "properties": map[string]any{name: value}, "required": []string{name}, "additionalProperties": false,
	})
	if err != nil {
		panic(err) // it is made of texts and numbers
	}
	return out
}
