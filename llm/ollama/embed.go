package ollama

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ollama/ollama/api"
	"github.com/ollama/ollama/types/model"

	"llm4rec/llm"
)

// Config is an embedder on an Ollama server.
type Config struct {
	BaseURL    string         `json:"base_url,omitempty" yaml:"base_url"`     // empty: that of OLLAMA_HOST, or http://127.0.0.1:11434
	Model      string         `json:"model" yaml:"model"`                     // such as all-minilm
	Dimensions int            `json:"dimensions,omitempty" yaml:"dimensions"` // the first numbers of a vector, normalised; 0: all
	Strict     bool           `json:"strict,omitempty" yaml:"strict"`         // a text longer than the model's window is an error; otherwise it is cut, and counted
	KeepAlive  time.Duration  `json:"keep_alive,omitempty" yaml:"keep_alive"` // of the model in memory after a call; 0: the server's
	Options    map[string]any `json:"options,omitempty" yaml:"options"`       // of the model, such as num_thread
	HTTP       *http.Client   `json:"-" yaml:"-"`                             // nil: one of its own
}

// Embedder embeds texts by /api/embed.
type Embedder struct {
	server
	dimensions int
	strict     bool
}

var (
	_ llm.UsageEmbedder = (*Embedder)(nil)
	_ llm.Identifier    = (*Embedder)(nil)
)

// New makes an embedder. It does not call the server.
func New(c Config) (*Embedder, error) {
	s, err := connect(c.BaseURL, c.Model, c.Options, c.KeepAlive, c.HTTP)
	if err != nil {
		return nil, err
	}
	return &Embedder{s, c.Dimensions, c.Strict}, nil
}

// Name is the identity as far as it is known without a call.
func (e *Embedder) Name() llm.Identity {
	id := e.name()
	id.Dimension = e.dimensions
	return id
}

// Identity asks the server for the model's digest, and for what it can do.
func (e *Embedder) Identity(ctx context.Context) (llm.Identity, error) {
	id := e.Name()
	can, err := e.ask(ctx, &id)
	if err == nil && !slices.Contains(can, model.CapabilityEmbedding) {
		id.Warnings = append(id.Warnings, fmt.Sprintf("%s is not an embedding model: the server embeds with it all the same", e.model))
	}
	return id, err
}

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
	case !tooLong(err) || e.strict:
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
	watched, x := llm.Watch(ctx)
	x.Limit += len(texts) << 20 // 40,000 numbers each
	answer, err := e.client.Embed(watched, &api.EmbedRequest{
		Model: e.model, Input: texts, Truncate: &truncate, Dimensions: e.dimensions, Options: e.options, KeepAlive: e.keepAlive,
	})
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
	return errors.As(err, &failed) && failed.Kind == llm.TooLong
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
