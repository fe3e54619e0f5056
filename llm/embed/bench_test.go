package embed_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"llm4rec/llm/embed"
	"llm4rec/llm/llmtest"
)

// steady is a server that works on so many calls at a time, each for the same time; the others wait. It knows how long
// its places were taken.
type steady struct {
	places  chan struct{}
	latency time.Duration
	answer  []byte // to every call, which all have the same number of texts

	mu         sync.Mutex
	begin, end time.Time // of the first call's work and the last one's
	worked     time.Duration
}

func (s *steady) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	switch r.URL.Path {
	case "/api/tags":
		io.WriteString(w, `{"models":[{"name":"steady:latest","digest":"1"}]}`)
	case "/api/show":
		io.WriteString(w, `{"capabilities":["embedding"]}`)
	case "/api/embed":
		io.Copy(io.Discard, r.Body)
		s.places <- struct{}{}
		begin := time.Now()
		time.Sleep(s.latency)
		end := time.Now()
		<-s.places
		s.mu.Lock()
		if s.begin.IsZero() || begin.Before(s.begin) {
			s.begin = begin
		}
		if end.After(s.end) {
			s.end = end
		}
		s.worked += end.Sub(begin)
		s.mu.Unlock()
		w.Write(s.answer)
	}
}

// BenchmarkFixedLatency embeds texts, into a cache, at a server of fixed latency. It reports the share of the time for
// which the server's places were taken, and what a text took beyond the time that the server needs.
func BenchmarkFixedLatency(b *testing.B) {
	const (
		latency   = 50 * time.Millisecond
		batch     = 32
		dimension = 384
		rounds    = 40
	)
	for _, parallel := range []int{1, 2, 4, 8} {
		b.Run("parallel="+string(rune('0'+parallel)), func(b *testing.B) {
			vectors := make([][]float32, batch)
			for n, text := range titles(batch) {
				vectors[n] = llmtest.Vector(text, dimension)
			}
			answer, err := json.Marshal(map[string]any{"model": "steady", "embeddings": vectors})
			if err != nil {
				b.Fatal(err)
			}
			calls := rounds * parallel
			var busy, added float64
			for b.Loop() {
				s := &steady{places: make(chan struct{}, parallel), latency: latency, answer: bytes.TrimSpace(answer)}
				server := httptest.NewServer(s)
				e := &embed.Batcher{
					Embedder: client(b, server.URL, "steady"), Cache: &embed.Cache{Dir: b.TempDir()},
					Batch: batch, Parallel: parallel, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
				}
				begin := time.Now()
				_, report, err := e.Run(b.Context(), titles(batch*calls))
				took := time.Since(begin)
				server.Close()
				if err != nil || report.Embedded != batch*calls {
					b.Fatalf("%+v, %v", report, err)
				}
				busy += s.worked.Seconds() / (s.end.Sub(s.begin).Seconds() * float64(parallel))
				added += (took - rounds*latency).Seconds() * 1000 / float64(batch*calls)
			}
			b.ReportMetric(busy/float64(b.N), "busy")
			b.ReportMetric(added/float64(b.N), "ms-added/text")
			b.ReportMetric(0, "ns/op")
		})
	}
}
