// Package provider makes adapters of what a configuration says, asks whether the model is at hand, and says what to do where
// it is not. It is the one place that knows all providers.
package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"time"

	"llm4rec/data"
	"llm4rec/llm"
	"llm4rec/llm/openai"
	"llm4rec/models"
)

// The providers.
const (
	Ollama = "ollama"
	OpenAI = "openai" // and what is compatible with it
)

// Place says which model, and where. It is a part of configurations.
type Place struct {
	Model       string `json:"model" yaml:"model" jsonschema:"of a server, as all-minilm or text-embedding-ada-002 for embeddings, llama3.2:3b or gpt-4.1-mini for chats"`
	BaseURL     string `json:"base_url" yaml:"base_url" jsonschema:"of a server; empty: OLLAMA_HOST or this machine for ollama, OpenAI's own for openai"`
	KeyVariable string `json:"key_variable" yaml:"key_variable" jsonschema:"variable of the environment that holds the key of openai; empty: OPENAI_API_KEY"`
}

// Known says whether there is a provider of this name.
func Known(provider string) bool { return slices.Contains([]string{Ollama, OpenAI}, provider) }

// adapter is what all adapters have beside their calls.
type adapter interface {
	llm.Identifier
	llm.Named
}

// validate checks what can be checked without a call. Errors are *data.SpecError.
func (p Place) validate(provider string) error {
	if !Known(provider) {
		return bad("provider", "%q is not one of %s, %s", provider, Ollama, OpenAI)
	}
	if p.Model == "" {
		return bad("model", "missing: %s has many", provider)
	}
	if p.BaseURL != "" {
		if _, err := llm.ParseBaseURL(p.BaseURL); err != nil {
			return bad("base_url", "%w", err)
		}
	}
	return nil
}

func bad(key, format string, args ...any) error {
	return &data.SpecError{Key: key, Err: fmt.Errorf(format, args...)}
}

// patience is how long a server may take to say what it has.
const patience = 10 * time.Second

// identity asks once what answers: a server that is not there should not be waited for, and OpenAI itself not be called
// without a key.
func (p Place) identity(ctx context.Context, provider string, a adapter) (llm.Identity, error) {
	if p.BaseURL == "" && provider == OpenAI && os.Getenv(p.key()) == "" {
		return llm.Identity{}, &models.Unavailable{Err: errors.New("no key for OpenAI"), Remedy: "set " + p.key()}
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	id, err := a.Identity(ctx)
	if err == nil && provider == OpenAI {
		err = reach(ctx, id.BaseURL) // its identity is known without a call
	}
	return id, p.unavailable(provider, err)
}

// reach says whether anybody listens at an address. Behind a proxy that cannot be told.
func reach(ctx context.Context, address string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	if proxy, err := http.ProxyFromEnvironment(request); proxy != nil || err != nil {
		return err
	}
	host := request.URL.Host
	if request.URL.Port() == "" {
		host = net.JoinHostPort(host, request.URL.Scheme) // by its name, as https
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", host)
	if err != nil {
		return &llm.Error{Kind: llm.Unavailable, Provider: OpenAI, Message: err.Error(), Err: err}
	}
	return conn.Close()
}

func (p Place) key() string { return cmp.Or(p.KeyVariable, openai.DefaultKeyVariable) }

// unavailable says what to do where a server or its model is not at hand, and leaves other errors as they are.
func (p Place) unavailable(provider string, err error) error {
	failed := (*llm.Error)(nil)
	if !errors.As(err, &failed) {
		return err
	}
	var remedy string
	switch {
	case provider == Ollama && failed.Kind == llm.Unavailable:
		remedy = "start Ollama and run 'ollama pull " + p.Model + "'"
	case provider == Ollama && failed.Kind == llm.NotFound:
		remedy = "run 'ollama pull " + p.Model + "'"
	case failed.Kind == llm.Unavailable:
		remedy = "base_url must name a server that can be reached"
	case provider == OpenAI && failed.Kind == llm.Denied:
		remedy = "set " + p.key() + " to a key that the service takes"
	default:
		return err
	}
	return &models.Unavailable{Err: err, Remedy: remedy}
}
