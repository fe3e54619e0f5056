package suite

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"llm4rec/bench"
	"llm4rec/data/datatest"
	"llm4rec/gpu"
	"llm4rec/llm"
	"llm4rec/llm/agent"
	"llm4rec/llm/cassette"
	"llm4rec/llm/llmtest"
	"llm4rec/llm/serve"
)

// BenchmarkServe holds a hundred conversations at a time with an agent over HTTP, whose model is a server with answers of half a
// second: two a turn, a filter and a recommendation. Reported is what a turn takes beside them, of which calling the model over
// HTTP, tools and retrieval are a part.
//
//	go test -bench Serve -count 6 ./bench/suite
func BenchmarkServe(b *testing.B) {
	datatest.Open(b, "ml-100k")
	d, _, err := OpenDataset(b.Context(), "ml-100k", DatasetOptions{Dirs: []string{datatest.Folder()}})
	if err != nil {
		b.Fatal(err)
	}
	const conversations, turns = 100, 4
	model := llmtest.Serve(b)
	model.Chat, model.Delay = true, 500*time.Millisecond
	model.Answer = func(r llm.Request) llm.Response {
		out := llm.Response{Finish: llm.Stop, Text: "Action: recommend\nArguments: {\"best\": 10}", PromptTokens: 500, OutputTokens: 20}
		if last := r.Messages[len(r.Messages)-1].Content; !strings.Contains(last, "candidates now") {
			out.Text = "Action: retrieve\nArguments: {\"with\": \"itemknn\"}"
		}
		return out
	}
	calls := &Calls{Mode: cassette.Live, Parallel: conversations, Log: slog.New(slog.DiscardHandler)}
	s := smallSuite(d, Models(calls))
	spec, err := bench.Source{Name: "served", Text: fmt.Appendf(nil, `
name: served
dataset: small
metrics: [ndcg@10]
systems:
  - {name: react, model: agent, params: {planner: react, calling: text, model: words, base_url: %q, reflections: 0}}
`, model.URL)}.Parse()
	if err != nil {
		b.Fatal(err)
	}
	plan, issues := s.Resolve(spec)
	if len(issues) > 0 {
		b.Fatal(issues)
	}
	r := &bench.Runner{Suite: s, Device: gpu.CPU(), Log: slog.New(slog.DiscardHandler)}
	a, err := r.Asked(b.Context(), plan, plan.Cells[0])
	if err != nil {
		b.Fatal(err)
	}
	host, err := OpenAgent(b.Context(), a, bench.Env{Seed: 1, Device: gpu.CPU(), Progress: func(int, int, string) {}}, agent.InMemory())
	if err != nil {
		b.Fatal(err)
	}
	c := serve.Config{Limits: serve.DefaultLimits(), Log: slog.New(slog.DiscardHandler), Visitors: func(name string) (agent.Visitor, bool) { return VisitorOf(a, name) }}
	c.Limits.Rate = 0
	server, err := serve.New(host, c)
	if err != nil {
		b.Fatal(err)
	}
	front := httptest.NewServer(server)
	defer front.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: conversations}}
	defer client.CloseIdleConnections()
	var mu sync.Mutex
	var shares []float64
	for b.Loop() {
		var all sync.WaitGroup
		for n := range conversations {
			all.Go(func() {
				time.Sleep(time.Duration(n) * 2 * model.Delay / conversations) // people do not speak in the same instant
				for k := range turns {
					body := fmt.Sprintf(`{"model":"llm4rec","user":%q,"metadata":{"session":"%d-%d"},"messages":[{"role":"user","content":"number %d"}]}`, a.Users[n], n, len(shares), k)
					begin := time.Now()
					resp, err := client.Post(front.URL+"/v1/chat/completions", "application/json", strings.NewReader(body))
					if err != nil {
						b.Error(err)
						return
					}
					text, err := io.ReadAll(resp.Body)
					_ = resp.Body.Close()
					wall := time.Since(begin)
					var got struct {
						Extension struct {
							End   string `json:"end"`
							Usage struct {
								Calls int     `json:"calls"`
								Model float64 `json:"model_seconds"`
							} `json:"usage"`
						} `json:"llm4rec"`
					}
					if err == nil {
						err = json.Unmarshal(text, &got)
					}
					if x := got.Extension; err != nil || x.End != string(agent.Recommended) || x.Usage.Calls != 2 {
						b.Errorf("%v: %s", err, text)
						return
					}
					mu.Lock()
					shares = append(shares, 1000*(wall-2*model.Delay).Seconds())
					mu.Unlock()
				}
			})
		}
		all.Wait()
	}
	slices.Sort(shares)
	if len(shares) == 0 {
		return
	}
	b.ReportMetric(shares[len(shares)/2], "ms-added-p50/turn")
	b.ReportMetric(shares[len(shares)*95/100], "ms-added-p95/turn")
	b.ReportMetric(0, "ns/op")
}
