package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"llm4rec/llm"
)

// The plain-text protocol, for models that do not call tools by their server's own form:
//
//	Thought: why
//	Action: filter
//	Arguments: {"where": "year > 1990"}
//
// Marks of Markdown around the labels and fences around the arguments are passed over, as models put them there unasked.

var actionLine = regexp.MustCompile(`(?im)^[\s>*#_-]*action[*_]*\s*:[*_]*[ \t]*(.*)$`)

var argumentsLabel = regexp.MustCompile(`(?i)^[\s>*#_-]*(arguments|action input|input)[*_]*\s*:[*_]*\s*`)

// callsMost is how many calls one answer may have.
const callsMost = 50

// written are the calls of an answer in the plain-text protocol, and where the first of them ends. The error says what is wrong
// with the first that cannot be read; those before it are returned.
func written(text string) (calls []llm.ToolCall, first int, err error) {
	at := 0
	for len(calls) < callsMost {
		found := actionLine.FindStringSubmatchIndex(text[at:])
		if found == nil {
			break
		}
		name := strings.Trim(strings.TrimSpace(text[at+found[2]:at+found[3]]), "`*_\"'. ")
		at += found[1]
		rest := text[at:]
		next := len(rest)
		if following := actionLine.FindStringIndex(rest); following != nil {
			next = following[0]
		}
		call := llm.ToolCall{Name: name, Arguments: json.RawMessage("{}")}
		if name == "" {
			return calls, first, errors.New("a line \"Action:\" names no tool")
		}
		if label := argumentsLabel.FindStringIndex(rest[:next]); label != nil {
			body, skipped := unfenced(rest[label[1]:])
			d := json.NewDecoder(strings.NewReader(body))
			var arguments map[string]json.RawMessage
			if err := d.Decode(&arguments); err != nil {
				return calls, first, fmt.Errorf("the arguments of %s are no JSON object: %w", short(name), err)
			}
			end := int(d.InputOffset())
			call.Arguments = json.RawMessage(strings.TrimSpace(body[:end]))
			at += label[1] + skipped + end
		}
		calls = append(calls, call)
		if len(calls) == 1 {
			first = at
		}
	}
	if len(calls) == 0 {
		return nil, 0, errors.New(`no line "Action: …"`)
	}
	return calls, first, nil
}

// unfenced is a text after the fence that it begins with, and how long that is.
func unfenced(text string) (rest string, skipped int) {
	for _, fence := range []string{"```json", "```"} {
		if rest, ok := strings.CutPrefix(text, fence); ok {
			return rest, len(fence)
		}
	}
	return text, 0
}
