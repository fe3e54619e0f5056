package llmtest

import (
	"encoding/json"
	"fmt"

	"llm4rec/llm"
)

// message is one of either interface.
type message struct {
	Role       string
	Content    string
	ToolCalls  []call `json:"tool_calls"`
	ToolCallID string `json:"tool_call_id"`
	ToolName   string `json:"tool_name"` // of Ollama
}

// call has its arguments as an object, of Ollama, or as a text, of OpenAI.
type call struct {
	ID       string
	Function struct {
		Name      string
		Arguments json.RawMessage
	}
}

type tool struct {
	Function struct {
		Name, Description string
		Parameters        json.RawMessage
	}
}

func said(all []message) []llm.Message {
	var out []llm.Message
	for _, m := range all {
		x := llm.Message{Role: m.Role, Content: m.Content, ToolCallID: m.ToolCallID, ToolName: m.ToolName}
		for _, c := range m.ToolCalls {
			arguments := c.Function.Arguments
			if text := ""; json.Unmarshal(arguments, &text) == nil {
				arguments = json.RawMessage(text)
			}
			x.ToolCalls = append(x.ToolCalls, llm.ToolCall{ID: c.ID, Name: c.Function.Name, Arguments: arguments})
		}
		out = append(out, x)
	}
	return out
}

func tools(all []tool) []llm.Tool {
	var out []llm.Tool
	for _, t := range all {
		out = append(out, llm.Tool{Name: t.Function.Name, Description: t.Function.Description, Schema: t.Function.Parameters})
	}
	return out
}

func ollamaCalls(all []llm.ToolCall) []any {
	var out []any
	for _, c := range all {
		out = append(out, map[string]any{"id": c.ID, "function": map[string]any{"name": c.Name, "arguments": c.Arguments}})
	}
	return out
}

// openaiCalls are whole or, in a stream, cut in the middle of their arguments: the first piece has all but the second half.
func openaiCalls(all []llm.ToolCall, stream bool) []any {
	var out []any
	for n, c := range all {
		text := string(c.Arguments)
		if !stream {
			out = append(out, map[string]any{"id": c.ID, "type": "function", "function": map[string]any{"name": c.Name, "arguments": text}})
			continue
		}
		half := len(text) / 2
		out = append(out,
			map[string]any{"index": n, "id": c.ID, "type": "function", "function": map[string]any{"name": c.Name, "arguments": text[:half]}},
			map[string]any{"index": n, "function": map[string]any{"arguments": text[half:]}})
	}
	return out
}

// Tools is a request with tools, in the middle of using them.
func Tools() llm.Request {
	schema := json.RawMessage(`{"type":"object","required":["text"],"properties":{"text":{"type":"string","description":"words"}}}`)
	return llm.Request{
		Messages: []llm.Message{
			{Role: llm.User, Content: "the city museum"},
			{Role: llm.Assistant, ToolCalls: []llm.ToolCall{{ID: "call_1", Name: "search", Arguments: json.RawMessage(`{"text":"museum"}`)}}},
			{Role: llm.ToolRole, Content: "3 found", ToolCallID: "call_1", ToolName: "search"},
		},
		Tools: []llm.Tool{{Name: "search", Description: "Looks for words.", Schema: schema}, {Name: "end", Description: "Ends.", Schema: schema}},
	}
}

// wants are two calls, with numbers in their names.
func wants() []llm.ToolCall {
	var out []llm.ToolCall
	for n := range 2 {
		out = append(out, llm.ToolCall{ID: fmt.Sprintf("call_%d", n+2), Name: "search", Arguments: json.RawMessage(fmt.Sprintf(`{"text":"number %d"}`, n))})
	}
	return out
}
