package llmtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"llm4rec/llm"
)

// Question is a request with all that a request may have.
func Question() llm.Request {
	return llm.Request{
		Messages:    []llm.Message{{Role: llm.System, Content: "Be brief."}, {Role: llm.User, Content: "the city museum"}},
		Schema:      json.RawMessage(`{"type":"string"}`),
		Temperature: 0.5, Seed: 11, MaxTokens: 100, TopLogprobs: 2,
	}
}

// Chat runs the tests that every adapter has to pass. The function makes an adapter that calls the server's Model.
func Chat(t *testing.T, adapter func(t *testing.T, s *Server) llm.Chat) {
	t.Helper()
	serve := func(t *testing.T) *Server {
		t.Helper()
		s := Serve(t)
		s.Chat = true
		return s
	}

	t.Run("answer", func(t *testing.T) {
		s := serve(t)
		var asked llm.Request
		s.Answer = func(r llm.Request) llm.Response {
			asked = r
			return Echo(r)
		}
		got, err := adapter(t, s).Generate(t.Context(), Question())
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(asked, Question()) {
			t.Errorf("the server was asked %+v\nwant %+v", asked, Question())
		}
		want := Echo(Question())
		if got.Text != want.Text || got.Finish != want.Finish || got.PromptTokens != want.PromptTokens || got.OutputTokens != want.OutputTokens || !reflect.DeepEqual(got.Tokens, want.Tokens) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
		if got.Wall <= 0 || got.FirstToken > got.Wall || got.Recorded {
			t.Errorf("%v until the first token, %v in all, recorded %v", got.FirstToken, got.Wall, got.Recorded)
		}
	})
	t.Run("little is asked", func(t *testing.T) {
		s := serve(t)
		var asked llm.Request
		s.Answer = func(r llm.Request) llm.Response {
			asked = r
			return Echo(r)
		}
		ask := llm.Request{Messages: []llm.Message{{Role: llm.User, Content: "museum"}}, Replica: 3}
		got, err := adapter(t, s).Generate(t.Context(), ask)
		ask.Replica = 0 // is not sent
		if err != nil || got.Text != "museum" || got.Tokens != nil || !reflect.DeepEqual(asked, ask) {
			t.Errorf("asked %+v, got %+v, %v", asked, got, err)
		}
	})
	t.Run("tools", func(t *testing.T) {
		s := serve(t)
		var asked llm.Request
		s.Answer = func(r llm.Request) llm.Response {
			asked = r
			return llm.Response{Text: "I look", Finish: llm.Stop, ToolCalls: wants(), OutputTokens: 9}
		}
		got, err := adapter(t, s).Generate(t.Context(), Tools())
		if err != nil || got.Text != "I look" || got.Finish != llm.Stop || !reflect.DeepEqual(got.ToolCalls, wants()) {
			t.Errorf("got %+v, %v", got, err)
		}
		want := Tools()
		for n := range want.Messages { // OpenAI's interface does not send it
			want.Messages[n].ToolName, asked.Messages[n].ToolName = "", ""
		}
		for n, tool := range asked.Tools { // nor are fields of a schema in one order
			var a, b any
			if json.Unmarshal(tool.Schema, &a) != nil || json.Unmarshal(want.Tools[n].Schema, &b) != nil || !reflect.DeepEqual(a, b) {
				t.Errorf("schema %s, want %s", tool.Schema, want.Tools[n].Schema)
			}
			asked.Tools[n].Schema = want.Tools[n].Schema
		}
		if !reflect.DeepEqual(asked, want) {
			t.Errorf("the server was asked %+v\nwant %+v", asked, want)
		}
		s.Answer = func(llm.Request) llm.Response { return llm.Response{Finish: llm.Stop, ToolCalls: wants()[:1]} }
		if got, err := adapter(t, s).Generate(t.Context(), Tools()); err != nil || got.Text != "" || !reflect.DeepEqual(got.ToolCalls, wants()[:1]) {
			t.Errorf("a call without a word: %+v, %v", got, err)
		}
	})
	t.Run("a model without tools", func(t *testing.T) {
		s := serve(t)
		s.NoTools = true
		c := adapter(t, s)
		_, err := c.Generate(t.Context(), Tools())
		if failed := (*llm.Error)(nil); !errors.As(err, &failed) || failed.Kind != llm.NoTools || failed.Temporary() {
			t.Errorf("got %v", err)
		}
		if _, err := c.Generate(t.Context(), Question()); err != nil {
			t.Errorf("without tools: %v", err)
		}
	})
	t.Run("cut by length", func(t *testing.T) {
		s := serve(t)
		s.Answer = func(llm.Request) llm.Response { return llm.Response{Text: "the", Finish: llm.Length} }
		if got, err := adapter(t, s).Generate(t.Context(), Question()); err != nil || got.Finish != llm.Length || got.Text != "the" {
			t.Errorf("%+v, %v", got, err)
		}
	})
	for _, bad := range ChatMisbehaviours() {
		t.Run(bad.Name, func(t *testing.T) {
			s := serve(t)
			s.Next(bad.Fault)
			c := adapter(t, s)
			patience := 30 * time.Second // of a machine that is busy
			if bad.Kind == llm.Timeout {
				patience = 50 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			got, err := c.Generate(ctx, Question())
			failed := (*llm.Error)(nil)
			if !errors.As(err, &failed) || failed.Kind != bad.Kind || failed.RetryAfter != bad.Waits || failed.Provider == "" || !reflect.ValueOf(got).IsZero() {
				t.Fatalf("got %v (%+v), want %s", err, failed, bad.Kind)
			}
			if len(err.Error()) > 500 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
			if s.Calls() != 1 {
				t.Errorf("%d calls: repeating them is not the adapter's business", s.Calls())
			}
			s.Rise()
			if _, err := c.Generate(t.Context(), Question()); err != nil {
				t.Errorf("the next call: %v", err)
			}
		})
	}
	// What a model says is the caller's to judge, also where it says nothing.
	t.Run("no text", func(t *testing.T) {
		s := serve(t)
		s.Next(Fault{Text: func(string) string { return "" }})
		if got, err := adapter(t, s).Generate(t.Context(), Question()); err != nil || got.Text != "" || got.Finish != llm.Stop {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("absent", func(t *testing.T) {
		s := serve(t)
		c := adapter(t, s)
		s.Die()
		_, err := c.Generate(t.Context(), Question())
		if failed := (*llm.Error)(nil); !errors.As(err, &failed) || failed.Kind != llm.Unavailable || failed.Status != 0 {
			t.Errorf("got %v", err)
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		for name, fault := range map[string]Fault{"before": {Delay: Slow}, "during": {Drip: 20 * time.Millisecond}} {
			s := serve(t)
			s.Next(fault)
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(50*time.Millisecond, cancel)
			if _, err := adapter(t, s).Generate(ctx, Question()); !errors.Is(err, context.Canceled) {
				t.Errorf("%s the answer: got %v", name, err)
			}
		}
	})
	t.Run("many at once", func(t *testing.T) {
		c := adapter(t, serve(t))
		var wg sync.WaitGroup
		for n := range 16 {
			wg.Go(func() {
				text := fmt.Sprintf("number %d", n)
				got, err := c.Generate(t.Context(), llm.Request{Messages: []llm.Message{{Role: llm.User, Content: text}}})
				if err != nil || got.Text != text {
					t.Errorf("%q: %q, %v", text, got.Text, err)
				}
			})
		}
		wg.Wait()
	})
}
