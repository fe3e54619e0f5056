package serve

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"llm4rec/llm/agent"
)

// endsMost is how many ends of turns have a line of their own. There are fewer, unless a host makes them up.
const endsMost = 32

// metrics counts, for Prometheus. Nothing in it tells users or sessions apart.
type metrics struct {
	mu       sync.Mutex
	ends     map[string]int
	errors   map[[2]string]int // status and code
	turns    int
	replayed int
	usage    agent.Usage
	whole    histogram
	share    histogram
}

func newMetrics() *metrics {
	return &metrics{
		ends: map[string]int{}, errors: map[[2]string]int{},
		whole: newHistogram(.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120),
		share: newHistogram(.0005, .001, .002, .005, .01, .025, .05, .1, .5, 1),
	}
}

// turn counts one of an agent's.
func (m *metrics) turn(t agent.Turn, replayed bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.turns++
	if replayed {
		m.replayed++
	}
	end := string(t.End)
	if _, known := m.ends[end]; !known && len(m.ends) >= endsMost {
		end = "other"
	}
	m.ends[end]++
	add(&m.usage, t.Usage)
}

// answered counts a request that was, and what part of its time no model was at work.
func (m *metrics) answered(whole, model time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.whole.observe(whole.Seconds())
	m.share.observe(max(0, whole-model).Seconds())
}

func (m *metrics) failed(f *failure) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.errors[[2]string{strconv.Itoa(f.status), f.code}]++
}

// page is what Prometheus reads.
func (m *metrics) page(s *sessions, running int) []byte {
	open, opened, expired, evicted := s.open()
	p := &page{}
	m.mu.Lock()
	defer m.mu.Unlock()
	p.family("llm4rec_turns_total", "counter", "Turns that the agent made.")
	p.line("", m.turns)
	p.family("llm4rec_turns_replayed_total", "counter", "Turns that were said again because their conversation was not known.")
	p.line("", m.replayed)
	p.family("llm4rec_turns_running", "gauge", "Requests that wait for the agent.")
	p.line("", running)
	p.family("llm4rec_turn_ends_total", "counter", "How turns ended.")
	for _, end := range slices.Sorted(maps.Keys(m.ends)) {
		p.line(label("end", end), m.ends[end])
	}
	p.family("llm4rec_errors_total", "counter", "Requests without an answer; 499: the client did not wait.")
	for _, e := range slices.SortedFunc(maps.Keys(m.errors), func(a, b [2]string) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) }) {
		p.line(label("status", e[0], "code", e[1]), m.errors[e])
	}
	p.family("llm4rec_request_seconds", "histogram", "From the whole request to the whole answer.")
	p.histogram(m.whole)
	p.family("llm4rec_share_seconds", "histogram", "Of these, in which no model was at work.")
	p.histogram(m.share)
	p.family("llm4rec_sessions_open", "gauge", "Conversations that can go on.")
	p.line("", open)
	p.family("llm4rec_sessions_total", "counter", "Conversations that were opened, and those forgotten after some time or for want of room.")
	p.line(label("what", "opened"), opened)
	p.line(label("what", "expired"), expired)
	p.line(label("what", "evicted"), evicted)
	p.family("llm4rec_tokens_total", "counter", "Tokens of models.")
	p.line(label("kind", "prompt"), m.usage.PromptTokens)
	p.line(label("kind", "output"), m.usage.OutputTokens)
	p.family("llm4rec_model_calls_total", "counter", "Calls of models.")
	p.line("", m.usage.Calls)
	p.family("llm4rec_model_seconds_total", "counter", "In which turns waited for models.")
	p.line("", m.usage.Model.Seconds())
	p.family("llm4rec_tool_calls_total", "counter", "Calls of tools.")
	p.line("", m.usage.ToolCalls)
	p.family("llm4rec_tool_errors_total", "counter", "Calls of tools that were answered with an error.")
	p.line("", m.usage.ToolErrors)
	return p.text
}

// histogram has counts up to each bound, and the count of all at the end.
type histogram struct {
	bounds []float64
	counts []int
	sum    float64
}

func newHistogram(bounds ...float64) histogram {
	return histogram{bounds: bounds, counts: make([]int, len(bounds)+1)}
}

func (h *histogram) observe(x float64) {
	for n, bound := range h.bounds {
		if x <= bound {
			h.counts[n]++
		}
	}
	h.counts[len(h.bounds)]++
	h.sum += x
}

// page is text in Prometheus's form, version 0.0.4.
type page struct {
	text []byte
	name string
}

func (p *page) family(name, kind, help string) {
	p.name = name
	p.add("# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

func (p *page) line(labels string, value any) { p.add("%s%s %v\n", p.name, labels, value) }

func (p *page) add(format string, args ...any) { p.text = fmt.Appendf(p.text, format, args...) }

func (p *page) histogram(h histogram) {
	for n, bound := range h.bounds {
		p.add("%s_bucket%s %d\n", p.name, label("le", strconv.FormatFloat(bound, 'g', -1, 64)), h.counts[n])
	}
	all := h.counts[len(h.bounds)]
	p.add("%s_bucket%s %d\n%s_sum %v\n%s_count %d\n", p.name, label("le", "+Inf"), all, p.name, h.sum, p.name, all)
}

// label writes names and values, whose signs Prometheus reads otherwise are escaped.
func label(pairs ...string) string {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
	var out []string
	for n := 0; n < len(pairs); n += 2 {
		out = append(out, pairs[n]+`="`+escape.Replace(strings.ToValidUTF8(pairs[n+1], "\ufffd"))+`"`)
	}
	return "{" + strings.Join(out, ",") + "}"
}
