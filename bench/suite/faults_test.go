package suite

import (
	"fmt"
	"log/slog"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cenkalti/backoff/v5"

	"llm4rec/bench"
	"llm4rec/data/synthetic"
	"llm4rec/llm"
	"llm4rec/llm/cassette"
	"llm4rec/llm/llmtest"
	"llm4rec/llm/price"
	"llm4rec/results"
)

// asking runs an experiment with a language model at an address.
type asking struct {
	provider, url string
	tolerate      float64
	calls         *Calls
	probe         int
}

func (a asking) run(t *testing.T, out string) (bench.Summary, results.Record, []results.Ranking) {
	t.Helper()
	small := synthetic.Default()
	small.Users, small.Items, small.Interactions = 30, 60, 600
	d := synthetic.Generate(small)
	sum, _, records := runText(t, smallSuite(d, Models(a.calls)), bench.Runner{Out: out}, fmt.Sprintf(`
name: asking
dataset: small
metrics: [recall@20, ndcg@10]
systems:
  - {name: pop, model: popularity}
  - {name: model, model: llm, after: [pop], tolerate: %v, params: {provider: %s, model: %s, base_url: "%s", probe: %d}}
`, a.tolerate, a.provider, llmtest.Model, a.url, a.probe))
	if err := a.calls.Close(); err != nil {
		t.Error(err)
	}
	store, err := results.OpenRead(sum.Dir)
	if err != nil {
		t.Fatal(err)
	}
	rec := slices.MaxFunc(bySystem(records)["model"], func(a, b results.Record) int { return a.Finished.Compare(b.Finished) })
	if rec.Status != results.OK {
		return sum, rec, nil
	}
	ranks, err := store.Ranks(rec)
	if err != nil {
		t.Fatal(err)
	}
	return sum, rec, ranks
}

// hasty does not wait between tries, and not long for an answer.
func hasty(out string) *Calls {
	return &Calls{
		Mode: cassette.Record, Cassette: filepath.Join(out, "answers.jsonl.gz"), Parallel: 4, Log: slog.New(slog.DiscardHandler),
		Retry: llm.Retry{Tries: 2, Timeout: 2 * time.Second, Longest: 5 * time.Second, Backoff: func() backoff.BackOff { return &backoff.ZeroBackOff{} }},
	}
}

// backwards is a model that reverses what it is shown.
func backwards(r llm.Request) llm.Response {
	var numbers []string
	for line := range strings.Lines(r.Messages[len(r.Messages)-1].Content) {
		if rest, ok := strings.CutPrefix(line, "["); ok {
			number, _, _ := strings.Cut(rest, "]")
			numbers = append(numbers, number)
		}
	}
	slices.Reverse(numbers)
	return llm.Response{Text: `{"ranking":[` + strings.Join(numbers, ",") + `]}`, Finish: llm.Stop, PromptTokens: 100, OutputTokens: 20}
}

// Whatever goes wrong with one user's call is counted, ends soon, changes no other user's result, and is all that is asked for
// when the same command runs again.
func TestFaultsOfOneCall(t *testing.T) {
	faults := []struct {
		name  string
		fault llmtest.Fault
		kind  llm.Kind
	}{
		{"429", llmtest.Fault{Status: 429, Body: `{"error":"slow down"}`}, llm.RateLimited},
		{"500", llmtest.Fault{Status: 500, Body: `{"error":"broken"}`}, llm.Server},
		{"hang", llmtest.Fault{Delay: llmtest.Slow}, llm.Timeout},
		{"slow drip", llmtest.Fault{Drip: 100 * time.Millisecond}, llm.Timeout},
		{"reset", llmtest.Fault{Reset: true}, llm.Unavailable},
		{"truncated JSON", llmtest.Fault{Bytes: func(b []byte) []byte { return b[:len(b)/2] }}, llm.Garbage},
		{"invalid UTF-8", llmtest.Fault{Bytes: func(b []byte) []byte { return []byte(strings.Replace(string(b), "ranking", "rank\xe9ing", 1)) }}, llm.Garbage},
		{"10 MB", llmtest.Fault{Text: func(string) string { return strings.Repeat("1, ", 10<<20/3) }}, llm.Garbage},
		{"wrong model", llmtest.Fault{Status: 404, Body: `{"error":"model 'x' not found"}`}, llm.NotFound},
		{"expired key", llmtest.Fault{Status: 401, Body: `{"error":{"message":"the key has expired"}}`}, llm.Denied},
	}
	for _, provider := range []string{"ollama", "openai"} {
		address := func(s *llmtest.Server) string {
			if provider == "openai" {
				return s.URL + "/v1"
			}
			return s.URL
		}
		var mu sync.Mutex
		var prompts []string
		s := llmtest.Serve(t)
		s.Chat, s.Answer = true, func(r llm.Request) llm.Response {
			mu.Lock()
			defer mu.Unlock()
			prompts = append(prompts, r.Messages[len(r.Messages)-1].Content)
			return backwards(r)
		}
		out := t.TempDir()
		_, rec, clean := asking{provider, address(s), 0, hasty(out), 0}.run(t, out)
		if rec.LLM == nil || rec.LLM.Answers["ok"] != rec.Users || len(prompts) != rec.Users {
			t.Fatalf("%s: %+v", rec.Error, rec.LLM)
		}
		for _, f := range faults {
			t.Run(provider+" "+f.name, func(t *testing.T) {
				t.Parallel()
				s := llmtest.Serve(t)
				s.Chat, s.Answer, s.Poison = true, backwards, map[string]llmtest.Fault{prompts[3]: f.fault}
				out := t.TempDir()
				begin := time.Now()
				sum, rec, _ := asking{provider, address(s), 0, hasty(out), 0}.run(t, out)
				if sum.Failed != 1 || rec.LLM.Failures[string(f.kind)] < 1 || !strings.Contains(rec.Error, "the same command asks for the rest") {
					t.Fatalf("not counted: %+v, %v, %s", sum, rec.LLM.Failures, rec.Error)
				}
				if took := time.Since(begin); took > 20*time.Second {
					t.Errorf("took %v", took)
				}
				failed := rec.LLM.Failures[string(f.kind)]

				tolerant := t.TempDir()
				if _, rec, ranks := (asking{provider, address(s), .04, hasty(tolerant), 0}.run(t, tolerant)); failed == 1 {
					different := 0
					for n := range clean {
						if !slices.Equal(ranks[n].Items, clean[n].Items) {
							different++
						}
					}
					if different != 1 || rec.Status != results.OK {
						t.Errorf("%d users have another order, want 1", different)
					}
				}

				s.Poison = nil
				before := s.Calls()
				_, rec, ranks := asking{provider, address(s), 0, hasty(out), 0}.run(t, out)
				if rec.Status != results.OK || s.Calls()-before > failed+3 { // what others did not get to ask because of it, too
					t.Errorf("run again: %s, %d calls", rec.Error, s.Calls()-before)
				}
				for n := range clean {
					if !slices.Equal(ranks[n].Items, clean[n].Items) {
						t.Fatalf("run again: user %s has %v, want %v", clean[n].User, ranks[n].Items, clean[n].Items)
					}
				}
			})
		}
	}
}

