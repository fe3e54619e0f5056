package ollama

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ollama/ollama/api"

	"llm4rec/llm"
)

// Embed returns the vectors, of length 1, as the server normalises them.
func (e *Embedder) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	vectors, _, err := e.EmbedUsage(ctx, texts)
	return vectors, err
}

// EmbedUsage is Embed with what the call used.
//
// The server does not tell which texts it cut. It is therefore asked not to cut. If it complains of length, each half is
// asked for on its own, and a single text that is too long is asked for once more, to be cut.
func (e *Embedder) EmbedUsage(ctx context.Context, texts []string) ([][]float32, llm.Usage, error) {
	if len(texts) == 0 {
		return nil, llm.Usage{}, nil
	}
	vectors, usage, err := e.call(ctx, texts, false)
	switch {
	case !tooLong(err) || e.config.Strict:
		return vectors, usage, err
	case len(texts) == 1:
		vectors, usage, err = e.call(ctx, texts, true)
		usage.Truncated, usage.Window = []int{0}, usage.Tokens
		return vectors, usage, err
	}
	half := len(texts) / 2
	vectors, usage, err = e.EmbedUsage(ctx, texts[:half])
	if err != nil {
		return nil, llm.Usage{}, err
	}
	rest, more, err := e.EmbedUsage(ctx, texts[half:])
	if err != nil {
		return nil, llm.Usage{}, err
	}
	for _, n := range more.Truncated {
		usage.Truncated = append(usage.Truncated, half+n)
	}
	usage.Window = max(usage.Window, more.Window)
	usage.Tokens += more.Tokens
	usage.Load += more.Load
	return append(vectors, rest...), usage, nil
}

func (e *Embedder) call(ctx context.Context, texts []string, truncate bool) ([][]float32, llm.Usage, error) {
	request := &api.EmbedRequest{
		Model: e.config.Model, Input: texts, Truncate: &truncate,
		Dimensions: e.config.Dimensions, Options: e.config.Options,
	}
	if e.config.KeepAlive != 0 {
		request.KeepAlive = &api.Duration{Duration: e.config.KeepAlive}
	}
	watched, x := llm.Watch(ctx)
	answer, err := e.client.Embed(watched, request)
	if err != nil {
		return nil, llm.Usage{}, typed(x.Error(provider, err))
	}
	fail := func(kind llm.Kind, format string, args ...any) ([][]float32, llm.Usage, error) {
		return nil, llm.Usage{}, &llm.Error{Kind: kind, Provider: provider, Status: x.Status, Message: fmt.Sprintf(format, args...)}
	}
	switch {
	case x.NotFinite():
		return fail(llm.NotFinite, "a vector with null in it")
	case len(answer.Embeddings) != len(texts):
		return fail(llm.Garbage, "%d vectors for %d texts", len(answer.Embeddings), len(texts))
	}
	return answer.Embeddings, llm.Usage{Tokens: answer.PromptEvalCount, Load: answer.LoadDuration}, nil
}

func tooLong(err error) bool {
	failed := (*llm.Error)(nil)
	return errors.As(err, &failed) && failed.Kind == llm.Refused && strings.Contains(failed.Message, "exceeds the context length")
}

// typed corrects the kind where Ollama says 400, the caller's fault, of what it is not: when the process that holds the
// model has died, and when the model computes NaN.
func typed(err error) error {
	failed := (*llm.Error)(nil)
	if !errors.As(err, &failed) || failed.Kind != llm.Refused {
		return err
	}
	switch {
	case strings.Contains(failed.Message, "NaN or Inf"):
		failed.Kind = llm.NotFinite
	case strings.Contains(failed.Message, "do embedding request"):
		failed.Kind = llm.Server
	}
	return failed
}
