package openai

import (
	"context"
	"fmt"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/packages/param"

	"llm4rec/llm"
)

// Embed returns the vectors as the service gives them. Those of OpenAI's models have length 1.
func (e *Embedder) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	vectors, _, err := e.EmbedUsage(ctx, texts)
	return vectors, err
}

// EmbedUsage is Embed with what the call used. OpenAI refuses texts that are longer than the model's window; a server of
// one's own may cut them, and does not tell.
func (e *Embedder) EmbedUsage(ctx context.Context, texts []string) ([][]float32, llm.Usage, error) {
	if len(texts) == 0 {
		return nil, llm.Usage{}, nil
	}
	request := openai.EmbeddingNewParams{
		Model:          e.config.Model,
		Input:          openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: texts},
		EncodingFormat: openai.EmbeddingNewParamsEncodingFormatFloat,
	}
	if e.config.Dimensions > 0 {
		request.Dimensions = param.NewOpt(int64(e.config.Dimensions))
	}
	watched, x := llm.Watch(ctx)
	answer, err := e.service.New(watched, request)
	if err != nil {
		return nil, llm.Usage{}, e.clean(x.Error(provider, err))
	}
	fail := func(kind llm.Kind, format string, args ...any) ([][]float32, llm.Usage, error) {
		return nil, llm.Usage{}, &llm.Error{Kind: kind, Provider: provider, Status: x.Status, Message: fmt.Sprintf(format, args...)}
	}
	switch {
	case x.NotFinite():
		return fail(llm.NotFinite, "a vector with null in it")
	case len(answer.Data) != len(texts):
		return fail(llm.Garbage, "%d vectors for %d texts", len(answer.Data), len(texts))
	}
	vectors := make([][]float32, len(texts))
	for _, data := range answer.Data { // in any order
		if data.Index < 0 || data.Index >= int64(len(texts)) || vectors[data.Index] != nil {
			return fail(llm.Garbage, "a vector with index %d, which is none or comes twice", data.Index)
		}
		vector := make([]float32, len(data.Embedding))
		for n, x := range data.Embedding {
			vector[n] = float32(x)
		}
		vectors[data.Index] = vector
	}
	return vectors, llm.Usage{Tokens: int(answer.Usage.PromptTokens)}, nil
}
