package llmtest

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"llm4rec/llm"
)

// Embedder runs the tests that every adapter has to pass. The function makes an adapter that calls the server's Model.
func Embedder(t *testing.T, adapter func(t *testing.T, s *Server) llm.UsageEmbedder) {
	t.Helper()
	texts := []string{"a city museum", "the city museum", "storms"}

	t.Run("vectors", func(t *testing.T) {
		s := Serve(t)
		vectors, usage, err := adapter(t, s).EmbedUsage(t.Context(), texts)
		if err != nil || len(vectors) != len(texts) {
			t.Fatal(len(vectors), err)
		}
		for n, text := range texts {
			for i, want := range Vector(text, s.Dimension) {
				if got := vectors[n][i]; math.Abs(float64(got-want)) > 1e-6 {
					t.Fatalf("%q: number %d is %v, want %v", text, i, got, want)
				}
			}
		}
		if usage.Tokens != 9 {
			t.Errorf("%d tokens, want 9", usage.Tokens)
		}
	})
	t.Run("no texts", func(t *testing.T) {
		s := Serve(t)
		if vectors, err := adapter(t, s).Embed(t.Context(), nil); len(vectors) != 0 || err != nil || s.Calls() != 0 {
			t.Errorf("%v, %v, %d calls", vectors, err, s.Calls())
		}
	})
	for _, bad := range Misbehaviours() {
		t.Run(bad.Name, func(t *testing.T) {
			s := Serve(t)
			s.Next(bad.Fault)
			e := adapter(t, s)
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			if bad.Kind == llm.Timeout {
				ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
			}
			defer cancel()
			vectors, err := e.Embed(ctx, texts)
			failed := (*llm.Error)(nil)
			if !errors.As(err, &failed) || failed.Kind != bad.Kind || failed.RetryAfter != bad.Waits || failed.Provider == "" || vectors != nil {
				t.Fatalf("got %v (%+v), want %s", err, failed, bad.Kind)
			}
			if s.Calls() != 1 {
				t.Errorf("%d calls: repeating them is not the adapter's business", s.Calls())
			}
			s.Rise()
			if _, err := e.Embed(t.Context(), texts); err != nil {
				t.Errorf("the next call: %v", err)
			}
		})
	}
	t.Run("absent", func(t *testing.T) {
		s := Serve(t)
		e := adapter(t, s)
		s.Die()
		_, err := e.Embed(t.Context(), texts)
		if failed := (*llm.Error)(nil); !errors.As(err, &failed) || failed.Kind != llm.Unavailable || failed.Status != 0 {
			t.Errorf("got %v", err)
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		s := Serve(t)
		s.Delay = Slow
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(20*time.Millisecond, cancel)
		if _, err := adapter(t, s).Embed(ctx, texts); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}
