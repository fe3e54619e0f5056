package gate_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"llm4rec/llm"
	"llm4rec/llm/cassette"
	"llm4rec/llm/gate"
)

// bench is a server that works on so many calls at a time, each for 40 to 60 ms, and knows for how long it did.
type bench struct {
	places chan struct{}

	mu      sync.Mutex
	calls   int
	working int
	busy    time.Duration // of all places together, until then
	then    time.Time
}

// change notes that a place is taken or given back.
func (s *bench) change(by int) (busy time.Duration, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now = time.Now()
	s.busy += time.Duration(s.working) * now.Sub(s.then)
	s.working, s.then = s.working+by, now
	return s.busy, now
}

func (s *bench) call() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	return s.calls
}

func (s *bench) Identity(context.Context) (llm.Identity, error) {
	return llm.Identity{Provider: "fake", Model: "m", Digest: "d"}, nil
}

func (s *bench) work() {
	s.places <- struct{}{}
	s.change(1)
	time.Sleep(40*time.Millisecond + time.Duration(s.call()*7919%20_000)*time.Microsecond)
	s.change(-1)
	<-s.places
}

func (s *bench) Generate(context.Context, llm.Request) (llm.Response, error) {
	s.work()
	return llm.Response{Text: "[3,1,2]", Finish: llm.Stop, PromptTokens: 700, OutputTokens: 60}, nil
}

func (s *bench) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	s.work()
	_, _ = io.WriteString(w, `{"text":"[3,1,2]","finish":"stop","prompt_tokens":700,"output_tokens":60,"wall":0}`)
}

// remote asks a bench over HTTP.
type remote struct {
	*bench
	url    string
	client *http.Client
}

func (c *remote) Generate(ctx context.Context, r llm.Request) (resp llm.Response, err error) {
	body, err := json.Marshal(r)
	if err != nil {
		return resp, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, strings.NewReader(string(body)))
	if err != nil {
		return resp, err
	}
	answer, err := c.client.Do(req)
	if err != nil {
		return resp, err
	}
	defer answer.Body.Close()
	return resp, json.NewDecoder(answer.Body).Decode(&resp)
}

// BenchmarkOverhead says what share of a server's time its places are empty while there is work, because of the gate, and of
// the cassette behind which answers of about 50 ms to prompts of 2 kB are recorded. As many calls again as it has places wait in its
// queue, as for embeddings, or none.
func BenchmarkOverhead(b *testing.B) {
	for _, wire := range []string{"memory", "http"} {
		for _, recorded := range []bool{false, true} {
			for _, waiting := range []bool{false, true} {
				for _, places := range []int{1, 8, 64} {
					b.Run(fmt.Sprintf("%s/recorded=%v/waiting=%v/%d", wire, recorded, waiting, places), func(b *testing.B) {
						overhead(b, wire == "http", recorded, waiting, places)
					})
				}
			}
		}
	}
}

func overhead(b *testing.B, wire, recorded, waiting bool, places int) {
	b.Helper()
	s := &bench{places: make(chan struct{}, places)}
	var chat llm.Chat = s
	if wire {
		server := httptest.NewServer(s)
		defer server.Close()
		client := llm.HTTPClient(nil)
		defer client.CloseIdleConnections()
		chat = &remote{s, server.URL, client}
	}
	parallel := places
	if waiting {
		parallel *= 2
	}
	g, err := gate.New(chat, gate.Config{Parallel: parallel, Budget: gate.NewBudget(1e12, 0)})
	if err != nil {
		b.Fatal(err)
	}
	chat = g
	if recorded {
		c, err := cassette.Open(cassette.Config{Path: filepath.Join(b.TempDir(), "x"), Mode: cassette.Record})
		if err != nil {
			b.Fatal(err)
		}
		defer func() {
			if err := c.Close(); err != nil {
				b.Error(err)
			}
		}()
		chat = c.Wrap(llm.Identity{Provider: "fake", Model: "m"}, chat)
	}
	text := strings.Repeat("Film, The (1995)\n", 2048/17)
	for b.Loop() {
		const rounds, warm = 60, 10
		todo := make(chan int)
		var all sync.WaitGroup
		for range 2 * parallel { // who prepares the next question while one is answered
			all.Go(func() {
				for n := range todo {
					r := llm.Request{Messages: []llm.Message{{Role: llm.User, Content: fmt.Sprintf("%d %d\n%s", b.N, n, text)}}, Replica: time.Now().UnixNano()}
					if _, err := chat.Generate(b.Context(), r); err != nil {
						b.Error(err)
					}
				}
			})
		}
		var from, to time.Duration
		var begin, end time.Time
		for n := range rounds * places {
			if n == warm*places {
				from, begin = s.change(0)
			}
			todo <- n
		}
		to, end = s.change(0) // before places are empty for want of work
		close(todo)
		all.Wait()
		b.ReportMetric(100*(1-float64(to-from)/float64(places)/float64(end.Sub(begin))), "%idle")
	}
	b.ReportMetric(0, "ns/op")
}
