// Package llm is what the harness asks of language models: the interfaces that a provider's adapter implements, and what
// all adapters share, which is typed errors, the one retry layer, and what is known of an answer beside its content.
//
// The interfaces are the smallest that a stage needs. What an adapter can say beyond that is an interface of its own.
package llm

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Embedder turns texts into vectors, one a text and in the same order. Where it fails, the error is an *Error or that of
// the context, and there are no vectors. It makes one call and does not try again: see Retry, and package llm/embed.
type Embedder interface {
	Embed(ctx context.Context, texts []string) ([][]float32, error)
}

// UsageEmbedder is an Embedder that also says what a call used.
type UsageEmbedder interface {
	Embedder
	EmbedUsage(ctx context.Context, texts []string) ([][]float32, Usage, error)
}

// Usage is what a server says of a call, 0 where it says nothing.
type Usage struct {
	Tokens    int           // of the input
	Truncated []int         // the texts that were cut to the model's window, by their place in the call
	Window    int           // the tokens that are left of each of those
	Load      time.Duration // until the model was in memory
}

// Identifier is an adapter that says what answers its calls. It may ask the server, and fails with an *Error.
type Identifier interface {
	Identity(ctx context.Context) (Identity, error)
}

// Named is an adapter that says as much of its identity as is known without a call.
type Named interface {
	Name() Identity
}

// Identity says what answers: for records, and as the name of cached answers. No field holds a key.
type Identity struct {
	Provider  string            `json:"provider"`
	Model     string            `json:"model"`
	Digest    string            `json:"digest,omitempty"`    // of the model's content, where the server tells
	Dimension int               `json:"dimension,omitempty"` // that was asked for; 0: the model's own
	Options   map[string]string `json:"options,omitempty"`   // whatever else changes an answer
	BaseURL   string            `json:"base_url,omitempty"`

	// Test says that the model is one that our tests made: what it answers says nothing of language models.
	Test bool `json:"test,omitempty"`

	// Warnings are doubts about what answers, such as a chat model that is asked for embeddings.
	Warnings []string `json:"warnings,omitempty"`
}

// Set adds an option.
func (id *Identity) Set(option string, value any) {
	if id.Options == nil {
		id.Options = map[string]string{}
	}
	id.Options[option] = fmt.Sprint(value)
}

// Key is a text that is equal for two identities exactly if the same text gets the same answer from both. Without a
// digest, the name of a model means something at its address alone.
func (id Identity) Key() string {
	if id.Digest != "" {
		id.BaseURL = ""
	}
	id.Test, id.Warnings = false, nil
	key, err := json.Marshal(id) // sorts the options
	if err != nil {
		panic(fmt.Sprintf("llm: an identity is texts and a number: %v", err))
	}
	return string(key)
}
