package llm

import "encoding/json"

// Tool is something that a model may ask its caller to do.
type Tool struct {
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Schema      json.RawMessage `json:"schema"` // JSON schema of the arguments, an object. Not every server holds a model to it
}

// ToolCall is what a model asks for. Its arguments are what the model wrote: whoever makes the call checks them.
type ToolCall struct {
	ID        string          `json:"id,omitempty"`
	Name      string          `json:"name"`
	Arguments json.RawMessage `json:"arguments"` // valid JSON; what a model wrote that is none is a JSON string of it
}

// Arguments makes what a model wrote as arguments valid JSON: none are an empty object.
func Arguments(text string) json.RawMessage {
	switch {
	case text == "":
		return json.RawMessage("{}")
	case json.Valid([]byte(text)):
		return json.RawMessage(text)
	}
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err) // a text has JSON
	}
	return quoted
}
