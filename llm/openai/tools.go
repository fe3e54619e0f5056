package openai

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/packages/param"
	"github.com/openai/openai-go/v3/shared"

	"llm4rec/llm"
)

func function(t llm.Tool) (openai.ChatCompletionToolUnionParam, error) {
	var schema shared.FunctionParameters
	if err := json.Unmarshal(t.Schema, &schema); err != nil {
		return openai.ChatCompletionToolUnionParam{}, fmt.Errorf("the schema of tool %s: %w", t.Name, err)
	}
	return openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{
		Name: t.Name, Description: param.NewOpt(t.Description), Parameters: schema,
	}), nil
}

// assistant is what the model said before, the calls that it wanted among it.
func assistant(m llm.Message) openai.ChatCompletionMessageParamUnion {
	out := openai.AssistantMessage(m.Content)
	for _, c := range m.ToolCalls {
		out.OfAssistant.ToolCalls = append(out.OfAssistant.ToolCalls, openai.ChatCompletionMessageToolCallUnionParam{
			OfFunction: &openai.ChatCompletionMessageFunctionToolCallParam{
				ID: c.ID, Function: openai.ChatCompletionMessageFunctionToolCallFunctionParam{Name: c.Name, Arguments: string(c.Arguments)},
			},
		})
	}
	return out
}

func whole(all []openai.ChatCompletionMessageToolCallUnion) []llm.ToolCall {
	var out []llm.ToolCall
	for _, c := range all {
		out = append(out, llm.ToolCall{ID: c.ID, Name: c.Function.Name, Arguments: llm.Arguments(c.Function.Arguments)})
	}
	return out
}

// pieces are the calls of a stream, whose names and arguments come bit by bit.
type pieces []piece

type piece struct {
	index               int64
	id, name, arguments string
}

func (p *pieces) add(all []openai.ChatCompletionChunkChoiceDeltaToolCall) {
	for _, c := range all {
		at := slices.IndexFunc(*p, func(x piece) bool { return x.index == c.Index })
		if at < 0 {
			*p = append(*p, piece{index: c.Index})
			at = len(*p) - 1
		}
		x := &(*p)[at]
		x.id = cmp.Or(x.id, c.ID)
		x.name += c.Function.Name
		x.arguments += c.Function.Arguments
	}
}

func (p pieces) whole() []llm.ToolCall {
	slices.SortStableFunc(p, func(a, b piece) int { return cmp.Compare(a.index, b.index) })
	var out []llm.ToolCall
	for _, x := range p {
		out = append(out, llm.ToolCall{ID: x.id, Name: x.name, Arguments: llm.Arguments(x.arguments)})
	}
	return out
}
