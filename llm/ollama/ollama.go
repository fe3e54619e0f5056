// Package ollama speaks with an Ollama server, through package api of Ollama's own.
//
// That package returns some failures as success, and decodes null as 0. What came over the wire is therefore looked at
// beside what it returns.
package ollama

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ollama/ollama/api"
	"github.com/ollama/ollama/envconfig"
	"github.com/ollama/ollama/types/model"

	"llm4rec/llm"
)

const provider = "ollama"

// Config is an embedder on an Ollama server.
type Config struct {
	BaseURL    string         `json:"base_url,omitempty" yaml:"base_url"`     // empty: that of OLLAMA_HOST, or http://127.0.0.1:11434
	Model      string         `json:"model" yaml:"model"`                     // such as all-minilm
	Dimensions int            `json:"dimensions,omitempty" yaml:"dimensions"` // the first numbers of a vector, normalised; 0: all
	Strict     bool           `json:"strict,omitempty" yaml:"strict"`         // a text longer than the model's window is an error; otherwise it is cut, and counted
	KeepAlive  time.Duration  `json:"keep_alive,omitempty" yaml:"keep_alive"` // of the model in memory after a call; 0: the server's
	Options    map[string]any `json:"options,omitempty" yaml:"options"`       // of the model, such as num_thread; the server ignores those it does not know
	HTTP       *http.Client   `json:"-" yaml:"-"`                             // nil: one of its own
}

// Embedder embeds texts by /api/embed.
type Embedder struct {
	config Config
	base   *url.URL
	client *api.Client
}

var (
	_ llm.UsageEmbedder = (*Embedder)(nil)
	_ llm.Identifier    = (*Embedder)(nil)
)

// New makes an embedder. It does not call the server.
func New(c Config) (*Embedder, error) {
	if c.Model == "" {
		return nil, fmt.Errorf("%s: no model is named", provider)
	}
	base := envconfig.Host()
	if c.BaseURL != "" {
		var err error
		if base, err = llm.ParseBaseURL(c.BaseURL); err != nil {
			return nil, fmt.Errorf("%s: %w", provider, err)
		}
	}
	return &Embedder{c, base, api.NewClient(base, llm.HTTPClient(c.HTTP))}, nil
}

// Identity asks the server for the model's digest, which changes with every change of the model, and for what it can do.
func (e *Embedder) Identity(ctx context.Context) (llm.Identity, error) {
	id := llm.Identity{Provider: provider, Model: e.config.Model, Dimension: e.config.Dimensions, BaseURL: e.base.String()}
	for name, value := range e.config.Options {
		if !changesNothing[name] {
			if id.Options == nil {
				id.Options = map[string]string{}
			}
			id.Options[name] = fmt.Sprint(value)
		}
	}
	watched, x := llm.Watch(ctx)
	all, err := e.client.List(watched)
	if err != nil {
		return id, x.Error(provider, err)
	}
	at := slices.IndexFunc(all.Models, func(m api.ListModelResponse) bool {
		return strings.EqualFold(model.ParseName(m.Name).String(), model.ParseName(e.config.Model).String())
	})
	if at < 0 {
		return id, &llm.Error{Kind: llm.NotFound, Provider: provider,
			Message: fmt.Sprintf("model %q is not on the server: ollama pull %[1]s", e.config.Model)}
	}
	id.Digest = all.Models[at].Digest

	watched, x = llm.Watch(ctx)
	shown, err := e.client.Show(watched, &api.ShowRequest{Model: e.config.Model})
	if err != nil {
		return id, x.Error(provider, err)
	}
	if !slices.Contains(shown.Capabilities, model.CapabilityEmbedding) {
		id.Warnings = append(id.Warnings, fmt.Sprintf("%s is not an embedding model: the server embeds with it all the same", e.config.Model))
	}
	return id, nil
}

// Options that say how a vector is computed, not which.
var changesNothing = map[string]bool{"num_thread": true, "num_gpu": true, "main_gpu": true, "use_mmap": true, "num_batch": true}
