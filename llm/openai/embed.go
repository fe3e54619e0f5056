package openai

import (
	"context"
	"fmt"
	"net/http"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/packages/param"

	"llm4rec/llm"
)

// Config is an embedder of a service that is compatible with OpenAI's.
type Config struct {
	BaseURL     string       `json:"base_url,omitempty" yaml:"base_url"`         // up to and with /v1; empty: DefaultBaseURL
	Model       string       `json:"model" yaml:"model"`                         // such as text-embedding-3-small
	Dimensions  int          `json:"dimensions,omitempty" yaml:"dimensions"`     // 0: the model's; text-embedding-ada-002 knows no other
	KeyVariable string       `json:"key_variable,omitempty" yaml:"key_variable"` // of the environment, which holds the key; empty: DefaultKeyVariable
	HTTP        *http.Client `json:"-" yaml:"-"`                                 // nil: one of its own
}

// Embedder embeds texts by /v1/embeddings.
type Embedder struct {
	server
	dimensions int
	service    openai.EmbeddingService
}

var (
	_ llm.UsageEmbedder = (*Embedder)(nil)
	_ llm.Identifier    = (*Embedder)(nil)
)

// New makes an embedder, which takes its key from the environment now. Without one it calls without. It does not call the
// service.
func New(c Config) (*Embedder, error) {
	s, options, err := connect(c.BaseURL, c.Model, c.KeyVariable, c.HTTP)
	if err != nil {
		return nil, err
	}
	// The service alone, and not the library's client, which reads the environment.
	return &Embedder{s, c.Dimensions, openai.NewEmbeddingService(options...)}, nil
}

// Name is the identity, which is known without a call.
func (e *Embedder) Name() llm.Identity {
	id := e.name()
	id.Dimension = e.dimensions
	return id
}

// Identity is Name: the service tells no more.
func (e *Embedder) Identity(context.Context) (llm.Identity, error) { return e.Name(), nil }

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
		Model:          e.model,
		Input:          openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: texts},
		EncodingFormat: openai.EmbeddingNewParamsEncodingFormatFloat,
	}
	if e.dimensions > 0 {
		request.Dimensions = param.NewOpt(int64(e.dimensions))
	}
	watched, x := llm.Watch(ctx)
	x.Limit += len(texts) << 20 // 40,000 numbers each
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
