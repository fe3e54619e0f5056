package ollama

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"llm4rec/llm"
	"llm4rec/llm/ollama/ollamatest"
	"llm4rec/llm/ollama/tiny"
)

var museum = []string{"the city museum opens", "city museum opens early", "hospital budget storm"}

func cosine(a, b []float32) float64 {
	var ab, aa, bb float64
	for n := range a {
		ab += float64(a[n]) * float64(b[n])
		aa += float64(a[n]) * float64(a[n])
		bb += float64(b[n]) * float64(b[n])
	}
	return ab / math.Sqrt(aa*bb)
}

func TestRealOllama(t *testing.T) {
	s := ollamatest.Start(t)
	s.Model("tiny", tiny.BERT(1, 64, museum))
	tinyBERT := func(t *testing.T, c Config) *Embedder {
		t.Helper()
		c.BaseURL = s.URL
		if c.Model == "" {
			c.Model = "tiny"
		}
		return adapter(t, c)
	}

	t.Run("words", func(t *testing.T) {
		vectors, usage, err := tinyBERT(t, Config{}).EmbedUsage(t.Context(), museum)
		if err != nil || len(vectors) != 3 || len(vectors[0]) != 64 {
			t.Fatal(len(vectors), err)
		}
		near, far := cosine(vectors[0], vectors[1]), cosine(vectors[0], vectors[2])
		if near < far+.2 {
			t.Errorf("texts that share words have cosine %.2f, others %.2f", near, far)
		}
		if usage.Tokens != 6+6+5 { // a token for each word, and two ends
			t.Errorf("%d tokens", usage.Tokens)
		}
	})
	t.Run("dimensions", func(t *testing.T) {
		vectors, err := tinyBERT(t, Config{Dimensions: 16}).Embed(t.Context(), museum)
		if err != nil || len(vectors[0]) != 16 {
			t.Fatal(vectors, err)
		}
		if norm := cosine(vectors[0], vectors[0]); math.Abs(norm-1) > 1e-4 {
			t.Errorf("length %v", norm)
		}
	})
	t.Run("identity", func(t *testing.T) {
		e := tinyBERT(t, Config{})
		first, err := e.Identity(t.Context())
		if err != nil || first.Digest == "" || len(first.Warnings) > 0 {
			t.Fatalf("%+v, %v", first, err)
		}
		again, err := e.Identity(t.Context())
		if err != nil || again.Key() != first.Key() {
			t.Errorf("%+v, %v", again, err)
		}
		s.Model("changing", tiny.BERT(1, 64, museum))
		before, err := tinyBERT(t, Config{Model: "changing"}).Identity(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		s.Model("changing", tiny.BERT(2, 64, museum))
		after, err := tinyBERT(t, Config{Model: "changing:latest"}).Identity(t.Context())
		if err != nil || after.Digest == before.Digest {
			t.Errorf("the digest of a model that has changed: %s, %s, %v", before.Digest, after.Digest, err)
		}
	})
	t.Run("unknown model", func(t *testing.T) {
		e := tinyBERT(t, Config{Model: "nothing"})
		_, embedding := e.Embed(t.Context(), museum)
		_, identity := e.Identity(t.Context())
		for _, err := range []error{embedding, identity} {
			if failed := (*llm.Error)(nil); !errors.As(err, &failed) || failed.Kind != llm.NotFound {
				t.Errorf("got %v", err)
			}
		}
	})
	t.Run("too long", func(t *testing.T) {
		long := strings.Repeat("city ", 2*tiny.Window)
		texts := []string{museum[0], museum[1], long, museum[2]}
		vectors, usage, err := tinyBERT(t, Config{}).EmbedUsage(t.Context(), texts)
		if err != nil || len(vectors) != 4 || !slices.Equal(usage.Truncated, []int{2}) || usage.Window != tiny.Window {
			t.Fatalf("%d vectors, cut %v, %v", len(vectors), usage.Truncated, err)
		}
		_, err = tinyBERT(t, Config{Strict: true}).Embed(t.Context(), texts)
		if failed := (*llm.Error)(nil); !errors.As(err, &failed) || failed.Kind != llm.TooLong {
			t.Errorf("strict: %v", err)
		}
	})
	t.Run("killed", func(t *testing.T) {
		e := tinyBERT(t, Config{})
		s.Kill()
		_, err := e.Embed(t.Context(), museum)
		if failed := (*llm.Error)(nil); !errors.As(err, &failed) || failed.Kind != llm.Unavailable {
			t.Errorf("got %v", err)
		}
		s.Rise()
		if _, err := e.Embed(t.Context(), museum); err != nil {
			t.Errorf("back again: %v", err)
		}
	})
}
