package embed_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"llm4rec/llm"
	"llm4rec/llm/embed"
	"llm4rec/llm/llmtest"
	"llm4rec/llm/ollama/ollamatest"
	"llm4rec/llm/ollama/tiny"
)

// A real server that is killed in the middle of a run: the run says so, and another one goes on where it stopped. A model
// that has changed under its name has vectors of its own.
func TestRealOllama(t *testing.T) {
	s := ollamatest.Start(t)
	texts := titles(200)
	s.Model("tiny", tiny.BERT(1, 32, texts))
	b := batcher(t, &llmtest.Server{URL: s.URL})
	b.Embedder = client(t, s.URL, "tiny")
	b.Progress = func(r embed.Report) {
		if r.Embedded >= 40 {
			s.Kill()
		}
	}
	_, report, err := b.Run(t.Context(), texts)
	incomplete, failed := (*embed.IncompleteError)(nil), (*llm.Error)(nil)
	if !errors.As(err, &incomplete) || !errors.As(err, &failed) || report.Failed[llm.Unavailable] == 0 || report.Embedded < 40 || report.Lacking() == 0 {
		t.Fatalf("%+v, %v", report, err)
	}
	s.Rise()
	b.Progress = nil
	vectors, again, err := b.Run(t.Context(), texts)
	if err != nil || again.Cached != report.Embedded || again.Cached+again.Embedded != 200 || again.Dimension != 32 {
		t.Fatalf("%+v, %v", again, err)
	}
	b.Cache = nil
	fresh, _, err := b.Run(t.Context(), texts)
	if err != nil {
		t.Fatal(err)
	}
	for n := range texts {
		for i, x := range fresh[n] {
			if d := x - vectors[n][i]; d > 1e-3 || d < -1e-3 {
				t.Fatalf("text %d, number %d: %v, in the cache %v", n, i, x, vectors[n][i])
			}
		}
	}

	b.Cache = &embed.Cache{Dir: t.TempDir()}
	for _, test := range []struct {
		seed           uint64
		cached, embeds int
	}{{1, 0, 200}, {1, 200, 0}, {2, 0, 200}} {
		s.Model("tiny", tiny.BERT(test.seed, 32, texts))
		begin := time.Now()
		_, report, err := b.Run(t.Context(), texts)
		if err != nil || report.Cached != test.cached || report.Embedded != test.embeds {
			t.Errorf("the model of seed %d: %+v, %v", test.seed, report, err)
		}
		t.Logf("%d texts embedded in %v", report.Embedded, time.Since(begin).Round(time.Millisecond))
	}
}

// Of six texts one has twice as many tokens as the window: what of all of them that costs is known live and from the cache.
func TestTokensLost(t *testing.T) {
	s := ollamatest.Start(t)
	words := strings.Fields("art car day ear fog gun") // each a token, and of one length
	s.Model("tiny", tiny.BERT(1, 32, words))
	var texts []string
	for _, w := range words[:5] {
		texts = append(texts, strings.TrimSpace(strings.Repeat(w+" ", tiny.Window-2)))
	}
	texts = append(texts, strings.TrimSpace(strings.Repeat("gun ", 2*tiny.Window-2)))
	b := batcher(t, &llmtest.Server{URL: s.URL})
	b.Embedder = client(t, s.URL, "tiny")
	for _, from := range []string{"the server", "the cache"} {
		_, report, err := b.Run(t.Context(), texts)
		if err != nil || report.Truncated != 1 || math.Abs(report.Lost-1./7) > .01 {
			t.Errorf("from %s: %+v, %v; want 1 text cut and 1/7 of the tokens lost", from, report, err)
		}
	}
}
