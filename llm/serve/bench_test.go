package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"llm4rec/llm/agent"
)

// BenchmarkConversations holds a hundred conversations at a time over the network, with a model that takes 50 ms a turn, each with
// a client that repeats all that was said. An operation is a turn. Reported are the harness's own share of a turn as the server
// sees it (its metrics), and all that a client waits beside the model, its own work and the network's among it: client and server
// have the same cores.
//
//	go test -bench Conversations -benchtime 20000x -count 6 ./llm/serve
func BenchmarkConversations(b *testing.B) {
	for _, mode := range []struct{ name, fields string }{{"whole", ""}, {"stream", `,"stream":true`}} {
		b.Run(mode.name, func(b *testing.B) {
			const conversations, took, turns = 100, 50 * time.Millisecond, 8
			host := script(func(ctx context.Context, v agent.Visitor, said []string) (agent.Turn, error) {
				begin := time.Now()
				time.Sleep(took)
				slept := time.Since(begin) // a timer is late where the cores are busy: that is the model's too
				return agent.Turn{
					Text: strings.Repeat("How about this film, which you may like? ", 10), Items: []int32{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, End: "recommended",
					Usage: agent.Usage{Calls: 1, PromptTokens: 100, OutputTokens: 100, Wall: slept, Model: slept},
				}, nil
			})
			s := newServer(b, host, config())
			base, _ := start(b, s)
			client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: conversations}}
			defer client.CloseIdleConnections()
			// A stream's text is the same, so its client repeats what it knows.
			text := plain(strings.Repeat("How about this film, which you may like? ", 10))
			var mu sync.Mutex
			var waits []float64
			var left atomic.Int64
			left.Store(int64(b.N))
			var all sync.WaitGroup
			b.ResetTimer()
			for range conversations {
				all.Go(func() {
					var said []string
					for left.Add(-1) >= 0 {
						if len(said) == 2*turns {
							said = nil
						}
						said = append(said, "Another one, please.")
						begin := time.Now()
						r, err := client.Post(base+"/v1/chat/completions", "application/json", strings.NewReader(with(mode.fields, said...)))
						if err != nil {
							b.Error(err)
							return
						}
						body, err := io.ReadAll(r.Body)
						r.Body.Close()
						wait := time.Since(begin) - took
						if err != nil || r.StatusCode != http.StatusOK || !bytes.Contains(body, []byte(`"replayed":0`)) {
							b.Errorf("%d %s %v", r.StatusCode, body, err)
							return
						}
						said = append(said, text)
						mu.Lock()
						waits = append(waits, wait.Seconds()*1000)
						mu.Unlock()
					}
				})
			}
			all.Wait()
			b.StopTimer()
			slices.Sort(waits)
			b.ReportMetric(s.metrics.share.sum*1000/float64(s.metrics.share.counts[len(s.metrics.share.bounds)]), "share-ms/turn")
			b.ReportMetric(100*float64(s.metrics.share.counts[slices.Index(s.metrics.share.bounds, .005)])/float64(len(waits)), "%under-5ms")
			b.ReportMetric(waits[len(waits)/2], "client-p50-ms")
			b.ReportMetric(waits[len(waits)*99/100], "client-p99-ms")
		})
	}
}

// BenchmarkTurn is a turn without a network, of a conversation with some history: what the server itself computes.
func BenchmarkTurn(b *testing.B) {
	s := newServer(b, script(func(context.Context, agent.Visitor, []string) (agent.Turn, error) {
		return agent.Turn{Text: "b", Items: []int32{1, 2, 3}}, nil
	}), config())
	said := []string{}
	for b.Loop() {
		if len(said) == 16 {
			said = said[:0]
		}
		said = append(said, "a")
		if got := call(b, s, request(b.Context(), messages(said...))); got.Status != 200 || got.Extension.Replayed != 0 {
			b.Fatal(got.Body)
		}
		said = append(said, "b")
	}
}

// BenchmarkDecode reads a body of the largest size.
func BenchmarkDecode(b *testing.B) {
	l := DefaultLimits()
	var said []string
	for n := range 127 {
		said = append(said, strings.Repeat("words ", 1300)+string(rune('a'+n%26)))
	}
	body := []byte(messages(said...))
	if int64(len(body)) > l.Body || !json.Valid(body) {
		b.Fatal(len(body))
	}
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, failed := decode(body, l); failed != nil {
			b.Fatal(failed)
		}
	}
}
