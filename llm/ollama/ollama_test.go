package ollama

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"llm4rec/llm"
	"llm4rec/llm/llmtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func adapter(t *testing.T, c Config) *Embedder {
	t.Helper()
	if c.Model == "" {
		c.Model = llmtest.Model
	}
	c.HTTP = llmtest.Client(t)
	e, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestConformance(t *testing.T) {
	llmtest.Embedder(t, func(t *testing.T, s *llmtest.Server) llm.UsageEmbedder {
		t.Helper()
		return adapter(t, Config{BaseURL: s.URL})
	})
}

func TestIdentity(t *testing.T) {
	s := llmtest.Serve(t)
	id, err := adapter(t, Config{BaseURL: s.URL, Dimensions: 8, Options: map[string]any{"num_thread": 1, "num_ctx": 256}}).Identity(t.Context())
	want := llm.Identity{Provider: "ollama", Model: llmtest.Model, Digest: s.Digest, Dimension: 8, Options: map[string]string{"num_ctx": "256"}, BaseURL: s.URL}
	if err != nil || fmt.Sprint(id) != fmt.Sprint(want) {
		t.Errorf("got %+v, %v\nwant %+v", id, err, want)
	}
	s.Chat = true
	if id, err := adapter(t, Config{BaseURL: s.URL}).Identity(t.Context()); err != nil || len(id.Warnings) != 1 {
		t.Errorf("a chat model: %+v, %v", id, err)
	}
	_, err = adapter(t, Config{BaseURL: s.URL, Model: "nothing"}).Identity(t.Context())
	if failed := (*llm.Error)(nil); !errors.As(err, &failed) || failed.Kind != llm.NotFound || !strings.Contains(err.Error(), "ollama pull nothing") {
		t.Errorf("an unknown model: %v", err)
	}
	s.Die()
	_, err = adapter(t, Config{BaseURL: s.URL}).Identity(t.Context())
	if failed := (*llm.Error)(nil); !errors.As(err, &failed) || failed.Kind != llm.Unavailable {
		t.Errorf("no server: %v", err)
	}
}

func TestWhatIsAsked(t *testing.T) {
	s := llmtest.Serve(t)
	e := adapter(t, Config{BaseURL: s.URL, Dimensions: 8, KeepAlive: time.Minute, Options: map[string]any{"num_thread": 1}})
	vectors, err := e.Embed(t.Context(), []string{"a"})
	if err != nil || len(vectors[0]) != 8 {
		t.Fatal(vectors, err)
	}
	_, bodies := s.Asked()
	want := `{"model":"words","input":["a"],"keep_alive":"1m0s","truncate":false,"dimensions":8,"options":{"num_thread":1}}`
	if bodies[0] != want {
		t.Errorf("got  %s\nwant %s", bodies[0], want)
	}
}

// What Ollama calls the caller's fault, but is not.
func TestKindsOfBadRequests(t *testing.T) {
	for message, want := range map[string]llm.Kind{
		"do embedding request: Post \\\"http://127.0.0.1:1/embedding\\\": EOF": llm.Server,
		"embedding contains NaN or Inf values":                                 llm.NotFinite,
		"invalid input type":                                                   llm.Refused,
	} {
		s := llmtest.Serve(t)
		s.Next(llmtest.Fault{Status: 400, Body: `{"error":"` + message + `"}`})
		_, err := adapter(t, Config{BaseURL: s.URL}).Embed(t.Context(), []string{"a"})
		if failed := (*llm.Error)(nil); !errors.As(err, &failed) || failed.Kind != want {
			t.Errorf("%s: got %v, want %s", message, err, want)
		}
	}
}

// A text that is too long is found among others, cut, and counted.
func TestTruncation(t *testing.T) {
	long := llmtest.Fault{Status: 400, Body: `{"error":"the input length exceeds the context length"}`}
	right := llmtest.Fault{}
	texts := []string{"a", "b", "c", "d"}

	s := llmtest.Serve(t)
	s.Next(long, right, long, long, right) // all; a, b; c, d; c; c to be cut; d
	vectors, usage, err := adapter(t, Config{BaseURL: s.URL}).EmbedUsage(t.Context(), texts)
	if err != nil || !slices.Equal(usage.Truncated, []int{2}) || s.Calls() != 6 || usage.Tokens != 12 {
		t.Errorf("%+v, %d calls, %v", usage, s.Calls(), err)
	}
	for n, text := range texts {
		if !slices.Equal(vectors[n], llmtest.Vector(text, s.Dimension)) {
			t.Errorf("%s has the vector of another", text)
		}
	}
	_, bodies := s.Asked()
	if !strings.Contains(bodies[4], `"input":["c"],"truncate":true`) {
		t.Errorf("asked for %s", bodies[4])
	}

	s = llmtest.Serve(t)
	s.Next(long)
	_, err = adapter(t, Config{BaseURL: s.URL, Strict: true}).Embed(t.Context(), texts)
	if failed := (*llm.Error)(nil); !errors.As(err, &failed) || failed.Kind != llm.TooLong || s.Calls() != 1 {
		t.Errorf("strict: %v, %d calls", err, s.Calls())
	}
}

func TestConfig(t *testing.T) {
	t.Setenv("OLLAMA_HOST", "10.1.2.3:99")
	e, err := New(Config{Model: "m"})
	if err != nil || e.base.String() != "http://10.1.2.3:99" {
		t.Errorf("%v, %v", e, err)
	}
	if _, err := New(Config{}); err == nil {
		t.Error("no model is needed")
	}
	if _, err := New(Config{Model: "m", BaseURL: "nonsense"}); err == nil {
		t.Error("any address will do")
	}
}
