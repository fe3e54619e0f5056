package ollama

import (
	"encoding/json"
	"fmt"

	"github.com/ollama/ollama/api"

	"llm4rec/llm"
)

// tools are the server's form of them. Of a schema it keeps what the templates of models show: names, types, descriptions and
// values.
func tools(all []llm.Tool) (api.Tools, error) {
	var out api.Tools
	for _, t := range all {
		tool := api.Tool{Type: "function", Function: api.ToolFunction{Name: t.Name, Description: t.Description}}
		if err := json.Unmarshal(t.Schema, &tool.Function.Parameters); err != nil {
			return nil, fmt.Errorf("the schema of tool %s: %w", t.Name, err)
		}
		if tool.Function.Parameters.Properties == nil {
			tool.Function.Parameters.Properties = api.NewToolPropertiesMap()
		}
		out = append(out, tool)
	}
	return out, nil
}

func message(m llm.Message) api.Message {
	out := api.Message{Role: m.Role, Content: m.Content, ToolName: m.ToolName, ToolCallID: m.ToolCallID}
	for n, c := range m.ToolCalls {
		call := api.ToolCall{ID: c.ID, Function: api.ToolCallFunction{Index: n, Name: c.Name}}
		if err := json.Unmarshal(c.Arguments, &call.Function.Arguments); err != nil {
			call.Function.Arguments = api.NewToolCallFunctionArguments() // what was no object has been answered as such
		}
		out.ToolCalls = append(out.ToolCalls, call)
	}
	return out
}

func calls(all []api.ToolCall) []llm.ToolCall {
	var out []llm.ToolCall
	for _, c := range all {
		out = append(out, llm.ToolCall{ID: c.ID, Name: c.Function.Name, Arguments: llm.Arguments(c.Function.Arguments.String())})
	}
	return out
}
