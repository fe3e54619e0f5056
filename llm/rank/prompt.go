package rank

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"text/template"

	"github.com/goccy/go-yaml"

	"llm4rec/llm"
)

//go:embed prompts/*.txt
var embedded embed.FS

// Prompt is a file that makes a question of a history and candidates: a header, a line "---", and a text/template over
// [Question], in which {{define "system"}} is the system's message and the rest the user's. One file holds what every method
// asks, so that its hash says all that a model was told.
type Prompt struct {
	Name     string                       `yaml:"name"`
	Version  int                          `yaml:"version"`
	Source   string                       `yaml:"source"`
	Wordings map[string]map[string]string `yaml:"wordings"` // the words for items, by kind of item

	Hash string `yaml:"-"` // SHA-256 of the file
	Text string `yaml:"-"` // of the file

	template *template.Template
}

// Ask is what a question wants to know.
type Ask string

// The kinds of question.
const (
	AskOrder Ask = "rank" // of all candidates
	AskBest  Ask = "best" // of them
	AskYes   Ask = "yes"  // whether the one candidate is it
)

// Question is what a prompt's template sees. An item's text is one line,
// without the signs that a prompt's own marks are made of.
type Question struct {
	Ask        Ask
	JSON       bool              // the answer must fit a schema
	Word       map[string]string // of the wording
	History    []Line            // the newest last
	Candidates []Candidate       // numbered from 1 in the order in which they are shown
}

// Latest is the newest item of the history, which must not be empty.
func (q Question) Latest() Line { return q.History[len(q.History)-1] }

// Earlier is the history before it.
func (q Question) Earlier() []Line { return q.History[:max(0, len(q.History)-1)] }

// Line is an item of the history.
type Line struct {
	Number int
	Text   string
	item   int32
}

// Candidate is an item to choose from, with what is known of it beside its text.
type Candidate struct {
	Number int
	Text   string
	Rank   int    // of the first stage
	Score  string // of the first stage
	item   int32
	known  *evidence
	taken  []Line
}

// Users is how many of the training data have the item.
func (c Candidate) Users() int { return c.known.users(c.item) }

// Together says with which items of the history others have the candidate.
func (c Candidate) Together() []Together { return c.known.together(c.item, c.taken) }

// Prompts are those that a configuration can name.
func Prompts() []Prompt {
	files, err := embedded.ReadDir("prompts")
	if err != nil {
		panic(err) // it is part of the program
	}
	var out []Prompt
	for _, f := range files {
		text, err := embedded.ReadFile("prompts/" + f.Name())
		if err != nil {
			panic(err)
		}
		p, err := parsePrompt(string(text))
		if err != nil {
			panic(fmt.Sprintf("rank: %s: %v", f.Name(), err))
		}
		out = append(out, p)
	}
	return out
}

// readPrompt finds a prompt by its name or, where that has a slash or a dot, as a file.
func readPrompt(name string) (Prompt, error) {
	if strings.ContainsAny(name, `./\`) {
		text, err := os.ReadFile(name)
		if err != nil {
			return Prompt{}, err
		}
		p, err := parsePrompt(string(text))
		if err != nil {
			return p, fmt.Errorf("%s: %w", name, err)
		}
		return p, nil
	}
	var names []string
	for _, p := range Prompts() {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return Prompt{}, fmt.Errorf("%q is not one of %s, nor the path of a file", name, strings.Join(names, ", "))
}

func parsePrompt(text string) (Prompt, error) {
	sum := sha256.Sum256([]byte(text))
	p := Prompt{Hash: hex.EncodeToString(sum[:]), Text: text}
	header, body, ok := strings.Cut(strings.ReplaceAll(text, "\r\n", "\n"), "\n---\n")
	if !ok {
		return p, errors.New(`want a header and a line "---" before the template`)
	}
	if err := yaml.UnmarshalWithOptions([]byte(header), &p, yaml.Strict()); err != nil {
		return p, fmt.Errorf("header: %s", strings.TrimSpace(yaml.FormatError(err, false, false)))
	}
	if p.Name == "" || p.Version < 1 || len(p.Wordings) == 0 {
		return p, errors.New("header: want a name, a version of at least 1, and wordings")
	}
	var err error
	p.template, err = template.New(p.Name).Option("missingkey=error").Parse(body)
	return p, err
}

// messages are the question in words.
func (p Prompt) messages(q Question) ([]llm.Message, error) {
	var out []llm.Message
	var b bytes.Buffer
	if t := p.template.Lookup("system"); t != nil {
		if err := t.Execute(&b, q); err != nil {
			return nil, err
		}
		out = append(out, llm.Message{Role: llm.System, Content: strings.TrimSpace(b.String())})
		b.Reset()
	}
	if err := p.template.Execute(&b, q); err != nil {
		return nil, err
	}
	return append(out, llm.Message{Role: llm.User, Content: strings.TrimSpace(b.String())}), nil
}

// check tries the template, so that what it lacks is said before the first call.
func (p Prompt) check(wording string, ask Ask) error {
	words, ok := p.Wordings[wording]
	if !ok {
		return fmt.Errorf("prompt %s has no wording %q; there are: %s", p.Name, wording, strings.Join(slices.Sorted(maps.Keys(p.Wordings)), ", "))
	}
	one := Question{Ask: ask, Word: words, Candidates: []Candidate{{Number: 1, known: new(evidence)}}}
	two := one
	two.JSON, two.History = true, []Line{{Number: 1}}
	for _, q := range []Question{one, two} {
		if _, err := p.messages(q); err != nil {
			return err
		}
	}
	return nil
}
