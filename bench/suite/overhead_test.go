package suite

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"llm4rec/bench"
	"llm4rec/data"
	"llm4rec/data/synthetic"
	"llm4rec/gpu"
	"llm4rec/llm"
	"llm4rec/llm/cassette"
	"llm4rec/llm/llmtest"
	"llm4rec/results"
)

// BenchmarkOverhead ranks through all of the harness, over HTTP and recording, against a server whose answers take half a second: idle is
// the share of its places that stood empty, by the server's own clock.
func BenchmarkOverhead(b *testing.B) {
	const latency = 500 * time.Millisecond
	for _, c := range []struct{ parallel, users int }{{1, 12}, {8, 160}, {64, 1920}} {
		b.Run(fmt.Sprintf("parallel=%d", c.parallel), func(b *testing.B) {
			small := synthetic.Default()
			small.Users, small.Items, small.Interactions = c.users, 200, 20*c.users
			d := synthetic.Generate(small)
			s := llmtest.Serve(b)
			s.Chat, s.Delay, s.Answer = true, latency, func(r llm.Request) llm.Response { return backwards(r) }
			log := slog.New(slog.NewTextHandler(io.Discard, nil))
			wall, asked, before := 0.0, 0, s.Busy()
			for b.Loop() {
				out := b.TempDir()
				calls := &Calls{Mode: cassette.Record, Cassette: filepath.Join(out, "answers.jsonl.gz"), Parallel: c.parallel, Log: log}
				suite := &bench.Suite{
					Models: Models(calls), Named: func(string) error { return nil },
					Open: func(context.Context, string) (*data.Dataset, error) { return d, nil },
				}
				spec, err := bench.Source{Name: "overhead", Text: fmt.Appendf(nil, "name: overhead\ndataset: small\nmetrics: [ndcg@10]\nsystems:\n  - {name: pop, model: popularity}\n  - {name: model, model: llm, after: [pop], params: {model: words, base_url: %q}}\n", s.URL)}.Parse()
				if err != nil {
					b.Fatal(err)
				}
				plan, issues := suite.Resolve(spec)
				if len(issues) > 0 {
					b.Fatal(issues)
				}
				r := &bench.Runner{Suite: suite, Device: gpu.CPU(), Out: out, Progress: quiet{}, Log: log}
				sum, err := r.Run(b.Context(), plan)
				if err != nil || sum.Failed > 0 {
					b.Fatal(sum, err)
				}
				if err := calls.Close(); err != nil {
					b.Fatal(err)
				}
				store, err := results.OpenRead(sum.Dir)
				if err != nil {
					b.Fatal(err)
				}
				records, _ := store.Records()
				rec := bySystem(records)["model"][0]
				wall += rec.Timing.RecommendWall
				asked += rec.LLM.Calls
			}
			busy := (s.Busy() - before).Seconds()
			b.ReportMetric(100*(1-busy/(float64(c.parallel)*wall)), "%idle")
			b.ReportMetric(1000*(wall*float64(c.parallel)-busy)/float64(asked), "ms-added/call")
			b.ReportMetric(0, "ns/op")
		})
	}
}
