package openai

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"llm4rec/llm"
	"llm4rec/llm/llmtest"
)

func chat(t *testing.T, c ChatConfig) *Chat {
	t.Helper()
	t.Setenv(variable, key)
	if c.Model == "" {
		c.Model = llmtest.Model
	}
	if c.KeyVariable == "" {
		c.KeyVariable = variable
	}
	c.HTTP = llmtest.Client(t)
	a, err := NewChat(c)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestChatConformance(t *testing.T) {
	for name, first := range map[string]bool{"whole": false, "streamed": true} {
		t.Run(name, func(t *testing.T) {
			llmtest.Chat(t, func(t *testing.T, s *llmtest.Server) llm.Chat {
				t.Helper()
				return chat(t, ChatConfig{BaseURL: s.URL + "/v1", FirstToken: first})
			})
		})
	}
}

func TestWhatAChatIsAsked(t *testing.T) {
	const messages = `"messages":[{"content":"Be brief.","role":"system"},{"content":"the city museum","role":"user"}],"model":"words",`
	const format = `"response_format":{"json_schema":{"name":"answer","strict":true,"schema":{"type":"string"}},"type":"json_schema"}`
	for _, test := range []struct {
		config ChatConfig
		want   string
	}{
		{ChatConfig{}, `{` + messages + `"logprobs":true,"max_tokens":100,"seed":11,"temperature":0.5,"top_logprobs":2,` + format + `}`},
		{ChatConfig{MaxTokens: "max_completion_tokens", NoTemperature: true, FirstToken: true, Options: map[string]any{"reasoning_effort": "low"}},
			`{` + messages + `"logprobs":true,"max_completion_tokens":100,"seed":11,"top_logprobs":2,"stream_options":{"include_usage":true},` + format + `,"reasoning_effort":"low","stream":true}`},
	} {
		s := llmtest.Serve(t)
		test.config.BaseURL = s.URL + "/v1"
		got, err := chat(t, test.config).Generate(t.Context(), llmtest.Question())
		if err != nil || got.CachedTokens != 2 || (got.FirstToken > 0) != test.config.FirstToken {
			t.Errorf("%+v, %v", got, err)
		}
		if _, bodies := s.Asked(); bodies[0] != test.want {
			t.Errorf("got  %s\nwant %s", bodies[0], test.want)
		}
	}
}

func TestChatIdentity(t *testing.T) {
	c := chat(t, ChatConfig{NoTemperature: true, Options: map[string]any{"reasoning_effort": "low"}})
	id, err := c.Identity(t.Context())
	want := llm.Identity{Provider: "openai", Model: llmtest.Model, Options: map[string]string{"reasoning_effort": "low", "temperature": "left out"}, BaseURL: DefaultBaseURL}
	if err != nil || fmt.Sprint(id) != fmt.Sprint(want) {
		t.Errorf("got %+v, %v\nwant %+v", id, err, want)
	}
	if c.config.MaxTokens != maxCompletionTokens {
		t.Errorf("OpenAI is sent %s", c.config.MaxTokens)
	}
}

func TestFiltered(t *testing.T) {
	for name, body := range map[string]string{
		"refusal": `{"choices":[{"finish_reason":"stop","message":{"content":null,"refusal":"no"}}]}`,
		"filter":  `{"choices":[{"finish_reason":"content_filter","message":{"content":"no"}}]}`,
	} {
		s := llmtest.Serve(t)
		s.Next(llmtest.Fault{Body: body})
		got, err := chat(t, ChatConfig{BaseURL: s.URL + "/v1"}).Generate(t.Context(), llmtest.Question())
		if err != nil || got.Finish != llm.Filtered || got.Text != "no" {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// A stream that ends in good order is whole only if it says so.
func TestStreamWithoutAnEnd(t *testing.T) {
	for name, cut := range map[string]string{"[DONE]": "data: [DONE]", "finish_reason": `"finish_reason":"stop"`} {
		s := llmtest.Serve(t)
		s.Next(llmtest.Fault{Bytes: func(body []byte) []byte {
			before, _, _ := strings.Cut(string(body), cut)
			return []byte(before[:strings.LastIndex(before, "\n\n")+2])
		}})
		got, err := chat(t, ChatConfig{BaseURL: s.URL + "/v1", FirstToken: true}).Generate(t.Context(), llmtest.Question())
		if failed := (*llm.Error)(nil); !errors.As(err, &failed) || failed.Kind != llm.Garbage {
			t.Errorf("without %s: %+v, %v", name, got, err)
		}
	}
}

func TestFirstToken(t *testing.T) {
	s := llmtest.Serve(t)
	s.Next(llmtest.Fault{Drip: time.Millisecond})
	got, err := chat(t, ChatConfig{BaseURL: s.URL + "/v1", FirstToken: true}).Generate(t.Context(), llmtest.Question())
	if err != nil || got.FirstToken < 50*time.Millisecond || got.FirstToken > got.Wall/2 {
		t.Errorf("%v until the first token, %v in all, %v", got.FirstToken, got.Wall, err)
	}
}

func TestAChatsKeyIsNowhere(t *testing.T) {
	for _, first := range []bool{false, true} {
		s := llmtest.Serve(t)
		c := chat(t, ChatConfig{BaseURL: s.URL + "/v1", FirstToken: first})
		secrets := []string{fmt.Sprintf("%+v", c.Name())}
		for _, bad := range append(llmtest.ChatMisbehaviours(), llmtest.Misbehaviour{Fault: llmtest.Fault{Status: 401, Body: `{"error":{"message":"the key ` + key + ` is wrong"}}`}},
			llmtest.Misbehaviour{Fault: llmtest.Fault{Body: `{"error":{"message":"your key is ` + key + `"}}`}}) {
			if bad.Kind == llm.Timeout {
				continue
			}
			s.Rise()
			s.Next(bad.Fault)
			_, err := c.Generate(t.Context(), llmtest.Question())
			if err == nil {
				t.Errorf("%s: no error", bad.Name)
			}
			for ; err != nil; err = errors.Unwrap(err) {
				secrets = append(secrets, fmt.Sprintf("%v %+v", err, err))
			}
		}
		for _, text := range secrets {
			if strings.Contains(text, key) {
				t.Errorf("the key is in %s", text)
			}
		}
	}
}

func TestChatConfig(t *testing.T) {
	for name, bad := range map[string]ChatConfig{
		"no model":          {},
		"address":           {Model: "m", BaseURL: "https://me:secret@example.org"},
		"field":             {Model: "m", MaxTokens: "most"},
		"a request's field": {Model: "m", Options: map[string]any{"temperature": 1}},
	} {
		if _, err := NewChat(bad); err == nil || strings.Contains(err.Error(), "secret@") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
