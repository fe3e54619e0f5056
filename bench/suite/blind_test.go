package suite

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"llm4rec/bench"
	"llm4rec/data"
	"llm4rec/data/synthetic"
	"llm4rec/llm"
	"llm4rec/llm/llmtest"
)

// A language model, what is asked of it, how its answers are read and what is asked again, do not depend on what would be right:
// with the answer key permuted over the users, the same bytes go over the wire.
func TestPromptsAreBlindToTheAnswerKey(t *testing.T) {
	small := synthetic.Default()
	small.Users, small.Items, small.Interactions = 40, 60, 800
	d := synthetic.Generate(small)
	exchanged := permuteTargets(t, d)

	asked := func(d *data.Dataset) ([]string, map[string]float64) {
		s := llmtest.Serve(t)
		s.Chat = true
		s.Answer = func(r llm.Request) llm.Response {
			out := backwards(r)
			if strings.Contains(r.Messages[1].Content, "<taken>") {
				out.Text = fmt.Sprintf(`{"profile":"Taste %d."}`, len(r.Messages[1].Content))
			} else if len(r.Messages[1].Content)%3 == 0 { // some answers are no order, and are asked for again
				out.Text = `{"ranking":[1,1,99]}`
			}
			return out
		}
		calls := hasty(t.TempDir())
		calls.Mode = "live"
		sum, _, _ := runText(t, smallSuite(d, Models(calls)), bench.Runner{Out: t.TempDir()}, `
name: blind
dataset: small
metrics: [ndcg@10]
systems:
  - {name: pop, model: popularity}
  - {name: knn, model: itemknn}
  - {name: plain, model: llm, after: [pop, knn], params: &x {model: words, probe: 0, base_url: "`+s.URL+`", again: 2}}
  - {name: rounds, model: llm, after: [pop], params: {<<: *x, order: shuffled, rounds: 2, prompt: in-context}}
  - {name: evidence, model: llm, after: [knn], params: {<<: *x, prompt: evidence, method: window, size: 8}}
  - {name: remembers, model: llm, after: [knn], params: {<<: *x, prompt: memory, history: 3, memory: {long: 3, liked: 5, neighbours: 6, prompt: taste, most: 10}}}
  - {name: acts, model: agent, params: {planner: react, calling: text, model: words, base_url: "`+s.URL+`"}}
`)
		if sum.Failed+sum.Unavailable > 0 {
			t.Fatalf("%+v", sum)
		}
		_, bodies := s.Asked()
		slices.Sort(bodies)
		metrics := map[string]float64{}
		for name, rec := range recordsBySystem(t, sum.Dir) {
			metrics[name] = rec.Metrics["ndcg@10"]
		}
		return bodies, metrics
	}
	right, before := asked(d)
	permuted, after := asked(exchanged)
	for text, least := range map[string]int{"Taste ": 40, "Some of what I had": 20, "have also": 39} {
		if n := strings.Count(strings.Join(right, ""), text); n < least {
			t.Errorf("%d requests show %q: is the memory there?", n, text)
		}
	}
	if len(right) < 5*40 || !slices.Equal(right, permuted) {
		t.Errorf("%d requests, %d with the key permuted, and they are not the same", len(right), len(permuted))
	}
	if before["pop+plain"] == after["pop+plain"] || before["evidence"] == after["evidence"] {
		t.Errorf("the key was not permuted: %v, then %v", before, after)
	}
}

// permuteTargets exchanges the last items of users, where nobody gets one that he has already.
func permuteTargets(t *testing.T, d *data.Dataset) *data.Dataset {
	t.Helper()
	out := *d
	out.Inter.Item = slices.Clone(d.Inter.Item)
	var last []int // positions
	for p, u := range d.Inter.User {
		if p+1 == d.Inter.Len() || d.Inter.User[p+1] != u {
			last = append(last, p)
		}
	}
	has := func(user, item int32) bool {
		for p, u := range d.Inter.User {
			if u == user && out.Inter.Item[p] == item {
				return true
			}
		}
		return false
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 20 * len(last) {
		a, b := last[r.IntN(len(last))], last[r.IntN(len(last))]
		x, y := out.Inter.Item[a], out.Inter.Item[b]
		if x != y && !has(d.Inter.User[a], y) && !has(d.Inter.User[b], x) {
			out.Inter.Item[a], out.Inter.Item[b] = y, x
		}
	}
	return &out
}
