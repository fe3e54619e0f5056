package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"llm4rec/llm"
)

// tool is something that an agent can do in a turn.
type tool struct {
	llm.Tool
	arguments string // the schema in words
	run       func(ctx context.Context, t *turn, arguments json.RawMessage) (string, error)
}

// toolError is an error that a model is told, and can act on.
type toolError struct{ message string }

func (e *toolError) Error() string { return e.message }

func wrong(format string, args ...any) error { return &toolError{fmt.Sprintf(format, args...)} }

// define makes a tool of a function. The schema is that of its arguments' type; fields that may be left out have omitempty.
func define[A any](name, description string, enums map[string][]string, run func(ctx context.Context, t *turn, arguments A) (string, error)) tool {
	schema, err := jsonschema.For[A](nil)
	if err != nil {
		panic(fmt.Sprintf("agent: tool %s: %v", name, err)) // of a type in this package
	}
	for _, p := range schema.Properties {
		if len(p.Types) > 0 { // a list, or null: a model need not know of the second
			p.Type, p.Types = p.Types[len(p.Types)-1], nil
		}
	}
	for field, values := range enums {
		for _, v := range values {
			schema.Properties[field].Enum = append(schema.Properties[field].Enum, v)
		}
	}
	text, err := json.Marshal(schema)
	if err != nil {
		panic(fmt.Sprintf("agent: tool %s: %v", name, err))
	}
	words := described(schema)
	return tool{llm.Tool{Name: name, Description: description, Schema: text}, words, func(ctx context.Context, t *turn, arguments json.RawMessage) (string, error) {
		var a A
		if err := decode(arguments, &a); err != nil {
			return "", wrong("%s: %v; the arguments are %s", name, err, words)
		}
		return run(ctx, t, a)
	}}
}

// described says in words what arguments a schema wants.
func described(s *jsonschema.Schema) string {
	var parts []string
	for _, name := range s.PropertyOrder {
		p := s.Properties[name]
		kind := p.Type
		if p.Items != nil {
			kind = "list of " + p.Items.Type
		}
		if len(p.Enum) > 0 {
			kind += fmt.Sprintf(", one of %v", p.Enum)
		}
		if !slices.Contains(s.Required, name) {
			kind += ", may be left out"
		}
		parts = append(parts, fmt.Sprintf("%q (%s): %s", name, kind, p.Description))
	}
	if len(parts) == 0 {
		return "{}"
	}
	return strings.Join(parts, "; ")
}

// decode reads arguments strictly. A model may write an object as a text of it.
func decode(arguments json.RawMessage, into any) error {
	text := string(arguments)
	if quoted := ""; json.Unmarshal(arguments, &quoted) == nil {
		text = quoted // as some models write them
	}
	if err := llm.Object(text, into); err != nil {
		return errors.New(strings.ReplaceAll(strings.TrimPrefix(err.Error(), "json: "), "Go ", ""))
	}
	return nil
}
