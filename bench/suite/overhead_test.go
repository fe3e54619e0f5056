package suite

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"llm4rec/bench"
	"llm4rec/data/synthetic"
	"llm4rec/llm/cassette"
	"llm4rec/llm/llmtest"
	"llm4rec/results"
)

// asked is a run of pop and a language model behind it, on a data set with so many users.
type asked struct {
	users int
	url   string
	calls *Calls
	out   string
}

// run returns the model's record.
func (a asked) run(b *testing.B) results.Record {
	b.Helper()
	small := synthetic.Default()
	small.Users, small.Items, small.Interactions = a.users, 200, 20*a.users
	d := synthetic.Generate(small)
	a.calls.Log = slog.New(slog.DiscardHandler)
	sum, _, records := runText(b, smallSuite(d, Models(a.calls)), bench.Runner{Out: a.out}, fmt.Sprintf(`
name: overhead
dataset: small
metrics: [ndcg@10]
systems:
  - {name: pop, model: popularity}
  - {name: model, model: llm, after: [pop], params: {model: words, base_url: %q, probe: 0}}
`, a.url))
	if sum.Failed > 0 {
		b.Fatal(sum)
	}
	if err := a.calls.Close(); err != nil {
		b.Fatal(err)
	}
	return bySystem(records)["model"][0]
}

// BenchmarkOverhead ranks through all of the harness, over HTTP and recording, against a server whose answers take half a second:
// idle is the share of its places that stood empty, by the server's own clock.
func BenchmarkOverhead(b *testing.B) {
	for _, c := range []struct{ parallel, users int }{{1, 12}, {8, 160}, {64, 1920}} {
		b.Run(fmt.Sprintf("parallel=%d", c.parallel), func(b *testing.B) {
			s := llmtest.Serve(b)
			s.Chat, s.Delay, s.Answer = true, 500*time.Millisecond, backwards
			wall, calls := 0.0, 0
			for b.Loop() {
				out := b.TempDir()
				rec := asked{c.users, s.URL, &Calls{Mode: cassette.Record, Cassette: filepath.Join(out, "answers.jsonl.gz"), Parallel: c.parallel}, out}.run(b)
				wall += rec.Timing.RecommendWall
				calls += rec.LLM.Calls
			}
			places := float64(c.parallel) * wall
			b.ReportMetric(100*(1-s.Busy().Seconds()/places), "%idle")
			b.ReportMetric(1000*(places-s.Busy().Seconds())/float64(calls), "ms-added/call")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkReplay ranks through all of the harness from recorded answers.
func BenchmarkReplay(b *testing.B) {
	s := llmtest.Serve(b)
	s.Chat, s.Answer = true, backwards
	tape := filepath.Join(b.TempDir(), "answers.jsonl.gz")
	const users = 2000
	asked{users, s.URL, &Calls{Mode: cassette.Record, Cassette: tape, Parallel: 8}, b.TempDir()}.run(b)
	wall, answers := 0.0, 0
	for b.Loop() {
		rec := asked{users, s.URL, &Calls{Mode: cassette.Replay, Cassette: tape}, b.TempDir()}.run(b)
		if rec.LLM.Recorded != users {
			b.Fatalf("%d of %d answers were replayed", rec.LLM.Recorded, users)
		}
		wall += rec.Timing.RecommendWall
		answers += rec.LLM.Recorded
	}
	b.ReportMetric(float64(answers)/wall, "answers/sec")
	b.ReportMetric(0, "ns/op")
}
