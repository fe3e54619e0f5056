package rank

import (
	"embed"
	"fmt"
	"reflect"

	"llm4rec/llm/prompt"
)

//go:embed prompts/*.txt
var embedded embed.FS

// Prompt is a file that makes a question of a history and candidates: a header, a line "---", and a text/template over
// [Question], in which {{define "system"}} is the system's message and the rest the user's. One file holds what every method
// asks, so that its hash says all that a model was told.
type Prompt struct{ prompt.Worded }

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
	Memory     Memory
}

// Memory is what is known of the user beside the newest items of the history. What is not asked for, or not there, is empty.
type Memory struct {
	Profile string  // that a model wrote of the training interactions
	Long    []Line  // older items of the history that are like candidates, the newest last
	Liked   []Liked // what similar users took, the likeliest first
}

// Liked is an item that similar users took.
type Liked struct {
	Text  string
	Users int // how many of them
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
func Prompts() []Prompt { return prompt.All(prompt.In(embedded, "prompts"), parsePrompt) }

// readPrompt finds a prompt by its name or, where that has a slash or a dot, as a file.
func readPrompt(name string) (Prompt, error) {
	return prompt.Read(prompt.In(embedded, "prompts"), name, parsePrompt)
}

func parsePrompt(text string) (p Prompt, err error) {
	p.Worded, err = prompt.ParseWorded(text, nil)
	return p, err
}

// remembers tells whether the prompt shows any memory.
func (p Prompt) remembers(wording string, ask Ask) bool {
	q := Question{Ask: ask, Word: p.Wordings[wording], Candidates: []Candidate{{Number: 1, known: new(evidence)}}, History: []Line{{Number: 1}}}
	without, err := p.Messages(q)
	q.Memory = Memory{Profile: "x", Long: []Line{{Text: "x"}}, Liked: []Liked{{Text: "x", Users: 1}}}
	with, errWith := p.Messages(q)
	return err == nil && errWith == nil && !reflect.DeepEqual(without, with)
}

// check tries the template, so that what it lacks is said before the first call.
func (p Prompt) check(wording string, ask Ask) error {
	words, err := p.Words(wording)
	if err != nil {
		return fmt.Errorf("prompt %w", err)
	}
	one := Question{Ask: ask, Word: words, Candidates: []Candidate{{Number: 1, known: new(evidence)}}}
	two := one
	two.JSON, two.History = true, []Line{{Number: 1}}
	two.Memory = Memory{Profile: "x", Long: []Line{{}}, Liked: []Liked{{}}}
	for _, q := range []Question{one, two} {
		if _, err := p.Messages(q); err != nil {
			return err
		}
	}
	return nil
}
