package describe

import (
	"slices"
	"strings"
	"unicode/utf8"

	"llm4rec/llm"
	"llm4rec/llm/clean"
	"llm4rec/llm/memory"
)

// What answers are. Only what was written is kept.
const (
	Written    memory.Outcome = "written"
	Refusal    memory.Outcome = "refusal"           // the model does not want to, or its provider does not let it
	Truncated  memory.Outcome = "truncated"         // it ran into the limit of tokens
	Empty      memory.Outcome = "empty"             // it says that the item's texts tell too little
	Unreadable memory.Outcome = "unreadable"        // it has not the form that was asked for
	Outside    memory.Outcome = "out of vocabulary" // a word is none of the prompt's
	Overlong   memory.Outcome = "overlong"          // a text has twice the characters that it may have, or more words
)

// read reads an answer strictly: one object with one member, and nothing else. A good part of a wrong answer is not kept, as
// what was wrong with the rest is not known.
func (p Prompt) read(r llm.Response) (string, memory.Outcome) {
	if r.Finish == llm.Filtered {
		return "", Refusal
	}
	if r.Finish == llm.Length {
		return "", Truncated
	}
	var answer struct {
		Text  *string   `json:"text"`
		Words *[]string `json:"words"`
	}
	err := llm.Object(r.Text, &answer)
	words := len(p.Words) > 0
	if err != nil || words != (answer.Words != nil) || words == (answer.Text != nil) {
		if llm.Refuses(r.Text) {
			return "", Refusal
		}
		return "", Unreadable
	}
	if words {
		return p.words(*answer.Words)
	}
	text := clean.Text(*answer.Text, len(*answer.Text))
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

func (p Prompt) words(list []string) (string, memory.Outcome) {
	var out []string
	for _, w := range list {
		if !slices.Contains(p.Words, w) {
			if llm.Refuses(w) {
				return "", Refusal
			}
			return "", Outside
		}
		if !slices.Contains(out, w) { // a schema cannot keep a model from saying it twice
			out = append(out, w)
		}
	}
	switch {
	case len(out) == 0:
		return "", Empty
	case len(list) > p.Most:
		return "", Overlong
	default:
		return strings.Join(out, ", "), Written
	}
}
