// Package ollama speaks with an Ollama server, through package api of Ollama's own.
//
// That package returns some failures as success, and decodes null as 0. What came over the wire is therefore looked at
// beside what it returns.
package ollama

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
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

// server is a model on a server: what embedders and chats have in common.
type server struct {
	model     string
	options   map[string]any
	keepAlive *api.Duration
	base      *url.URL
	http      *http.Client
	client    *api.Client
}

// connect does not call the server.
func connect(address, model string, options map[string]any, keepAlive time.Duration, client *http.Client) (server, error) {
	fail := func(format string, args ...any) (server, error) {
		return server{}, fmt.Errorf(provider+": "+format, args...)
	}
	if model == "" {
		return fail("no model is named")
	}
	base := envconfig.Host()
	if address != "" {
		var err error
		if base, err = llm.ParseBaseURL(address); err != nil {
			return fail("%w", err)
		}
	}
	if err := checkOptions(options); err != nil {
		return fail("options: %w", err)
	}
	client = llm.HTTPClient(client)
	s := server{model: model, options: options, base: base, http: client, client: api.NewClient(base, client)}
	if keepAlive != 0 {
		s.keepAlive = &api.Duration{Duration: keepAlive}
	}
	return s, nil
}

// checkOptions finds what the server would pass over without a word, such as an option that is spelt wrong.
func checkOptions(options map[string]any) error {
	text, err := json.Marshal(options)
	if err != nil {
		return err
	}
	for _, name := range []string{"seed", "temperature", "num_predict"} {
		if _, is := options[name]; is {
			return fmt.Errorf("%s is of a request, not of the model", name)
		}
	}
	known := json.NewDecoder(bytes.NewReader(text))
	known.DisallowUnknownFields()
	return known.Decode(new(api.Options))
}

// name is what is known of the model without a call.
func (s server) name() llm.Identity {
	id := llm.Identity{Provider: provider, Model: s.model, BaseURL: s.base.String()}
	for name, value := range s.options {
		if !changesNothing[name] {
			id.Set(name, value)
		}
	}
	return id
}

// Options that say how an answer is computed, not which.
var changesNothing = map[string]bool{"num_thread": true, "num_gpu": true, "main_gpu": true, "use_mmap": true, "num_batch": true}

// ask adds to an identity the model's digest, which changes with every change of the model, and returns what it can do.
func (s server) ask(ctx context.Context, id *llm.Identity) ([]model.Capability, error) {
	watched, x := llm.Watch(ctx)
	all, err := s.client.List(watched)
	if err != nil {
		return nil, x.Error(provider, err)
	}
	at := slices.IndexFunc(all.Models, func(m api.ListModelResponse) bool {
		return strings.EqualFold(model.ParseName(m.Name).String(), model.ParseName(s.model).String())
	})
	if at < 0 {
		return nil, &llm.Error{Kind: llm.NotFound, Provider: provider,
			Message: fmt.Sprintf("model %q is not on the server: ollama pull %[1]s", s.model)}
	}
	id.Digest = all.Models[at].Digest

	watched, x = llm.Watch(ctx)
	shown, err := s.client.Show(watched, &api.ShowRequest{Model: s.model})
	if err != nil {
		return nil, x.Error(provider, err)
	}
	description, _ := shown.ModelInfo["general.description"].(string)
	id.Test = strings.HasPrefix(description, testModel)
	return shown.Capabilities, nil
}

// testModel begins the description of a model that package tiny makes. Its name would do, but the server keeps that to itself.
const testModel = "llm4rec test"

// with are the model's options and those of one request.
func (s server) with(options map[string]any) map[string]any {
	maps.Copy(options, s.options)
	return options
}
