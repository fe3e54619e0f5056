package ollama

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"llm4rec/llm"
	"llm4rec/llm/llmtest"
	"llm4rec/llm/ollama/ollamatest"
	"llm4rec/llm/ollama/tiny"
	"llm4rec/llm/openai"
)

func TestRealChat(t *testing.T) {
	s := ollamatest.Start(t, "OLLAMA_NUM_PARALLEL=4")
	answers := tiny.Learn("The city museum", "The hospital", "Storms")
	s.Model("random", tiny.Random(1, 4096))
	s.Model("bigrams", answers.Model(4096))
	s.Model("endless", tiny.Endless(1, 1<<16))
	model := func(t *testing.T, c ChatConfig) *Chat {
		t.Helper()
		c.BaseURL = s.URL
		if c.Model == "" {
			c.Model = "random"
		}
		if c.Options == nil {
			c.Options = map[string]any{"num_ctx": 1024}
		}
		return chat(t, c)
	}
	ask := llm.Request{Messages: []llm.Message{{Role: llm.User, Content: "Which is next?"}}, Temperature: 1, Seed: 1, MaxTokens: 200}

	t.Run("answer", func(t *testing.T) {
		for _, first := range []bool{false, true} {
			c := model(t, ChatConfig{FirstToken: first})
			a, err := c.Generate(t.Context(), ask)
			if err != nil || a.Text == "" || a.PromptTokens == 0 || a.OutputTokens == 0 || a.Load <= 0 || a.Prefill <= 0 || a.Decode <= 0 || a.Wall < a.Decode || (a.FirstToken > 0) != first {
				t.Errorf("%+v, %v", a, err)
			}
			again, err := c.Generate(t.Context(), ask)
			if err != nil || again.Text != a.Text {
				t.Errorf("%q, then %q, %v", a.Text, again.Text, err)
			}
			other := ask
			other.Messages = []llm.Message{{Role: llm.User, Content: "Which is last?"}}
			if b, err := c.Generate(t.Context(), other); err != nil || b.Text == a.Text {
				t.Errorf("another question has the answer %q, %v", b.Text, err)
			}
		}
	})
	t.Run("identity", func(t *testing.T) {
		id, err := model(t, ChatConfig{}).Identity(t.Context())
		if err != nil || id.Digest == "" || !id.Test || id.Options["num_ctx"] != "1024" {
			t.Errorf("%+v, %v", id, err)
		}
		s.Model("bert", tiny.BERT(1, 64, museum))
		id, err = model(t, ChatConfig{Model: "bert"}).Identity(t.Context())
		if failed := (*llm.Error)(nil); !errors.As(err, &failed) || failed.Kind != llm.Refused {
			t.Errorf("an embedding model: %+v, %v", id, err)
		}
		if _, err := model(t, ChatConfig{Model: "bert"}).Generate(t.Context(), ask); !errors.As(err, new(*llm.Error)) {
			t.Errorf("an embedding model: %v", err)
		}
	})
	t.Run("structured", func(t *testing.T) {
		r := ask
		r.MaxTokens = 500
		r.Schema = json.RawMessage(`{"type":"object","properties":{"ranking":{"type":"array","items":{"type":"integer","minimum":1,"maximum":20},"minItems":20,"maxItems":20},"why":{"type":"string","maxLength":20}},"required":["ranking","why"]}`)
		for _, name := range []string{"random", "bigrams"} {
			a, err := model(t, ChatConfig{Model: name}).Generate(t.Context(), r)
			var got struct {
				Ranking []int
				Why     *string
			}
			if err != nil || a.Finish != llm.Stop || json.Unmarshal([]byte(a.Text), &got) != nil || len(got.Ranking) != 20 || got.Why == nil {
				t.Errorf("%s: %+v, %v", name, a, err)
			}
		}
	})
	t.Run("log-probabilities", func(t *testing.T) {
		r := ask
		r.TopLogprobs = 3
		a, err := model(t, ChatConfig{Model: "bigrams"}).Generate(t.Context(), r)
		if err != nil || len(a.Tokens) == 0 {
			t.Fatalf("%+v, %v", a, err)
		}
		last := byte('\n')
		for n, token := range a.Tokens {
			if len(token.Text) != 1 { // the end
				continue
			}
			if want := math.Log(answers[last][token.Text[0]]); math.Abs(token.Logprob-want) > .05 || len(token.Top) != 3 || token.Top[0].Logprob < token.Logprob-1e-6 {
				t.Errorf("token %d, %q after %q: %+v, want %.3f", n, token.Text, last, token, want)
			}
			last = token.Text[0]
		}
	})
	t.Run("one seed, many at once", func(t *testing.T) {
		c := model(t, ChatConfig{})
		want, err := c.Generate(t.Context(), ask)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				if a, err := c.Generate(t.Context(), ask); err != nil || a.Text != want.Text {
					t.Errorf("got %q, %v\nwant %q", a.Text, err, want.Text)
				}
			})
		}
		wg.Wait()
	})
	t.Run("a model without tools", func(t *testing.T) {
		for _, first := range []bool{false, true} {
			r := llmtest.Tools()
			_, err := model(t, ChatConfig{FirstToken: first}).Generate(t.Context(), r)
			if failed := (*llm.Error)(nil); !errors.As(err, &failed) || failed.Kind != llm.NoTools {
				t.Errorf("got %v", err)
			}
		}
	})
	t.Run("a model with tools", func(t *testing.T) {
		s.ToolModel("tools", tiny.Random(2, 4096))
		for _, first := range []bool{false, true} {
			c := model(t, ChatConfig{Model: "tools", FirstToken: first, Options: map[string]any{"num_ctx": 2048}})
			r := llmtest.Tools()
			r.MaxTokens = 20
			with, err := c.Generate(t.Context(), r)
			if err != nil || with.OutputTokens == 0 {
				t.Fatalf("%+v, %v", with, err)
			}
			r.Tools = nil
			without, err := c.Generate(t.Context(), r)
			if err != nil || with.PromptTokens < without.PromptTokens+100 {
				t.Errorf("%d tokens with tools, %d without, %v", with.PromptTokens, without.PromptTokens, err)
			}
		}
	})
	t.Run("unknown model", func(t *testing.T) {
		c := model(t, ChatConfig{Model: "nothing"})
		_, answer := c.Generate(t.Context(), ask)
		_, identity := c.Identity(t.Context())
		for _, err := range []error{answer, identity} {
			if failed := (*llm.Error)(nil); !errors.As(err, &failed) || failed.Kind != llm.NotFound {
				t.Errorf("got %v", err)
			}
		}
	})
	t.Run("past the window", func(t *testing.T) {
		long := ask
		long.Messages = []llm.Message{{Role: llm.System, Content: "Be brief."}, {Role: llm.User, Content: strings.Repeat("city ", 300)}}
		for _, first := range []bool{false, true} {
			c := model(t, ChatConfig{FirstToken: first})
			_, err := c.Generate(t.Context(), long)
			if failed := (*llm.Error)(nil); !errors.As(err, &failed) || failed.Kind != llm.TooLong {
				t.Errorf("a prompt: %v", err)
			}
			endless := ask
			endless.MaxTokens = 0
			a, err := model(t, ChatConfig{Model: "endless", FirstToken: first}).Generate(t.Context(), endless)
			if err != nil || a.Finish != llm.Length || a.PromptTokens+a.OutputTokens > 1025 {
				t.Errorf("an answer: %+v, %v", a, err)
			}
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		c := model(t, ChatConfig{Model: "endless", Options: map[string]any{"num_ctx": 1 << 15}})
		endless := ask
		endless.MaxTokens = 1 << 15
		var wg sync.WaitGroup
		for range 4 { // all that the server does at a time
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				_, err := c.Generate(ctx, endless)
				if failed := (*llm.Error)(nil); !errors.As(err, &failed) || failed.Kind != llm.Timeout {
					t.Errorf("got %v", err)
				}
			})
		}
		wg.Wait()
		// The server works on another question only if it has left those.
		brief := ask
		brief.MaxTokens = 5
		if a, err := c.Generate(t.Context(), brief); err != nil || a.Wall > 2*time.Second {
			t.Errorf("%+v, %v", a, err)
		}
	})
	t.Run("through OpenAI's interface", func(t *testing.T) {
		c, err := openai.NewChat(openai.ChatConfig{BaseURL: s.URL + "/v1", Model: "bigrams", KeyVariable: "LLM4REC_TEST_NO_KEY", HTTP: llmtest.Client(t)})
		if err != nil {
			t.Fatal(err)
		}
		r := ask
		r.TopLogprobs = 2
		r.Schema = json.RawMessage(`{"type":"object","properties":{"best":{"type":"integer","minimum":1,"maximum":20}},"required":["best"],"additionalProperties":false}`)
		a, err := c.Generate(t.Context(), r)
		if err != nil || !json.Valid([]byte(a.Text)) || a.Finish != llm.Stop || a.PromptTokens == 0 || a.OutputTokens == 0 || len(a.Tokens) == 0 {
			t.Errorf("%+v, %v", a, err)
		}
	})
	t.Run("killed", func(t *testing.T) {
		endless := ask
		endless.MaxTokens = 1 << 15
		for name, test := range map[string]struct {
			kill func()
			kind llm.Kind
		}{
			"runner": {s.KillRunners, llm.Server},
			"server": {s.Kill, llm.Unavailable},
		} {
			for _, first := range []bool{false, true} {
				c := model(t, ChatConfig{Model: "endless", FirstToken: first, Options: map[string]any{"num_ctx": 1 << 15}})
				if _, err := c.Generate(t.Context(), llm.Request{Messages: ask.Messages, MaxTokens: 1}); err != nil { // it is loaded
					t.Fatal(err)
				}
				failed := make(chan error, 1)
				go func() {
					_, err := c.Generate(t.Context(), endless)
					failed <- err
				}()
				time.Sleep(300 * time.Millisecond)
				test.kill()
				err := <-failed
				if typed := (*llm.Error)(nil); !errors.As(err, &typed) || typed.Kind != test.kind {
					t.Errorf("%s, streamed %v: %v, want %s", name, first, err, test.kind)
				}
				if name == "server" {
					s.Rise()
				}
				if _, err := c.Generate(t.Context(), llm.Request{Messages: ask.Messages, MaxTokens: 1}); err != nil {
					t.Errorf("%s: back again: %v", name, err)
				}
			}
		}
	})
}
