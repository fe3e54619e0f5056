package provider

import (
	"context"
	"fmt"
	"maps"

	"llm4rec/llm"
	"llm4rec/llm/ollama"
	"llm4rec/llm/openai"
	"llm4rec/models"
)

// Chat is a model that answers. It is a part of configurations.
type Chat struct {
	Provider string `json:"provider" yaml:"provider" jsonschema:"ollama, or openai, which stands for all that is compatible with it, such as vLLM, llama.cpp and Groq"`
	Place    `yaml:",inline"`

	Digest         string         `json:"digest,omitempty" yaml:"digest" jsonschema:"of ollama: of the model; another one is not asked, and of recorded answers those of this one count; empty: whichever there is"`
	NumCtx         int            `json:"num_ctx" yaml:"num_ctx" jsonschema:"of ollama: the window, in tokens of prompt and answer; 0: the server's. A prompt that does not fit is a failed call"`
	Think          string         `json:"think" yaml:"think" jsonschema:"of ollama: on, off, or for some models low, medium or high; empty: as the model does by itself"`
	MaxTokensField string         `json:"max_tokens_field" yaml:"max_tokens_field" jsonschema:"of openai: max_completion_tokens or max_tokens; empty: the first for OpenAI itself, otherwise the second, which every server knows"`
	NoTemperature  bool           `json:"no_temperature" yaml:"no_temperature" jsonschema:"of openai: leave the temperature out of requests, for models that reason and refuse it"`
	Options        map[string]any `json:"options" yaml:"options" jsonschema:"more of the provider's: options of a model of ollama, as num_thread or top_k; fields of a request of openai, as reasoning_effort"`
	FirstToken     bool           `json:"first_token" yaml:"first_token" jsonschema:"stream answers, to measure the time until they begin"`
}

// Chatter answers, and says who it is.
type Chatter interface {
	llm.Chat
	llm.Named
}

// New makes an adapter. It does not call the server.
func (c Chat) New() (Chatter, error) {
	if c.Provider == Ollama {
		options := maps.Clone(c.Options)
		if c.NumCtx > 0 {
			if options == nil {
				options = map[string]any{}
			}
			options["num_ctx"] = c.NumCtx
		}
		return ollama.NewChat(ollama.ChatConfig{BaseURL: c.BaseURL, Model: c.Model, Options: options, Think: c.Think, FirstToken: c.FirstToken})
	}
	return openai.NewChat(openai.ChatConfig{
		BaseURL: c.BaseURL, Model: c.Model, KeyVariable: c.KeyVariable,
		MaxTokens: c.MaxTokensField, NoTemperature: c.NoTemperature, Options: c.Options, FirstToken: c.FirstToken,
	})
}

// Validate checks what can be checked without a call. Errors are *data.SpecError.
func (c Chat) Validate() error {
	if err := c.validate(c.Provider); err != nil {
		return err
	}
	for _, x := range []struct {
		key, of string
		set     bool
	}{
		{"digest", Ollama, c.Digest != ""},
		{"num_ctx", Ollama, c.NumCtx != 0},
		{"think", Ollama, c.Think != ""},
		{"key_variable", OpenAI, c.KeyVariable != ""},
		{"max_tokens_field", OpenAI, c.MaxTokensField != ""},
		{"no_temperature", OpenAI, c.NoTemperature},
	} {
		if x.set && c.Provider != x.of {
			return bad(x.key, "is of %s, not of %s", x.of, c.Provider)
		}
	}
	if _, twice := c.Options["num_ctx"]; c.NumCtx < 0 || twice && c.NumCtx > 0 {
		return bad("num_ctx", "want at least 0, and not once more in options")
	}
	if _, err := c.New(); err != nil {
		return bad("provider", "%w", err)
	}
	return nil
}

// Identity asks what answers. Where the model is not at hand, the error is a *models.Unavailable.
func (c Chat) Identity(ctx context.Context) (llm.Identity, error) {
	a, err := c.New()
	if err != nil {
		return llm.Identity{}, err
	}
	id, err := c.identity(ctx, c.Provider, a)
	if err == nil && c.Digest != "" && id.Digest != c.Digest {
		err = &models.Unavailable{Err: fmt.Errorf("%s: %s has the digest %s, not %s", c.Provider, c.Model, id.Digest, c.Digest), Remedy: "pull that version, or leave the digest out"}
	}
	return id, err
}

// Name is the identity as far as it is known without a call, for who has the model's answers and not the model. The
// configuration has to be valid.
func (c Chat) Name() llm.Identity {
	a, err := c.New()
	if err != nil {
		panic(fmt.Sprintf("provider: Name of what Validate does not accept: %v", err))
	}
	id := a.Name()
	id.Digest = c.Digest
	return id
}

// Unavailable makes a call's error a *models.Unavailable where the model is not at hand, and leaves others as they are.
func (c Chat) Unavailable(err error) error { return c.unavailable(c.Provider, err) }
