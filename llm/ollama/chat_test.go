package ollama

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
	if c.Model == "" {
		c.Model = llmtest.Model
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
				return chat(t, ChatConfig{BaseURL: s.URL, FirstToken: first})
			})
		})
	}
}

func TestWhatAChatIsAsked(t *testing.T) {
	s := llmtest.Serve(t)
	c := chat(t, ChatConfig{BaseURL: s.URL, Options: map[string]any{"num_ctx": 512, "num_thread": 1}, Think: "off", KeepAlive: time.Minute})
	ask := llmtest.Question()
	ask.Seed = -1 // any seed, if it were sent as it is
	got, err := c.Generate(t.Context(), ask)
	if err != nil || got.Load != time.Millisecond || got.Prefill != 2*time.Millisecond || got.Decode != 3*time.Millisecond || got.FirstToken != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	_, bodies := s.Asked()
	want := `{"model":"words","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"the city museum"}],"stream":false,` +
		`"format":{"type":"string"},"keep_alive":"1m0s","options":{"num_ctx":512,"num_predict":100,"num_thread":1,"seed":2147483647,"temperature":0.5},` +
		`"think":false,"truncate":false,"shift":false,"logprobs":true,"top_logprobs":2}`
	if bodies[0] != want {
		t.Errorf("got  %s\nwant %s", bodies[0], want)
	}
}

func TestChatIdentity(t *testing.T) {
	s := llmtest.Serve(t)
	c := chat(t, ChatConfig{BaseURL: s.URL, Options: map[string]any{"num_ctx": 512, "num_thread": 1}, Think: "high"})
	_, err := c.Identity(t.Context())
	if failed := (*llm.Error)(nil); !errors.As(err, &failed) || failed.Kind != llm.Refused {
		t.Errorf("an embedding model: %v", err)
	}
	s.Chat = true
	id, err := c.Identity(t.Context())
	want := llm.Identity{Provider: "ollama", Model: llmtest.Model, Options: map[string]string{"num_ctx": "512", "think": "high"}, BaseURL: s.URL}
	if got := c.Name(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	want.Digest = s.Digest
	if err != nil || fmt.Sprint(id) != fmt.Sprint(want) {
		t.Errorf("got %+v, %v\nwant %+v", id, err, want)
	}
}

func TestFirstToken(t *testing.T) {
	s := llmtest.Serve(t)
	s.Next(llmtest.Fault{Drip: time.Millisecond})
	got, err := chat(t, ChatConfig{BaseURL: s.URL, FirstToken: true}).Generate(t.Context(), llmtest.Question())
	if err != nil || got.FirstToken < 50*time.Millisecond || got.FirstToken > got.Wall/2 {
		t.Errorf("%v until the first token, %v in all, %v", got.FirstToken, got.Wall, err)
	}
}

// Ollama stops a model that repeats itself, and does not say that it is done.
func TestLoop(t *testing.T) {
	piece := func(text string) string {
		return `{"message":{"role":"assistant","content":"` + text + `"},"done":false}` + "\n"
	}
	for _, test := range []struct {
		name, body string
		first      bool
		text       string // "": an error
	}{
		{"whole", piece("a b b"), false, "a b b"},
		{"streamed", piece("a") + strings.Repeat(piece(" b"), 31), true, "a" + strings.Repeat(" b", 31)},
		{"cut", piece("a") + piece(" b"), true, ""},
	} {
		s := llmtest.Serve(t)
		s.Next(llmtest.Fault{Body: test.body})
		got, err := chat(t, ChatConfig{BaseURL: s.URL, FirstToken: test.first}).Generate(t.Context(), llmtest.Question())
		if failed := (*llm.Error)(nil); test.text == "" && (!errors.As(err, &failed) || failed.Kind != llm.Garbage) {
			t.Errorf("%s: %+v, %v", test.name, got, err)
		}
		if test.text != "" && (err != nil || got.Finish != llm.Length || got.Text != test.text) {
			t.Errorf("%s: %+v, %v", test.name, got, err)
		}
	}
}

func TestChatConfig(t *testing.T) {
	for name, bad := range map[string]ChatConfig{
		"no model":          {},
		"address":           {Model: "m", BaseURL: "nonsense"},
		"thought":           {Model: "m", Think: "hard"},
		"misspelt option":   {Model: "m", Options: map[string]any{"num_ctxt": 512}},
		"option's type":     {Model: "m", Options: map[string]any{"num_ctx": "512"}},
		"a request's field": {Model: "m", Options: map[string]any{"temperature": 1}},
	} {
		if _, err := NewChat(bad); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
