// Package openai speaks with OpenAI and with the many servers that are compatible with it, such as vLLM, through OpenAI's
// own library.
//
// That library takes addresses, keys and headers from the environment by itself, and repeats calls. Here it is told all of
// it, so that a record says what happened.
package openai

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

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

// server is a model of a service: what embedders and chats have in common.
type server struct {
	model   string
	base    string
	key     string
	keyName string // the variable that holds the key
}

// connect takes the key from the environment now. Without one calls go without: servers of one's own often want none. It
// does not call the service.
func connect(base, model, keyVariable string, client *http.Client) (server, []option.RequestOption, error) {
	s := server{model: model, base: cmp.Or(base, DefaultBaseURL), keyName: cmp.Or(keyVariable, DefaultKeyVariable)}
	if model == "" {
		return s, nil, fmt.Errorf("%s: no model is named", provider)
	}
	if _, err := llm.ParseBaseURL(s.base); err != nil {
		return s, nil, fmt.Errorf("%s: %w", provider, err)
	}
	s.base = strings.TrimRight(s.base, "/")
	s.key = strings.TrimSpace(os.Getenv(s.keyName))
	options := []option.RequestOption{
		option.WithBaseURL(s.base),
		option.WithMaxRetries(0),
		option.WithHTTPClient(llm.HTTPClient(client)),
	}
	if s.key != "" {
		options = append(options, option.WithAPIKey(s.key))
	}
	return s, options, nil
}

// name is all that is known of the model: the service tells nothing but its name.
func (s server) name() llm.Identity {
	return llm.Identity{Provider: provider, Model: s.model, BaseURL: s.base}
}

// clean makes an error fit to be printed and stored. A service may repeat the key in its message, and the library's error
// holds the request with all its headers.
func (s server) clean(err error) error {
	failed := (*llm.Error)(nil)
	if !errors.As(err, &failed) {
		return err
	}
	failed.Err = nil
	if s.key != "" {
		failed.Message = strings.ReplaceAll(failed.Message, s.key, "…")
	} else if failed.Kind == llm.Denied {
		failed.Message += " (no key was sent: " + s.keyName + " is empty)"
	}
	return failed
}
