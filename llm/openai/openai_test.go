package openai

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"llm4rec/llm"
	"llm4rec/llm/llmtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	key      = "sk-very-secret"
	variable = "LLM4REC_TEST_KEY"
)

func adapter(t *testing.T, c Config) *Embedder {
	t.Helper()
	t.Setenv(variable, key)
	if c.Model == "" {
		c.Model = llmtest.Model
	}
	if c.KeyVariable == "" {
		c.KeyVariable = variable
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
		return adapter(t, Config{BaseURL: s.URL + "/v1"})
	})
}

// The library takes all this from the environment, if it is let.
func TestTheEnvironmentIsNotRead(t *testing.T) {
	t.Setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/wrong")
	t.Setenv("OPENAI_API_KEY", "sk-wrong")
	t.Setenv("OPENAI_ORG_ID", "org-wrong")
	t.Setenv("OPENAI_PROJECT_ID", "project-wrong")
	t.Setenv("OPENAI_CUSTOM_HEADERS", "X-Wrong: wrong")
	s := llmtest.Serve(t)
	e := adapter(t, Config{BaseURL: s.URL + "/v1/", Dimensions: 8})
	vectors, err := e.Embed(t.Context(), []string{"a"})
	if err != nil || len(vectors[0]) != 8 {
		t.Fatal(vectors, err)
	}
	headers, bodies := s.Asked()
	if got := headers[0].Get("Authorization"); got != "Bearer "+key {
		t.Errorf("Authorization: %s", got)
	}
	for name, values := range headers[0] {
		if strings.Contains(strings.ToLower(fmt.Sprint(values)), "wrong") {
			t.Errorf("%s: %s", name, values)
		}
	}
	if want := `{"input":["a"],"model":"words","dimensions":8,"encoding_format":"float"}`; bodies[0] != want {
		t.Errorf("got  %s\nwant %s", bodies[0], want)
	}
}

func TestOrder(t *testing.T) {
	s := llmtest.Serve(t)
	s.Reverse = true
	texts := []string{"a", "b", "c"}
	vectors, err := adapter(t, Config{BaseURL: s.URL + "/v1"}).Embed(t.Context(), texts)
	if err != nil {
		t.Fatal(err)
	}
	for n, text := range texts {
		if !slices.Equal(vectors[n], llmtest.Vector(text, s.Dimension)) {
			t.Errorf("%s has the vector of another", text)
		}
	}
	for _, index := range []string{"0", "2", "-1"} { // of the second
		s.Next(llmtest.Fault{Body: `{"data":[{"index":0,"embedding":[1]},{"index":` + index + `,"embedding":[1]}]}`})
		_, err := adapter(t, Config{BaseURL: s.URL + "/v1"}).Embed(t.Context(), []string{"a", "b"})
		if failed := (*llm.Error)(nil); !errors.As(err, &failed) || failed.Kind != llm.Garbage {
			t.Errorf("index %s: %v", index, err)
		}
	}
}

// A service may repeat the key in its complaint.
func TestTheKeyIsNowhere(t *testing.T) {
	s := llmtest.Serve(t)
	e := adapter(t, Config{BaseURL: s.URL + "/v1"})
	id, err := e.Identity(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	secrets := []string{fmt.Sprintf("%+v", id), id.Key()}
	for _, bad := range append(llmtest.Misbehaviours(), llmtest.Misbehaviour{Fault: llmtest.Fault{Status: 401, Body: `{"error":{"message":"the key ` + key + ` is wrong"}}`}},
		llmtest.Misbehaviour{Fault: llmtest.Fault{Body: "your key is " + key}}) {
		if bad.Kind == llm.Timeout {
			continue
		}
		s.Rise()
		s.Next(bad.Fault)
		_, err := e.Embed(t.Context(), []string{"a"})
		if err == nil {
			t.Errorf("%s: no error", bad.Name)
			continue
		}
		for ; err != nil; err = errors.Unwrap(err) {
			secrets = append(secrets, err.Error(), fmt.Sprintf("%+v", err))
		}
	}
	for _, text := range secrets {
		if strings.Contains(text, key) {
			t.Errorf("the key is in %s", text)
		}
	}
}

func TestWithoutAKey(t *testing.T) {
	s := llmtest.Serve(t)
	e := adapter(t, Config{BaseURL: s.URL + "/v1", KeyVariable: "LLM4REC_TEST_NO_KEY"})
	if _, err := e.Embed(t.Context(), []string{"a"}); err != nil {
		t.Error(err)
	}
	if headers, _ := s.Asked(); headers[0].Get("Authorization") != "" {
		t.Errorf("Authorization: %s", headers[0].Get("Authorization"))
	}
	s.Next(llmtest.Fault{Status: 401, Body: `{"error":{"message":"who are you?"}}`})
	if _, err := e.Embed(t.Context(), []string{"a"}); err == nil || !strings.Contains(err.Error(), "LLM4REC_TEST_NO_KEY is empty") {
		t.Errorf("got %v", err)
	}
}

func TestConfig(t *testing.T) {
	e, err := New(Config{Model: "m"})
	if err != nil || e.base != DefaultBaseURL || e.keyName != DefaultKeyVariable {
		t.Errorf("%+v, %v", e, err)
	}
	if _, err := New(Config{}); err == nil {
		t.Error("no model is needed")
	}
	if _, err := New(Config{Model: "m", BaseURL: "https://me:secret@example.org"}); err == nil || strings.Contains(err.Error(), "secret@") {
		t.Errorf("got %v", err)
	}
}
