package provider

import (
	"context"

	"llm4rec/llm"
	"llm4rec/llm/ollama"
	"llm4rec/llm/openai"
)

// Embedding is a model that embeds.
type Embedding struct {
	Provider   string
	Place      Place
	Dimensions int // of a vector that are asked for; 0: the model's own
}

// Embedder embeds, and says who it is.
type Embedder interface {
	llm.UsageEmbedder
	llm.Identifier
	llm.Named
}

// New makes an adapter. It does not call the server.
func (c Embedding) New() (Embedder, error) {
	p := c.Place
	if c.Provider == Ollama {
		return ollama.New(ollama.Config{BaseURL: p.BaseURL, Model: p.Model, Dimensions: c.Dimensions})
	}
	return openai.New(openai.Config{BaseURL: p.BaseURL, Model: p.Model, Dimensions: c.Dimensions, KeyVariable: p.KeyVariable})
}

// Validate checks what can be checked without a call. Errors are *data.SpecError.
func (c Embedding) Validate() error { return c.Place.validate(c.Provider) }

// Identity asks what answers. Where the model is not at hand, the error is a *models.Unavailable.
func (c Embedding) Identity(ctx context.Context) (llm.Identity, error) {
	a, err := c.New()
	if err != nil {
		return llm.Identity{}, err
	}
	return c.Place.identity(ctx, c.Provider, a)
}

// Unavailable makes a call's error a *models.Unavailable where the model is not at hand, and leaves others as they are.
func (c Embedding) Unavailable(err error) error { return c.Place.unavailable(c.Provider, err) }
