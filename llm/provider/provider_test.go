package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"llm4rec/data"
	"llm4rec/llm"
	"llm4rec/llm/llmtest"
	"llm4rec/models"
)

func TestValidate(t *testing.T) {
	for name, x := range map[string]struct {
		chat Chat
		key  string
	}{
		"fine":                 {Chat{Provider: Ollama, Place: Place{Model: "m"}, NumCtx: 512, Think: "off", Options: map[string]any{"top_k": 1}}, ""},
		"fine too":             {Chat{Provider: OpenAI, Place: Place{Model: "m", KeyVariable: "KEY"}, NoTemperature: true, Options: map[string]any{"reasoning_effort": "low"}}, ""},
		"no provider":          {Chat{Place: Place{Model: "m"}}, "provider"},
		"no model":             {Chat{Provider: Ollama}, "model"},
		"address":              {Chat{Provider: Ollama, Place: Place{Model: "m", BaseURL: "nonsense"}}, "base_url"},
		"the window elsewhere": {Chat{Provider: OpenAI, Place: Place{Model: "m"}, NumCtx: 512}, "num_ctx"},
		"a key elsewhere":      {Chat{Provider: Ollama, Place: Place{Model: "m", KeyVariable: "KEY"}}, "key_variable"},
		"two windows":          {Chat{Provider: Ollama, Place: Place{Model: "m"}, NumCtx: 512, Options: map[string]any{"num_ctx": 1}}, "num_ctx"},
		"option":               {Chat{Provider: Ollama, Place: Place{Model: "m"}, Options: map[string]any{"top_kk": 1}}, "provider"},
	} {
		err := x.chat.Validate()
		spec := (*data.SpecError)(nil)
		if (err == nil) != (x.key == "") || err != nil && (!errors.As(err, &spec) || spec.Key != x.key) {
			t.Errorf("%s: %v, want one of %q", name, err, x.key)
		}
	}
}

func TestChat(t *testing.T) {
	s := llmtest.Serve(t)
	s.Chat = true
	t.Setenv("OPENAI_API_KEY", "")
	for _, c := range []Chat{
		{Provider: Ollama, Place: Place{Model: llmtest.Model, BaseURL: s.URL}, NumCtx: 512},
		{Provider: OpenAI, Place: Place{Model: llmtest.Model, BaseURL: s.URL + "/v1"}, NoTemperature: true},
	} {
		id, err := c.Identity(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		name := c.Name()
		id.Digest = ""
		if fmt.Sprint(id) != fmt.Sprint(name) || len(name.Options) != 1 {
			t.Errorf("%+v is named %+v", id, name)
		}
		a, err := c.New()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := a.Generate(t.Context(), llmtest.Question()); err != nil || got.Text != "the city museum" {
			t.Errorf("%+v, %v", got, err)
		}
	}
}

func TestNotAtHand(t *testing.T) {
	s := llmtest.Serve(t)
	t.Setenv("OPENAI_API_KEY", "")
	for remedy, c := range map[string]Chat{
		"start Ollama and run 'ollama pull m'":            {Provider: Ollama, Place: Place{Model: "m", BaseURL: "http://127.0.0.1:1"}},
		"run 'ollama pull m'":                             {Provider: Ollama, Place: Place{Model: "m", BaseURL: s.URL}},
		"set OPENAI_API_KEY":                              {Provider: OpenAI, Place: Place{Model: "m"}},
		"base_url must name a server that can be reached": {Provider: OpenAI, Place: Place{Model: "m", BaseURL: "http://127.0.0.1:1"}},
	} {
		_, err := c.Identity(t.Context())
		missing := (*models.Unavailable)(nil)
		if !errors.As(err, &missing) || missing.Remedy != remedy {
			t.Errorf("got %v, want %q", err, remedy)
		}
	}
	missing := (*models.Unavailable)(nil)
	denied := &llm.Error{Kind: llm.Denied}
	if err := (Chat{Provider: OpenAI, Place: Place{KeyVariable: "KEY"}}).Unavailable(denied); !errors.As(err, &missing) || missing.Remedy != "set KEY to a key that the service takes" {
		t.Errorf("got %v", err)
	}
	if err := (Chat{Provider: OpenAI}).Unavailable(&llm.Error{Kind: llm.Server}); errors.As(err, &missing) {
		t.Errorf("a server that fails is at hand: %v", err)
	}
}

// What is inlined keeps its place and its names.
func TestJSON(t *testing.T) {
	text, err := json.Marshal(Chat{Provider: Ollama, Place: Place{Model: "m"}, NumCtx: 1})
	const want = `{"provider":"ollama","model":"m","base_url":"","key_variable":"","num_ctx":1,"think":"","max_tokens_field":"","no_temperature":false,"options":null,"first_token":false}`
	if err != nil || string(text) != want {
		t.Errorf("got  %s, %v\nwant %s", text, err, want)
	}
}
