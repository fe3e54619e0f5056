package gate

import (
	"maps"
	"math"
	"slices"
	"time"

	"llm4rec/llm"
)

// Report says what went through a gate. Recorded answers did not.
type Report struct {
	Calls    int              `json:"calls"` // that were answered or failed
	Tries    int              `json:"tries"` // calls to the server, repeated ones included
	Retries  map[llm.Kind]int `json:"retries,omitempty"`
	Failures map[llm.Kind]int `json:"failures,omitempty"` // calls that failed, after all their tries
	Untried  int              `json:"untried,omitempty"`  // calls that were not made or not ended: the budget was spent, the server gone, the caller too

	PromptTokens int     `json:"prompt_tokens"` // of calls that were answered, as far as the server tells
	CachedTokens int     `json:"cached_tokens,omitempty"`
	OutputTokens int     `json:"output_tokens"`
	Dollars      float64 `json:"dollars"` // for these; -1: no price is known

	LatencyP50      float64 `json:"latency_p50_sec"` // of the tries that were answered
	LatencyP95      float64 `json:"latency_p95_sec"`
	FirstTokenP50   float64 `json:"first_token_p50_sec,omitempty"` // where answers were streamed, as FirstTokenP95
	FirstTokenP95   float64 `json:"first_token_p95_sec,omitempty"`
	Load            float64 `json:"load_sec,omitempty"`       // of the model into memory, all times together
	TokensPerSecond float64 `json:"tokens_per_sec,omitempty"` // of an answer while it is written; 0: the server does not tell

	Highest  int     `json:"highest"`  // number of calls that were in flight at a time
	Parallel int     `json:"parallel"` // how many may be, in the end
	Live     float64 `json:"live_sec"` // from the first try's beginning to the last one's end
}

// tally is what a report is made from.
type tally struct {
	calls, tries, untried  int
	retries, failures      map[llm.Kind]int
	prompt, cached, output int
	latencies, firsts      []time.Duration
	load, decode           time.Duration
	decoded                int // tokens, in the time of decode
	inFlight, highest      int
	first, last            time.Time
}

// begin notes that a try begins.
func (g *Gate) begin() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	t := &g.tally
	if t.first.IsZero() {
		t.first = now
	}
	t.tries++
	t.inFlight++
	t.highest = max(t.highest, t.inFlight)
	return now
}

func (g *Gate) end() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tally.inFlight--
	g.tally.last = time.Now()
	return g.tally.last
}

func (t *tally) answered(r llm.Response) {
	t.calls++
	t.prompt += r.PromptTokens
	t.cached += r.CachedTokens
	t.output += r.OutputTokens
	t.load += r.Load
	t.latencies = append(t.latencies, r.Wall)
	if r.FirstToken > 0 {
		t.firsts = append(t.firsts, r.FirstToken)
	}
	if r.Decode > 0 {
		t.decode += r.Decode
		t.decoded += r.OutputTokens
	}
}

func count(m *map[llm.Kind]int, kind llm.Kind) {
	if *m == nil {
		*m = map[llm.Kind]int{}
	}
	(*m)[kind]++
}

// Report is of now.
func (g *Gate) Report() Report {
	g.mu.Lock()
	defer g.mu.Unlock()
	t := g.tally
	r := Report{
		Calls: t.calls, Tries: t.tries, Retries: maps.Clone(t.retries), Failures: maps.Clone(t.failures), Untried: t.untried,
		PromptTokens: t.prompt, CachedTokens: t.cached, OutputTokens: t.output, Dollars: -1,
		Load: t.load.Seconds(), Highest: t.highest, Parallel: g.slots.now(), Live: t.last.Sub(t.first).Seconds(),
	}
	for _, n := range t.failures {
		r.Calls += n
	}
	if g.config.Price != nil {
		r.Dollars = g.config.Price.Dollars(t.prompt, t.cached, t.output)
	}
	if t.decode > 0 {
		r.TokensPerSecond = float64(t.decoded) / t.decode.Seconds()
	}
	r.LatencyP50, r.LatencyP95 = quantiles(t.latencies)
	r.FirstTokenP50, r.FirstTokenP95 = quantiles(t.firsts)
	return r
}

// quantiles are the median and the 95th percentile, in seconds, by the nearest rank.
func quantiles(all []time.Duration) (p50, p95 float64) {
	if len(all) == 0 {
		return 0, 0
	}
	all = slices.Sorted(slices.Values(all))
	at := func(q float64) float64 { return all[int(math.Ceil(q*float64(len(all))))-1].Seconds() }
	return at(0.5), at(0.95)
}
