// Package openai speaks with OpenAI and with the many servers that are compatible with it, such as vLLM, through OpenAI's
// own library.
//
// That library takes addresses, keys and headers from the environment by itself, and repeats calls. Here it is told all of
// it, so that a record says what happened.
package openai

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"llm4rec/llm"
)

const (
	provider = "openai"

	// DefaultBaseURL is that of OpenAI itself.
	DefaultBaseURL = "https://api.openai.com/v1"
	// DefaultKeyVariable is the variable of the environment that OpenAI's own tools take the key from.
	DefaultKeyVariable = "OPENAI_API_KEY"
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
	config  Config
	key     string
	service openai.EmbeddingService
}

var (
	_ llm.UsageEmbedder = (*Embedder)(nil)
	_ llm.Identifier    = (*Embedder)(nil)
)

// New makes an embedder, which takes its key from the environment now. Without one it calls without: servers of one's own
// often want none. It does not call the service.
func New(c Config) (*Embedder, error) {
	if c.Model == "" {
		return nil, fmt.Errorf("%s: no model is named", provider)
	}
	if c.BaseURL == "" {
		c.BaseURL = DefaultBaseURL
	}
	if _, err := llm.ParseBaseURL(c.BaseURL); err != nil {
		return nil, fmt.Errorf("%s: %w", provider, err)
	}
	c.BaseURL = strings.TrimRight(c.BaseURL, "/")
	if c.KeyVariable == "" {
		c.KeyVariable = DefaultKeyVariable
	}
	key := strings.TrimSpace(os.Getenv(c.KeyVariable))
	options := []option.RequestOption{
		option.WithBaseURL(c.BaseURL),
		option.WithMaxRetries(0),
		option.WithHTTPClient(llm.HTTPClient(c.HTTP)),
	}
	if key != "" {
		options = append(options, option.WithAPIKey(key))
	}
	// The service alone, and not the library's client, which reads the environment.
	return &Embedder{c, key, openai.NewEmbeddingService(options...)}, nil
}

// Identity is known without a call: the service tells nothing of a model but its name.
func (e *Embedder) Identity(context.Context) (llm.Identity, error) {
	return llm.Identity{Provider: provider, Model: e.config.Model, Dimension: e.config.Dimensions, BaseURL: e.config.BaseURL}, nil
}

// clean makes an error fit to be printed and stored. A service may repeat the key in its message, and the library's error
// holds the request with all its headers.
func (e *Embedder) clean(err error) error {
	failed := (*llm.Error)(nil)
	if !errors.As(err, &failed) {
		return err
	}
	failed.Err = nil
	if e.key != "" {
		failed.Message = strings.ReplaceAll(failed.Message, e.key, "…")
	} else if failed.Kind == llm.Denied {
		failed.Message += " (no key was sent: " + e.config.KeyVariable + " is empty)"
	}
	return failed
}