// A spent budget ends a run in good order; with more, the same command goes on from there.
func TestBudgetEndsARun(t *testing.T) {
	s := llmtest.Serve(t)
	s.Chat, s.Answer = true, backwards
	out := t.TempDir()
	calls := hasty(out)
	calls.Tokens, calls.Parallel = 2000, 1
	sum, rec, _ := asking{"ollama", s.URL, 0, calls, 0}.run(t, out)
	if sum.Failed != 1 || !strings.Contains(rec.Error, "budget") || rec.LLM.Failures[string(llm.Spent)] == 0 {
		t.Fatalf("%+v: %s", sum, rec.Error)
	}
	asked := s.Calls()
	if asked == 0 || asked >= 30 {
		t.Fatalf("%d calls", asked)
	}
	if _, rec, _ = (asking{"ollama", s.URL, 0, hasty(out), 0}).run(t, out); rec.Status != results.OK || s.Calls() != 30 || rec.LLM.Recorded != asked {
		t.Errorf("%d calls in all, %d before; %s", s.Calls(), asked, rec.Error)
	}
}

// What a service asks money for is not called before somebody said how much.
func TestPaidModelsNeedABudget(t *testing.T) {
	s := llmtest.Serve(t)
	s.Chat, s.Answer = true, backwards
	prices, err := price.Read(strings.NewReader("provider\tbase_url\tmodel\tfrom\tprompt\tcached\toutput\tsource\nopenai\t"+s.URL+"/v1\twords\t2024-01-01\t1\t-\t2\thttps://example.org\n"), "prices")
	if err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	calls := hasty(out)
	calls.Prices = prices
	sum, rec, _ := asking{"openai", s.URL + "/v1", 0, calls, 0}.run(t, out)
	if sum.Unavailable != 1 || !strings.Contains(rec.Error, "--budget-dollars") || s.Calls() > 0 {
		t.Errorf("%+v, %d calls: %s", sum, s.Calls(), rec.Error)
	}
	calls = hasty(out)
	calls.Prices, calls.Dollars = prices, 1
	prompts := s.Calls()
	const dollars = 30 * (100*1 + 20*2) / 1e6 // users × (prompt and answer)
	if _, rec, _ = (asking{"openai", s.URL + "/v1", 0, calls, 0}).run(t, out); rec.Status != results.OK || math.Abs(rec.LLM.Dollars-dollars) > 1e-9 || rec.LLM.Prices != "2024-01-01" {
		t.Errorf("%s: %+v", rec.Error, rec.LLM)
	}
	if asked := s.Calls() - prompts; rec.LLM.Calls != asked {
		t.Errorf("%d calls are accounted for, and %d were made", rec.LLM.Calls, asked)
	}
}

// What a probe takes is part of what a row costs.
func TestProbesAreAccountedFor(t *testing.T) {
	s := llmtest.Serve(t)
	s.Chat, s.Answer = true, backwards
	out := t.TempDir()
	_, rec, _ := asking{provider: "ollama", url: s.URL, calls: hasty(out), probe: 2}.run(t, out)
	if rec.LLM == nil || rec.LLM.Probe == nil {
		t.Fatalf("%s: %+v", rec.Error, rec.LLM)
	}
	probes := rec.LLM.Probe.Items.Asked + rec.LLM.Probe.Histories.Asked
	if s.Calls() != 30+probes || probes == 0 || rec.LLM.Calls != s.Calls() || rec.LLM.PromptTokens != 100*s.Calls() {
		t.Errorf("%d calls were made, %d of them probes: %+v", s.Calls(), probes, rec.LLM)
	}
}
