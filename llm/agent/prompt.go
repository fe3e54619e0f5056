package agent

import (
	"embed"
	"fmt"

	"llm4rec/llm"
	"llm4rec/llm/prompt"
)

//go:embed prompts/*.txt
var embedded embed.FS

// critic is the name of the prompt that checks an answer; the others go by their planners.
const critic = "critic"

// promptOf is the prompt of a planner; the scripted one shows a person that of react.
func promptOf(planner string) string {
	if planner == Scripted {
		return React
	}
	return planner
}

// file is a prompt: a header, a line "---", and a text/template over a question or a review.
type file struct{ prompt.Worded }

func readPrompt(name string) (file, error) {
	return prompt.Read(prompt.In(embedded, "prompts"), name, parsePrompt)
}

func parsePrompt(content string) (f file, err error) {
	f.Worded, err = prompt.ParseWorded(content, nil)
	return f, err
}

// question is what a planner's prompt sees. Its texts are clean.
type question struct {
	Word       map[string]string
	Text       bool        // tools are called by the plain-text protocol
	Tools      []signature // in the plain-text protocol
	Ask        bool
	Most       int    // items that may be recommended
	Fields     string // that conditions may name
	Values     []field
	Candidates int
	Branches   int

	Profile      *Profile
	History      []string // newest last
	Together     []string // what others took with it
	Conversation []said
	Request      string
}

type field struct {
	Name   string
	Values string
}

// signature is a tool in the plain-text protocol: a JSON schema would say the same in three times the tokens.
type signature struct{ Name, Description, Arguments string }

// said is one thing that was said before.
type said struct{ Who, Text string }

// review is what the critic's prompt sees.
type review struct {
	Word         map[string]string
	Conversation []said
	Request      string
	Conditions   []string
	Items        []string
	None         bool
	Text         string
	Results      []string
}

func (f file) ask(with any) ([]llm.Message, error) {
	out, err := f.Messages(with)
	if err != nil {
		return nil, fmt.Errorf("agent: prompt %s: %w", f.Name, err)
	}
	return out, nil
}
