package agent

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"llm4rec/llm"
	"llm4rec/llm/agent/condition"
)

// policy is what the scripted policy knows of a conversation.
type policy struct {
	wishes []wish // newest last
	asked  []string
	turn   int
}

// hear adds what a user says. What is said of years takes the place of what was said of them in an earlier turn.
func (p *policy) hear(wishes []wish) {
	p.turn++
	for _, w := range wishes {
		w.turn = p.turn
		same := func(x wish) bool {
			return w.field != "" && x.where.Text == w.where.Text || w.field == "year" && x.field == "year" && x.turn < w.turn
		}
		p.wishes = append(slices.DeleteFunc(p.wishes, same), w)
	}
}

// script answers without a model: it filters by what the user says, leaving out the newest condition while nothing fits, asks a
// question where many candidates are left, and otherwise recommends what the retriever, and the ranker if there is one, put first.
func (t *turn) script(ctx context.Context) error {
	p := &t.c.policy
	if t.falling { // it has not heard what was said to the model
		p = &policy{}
		for _, s := range t.c.said {
			if s.Who == "person" {
				p.hear(t.a.understand(s.Text))
			}
		}
	}
	p.hear(t.a.understand(t.request))
	relaxed := t.relax(p)
	say := ""
	if len(relaxed) > 0 {
		say = fmt.Sprintf("Nothing fits with %s, so I left that out. ", strings.Join(relaxed, ", "))
	}
	if err := t.narrow(ctx, p); err != nil {
		return err
	}
	c := t.a.config
	if question := t.questionOf(p); question != "" && !t.falling {
		_, _, err := t.call(ctx, llm.ToolCall{Name: "ask", Arguments: object(asking{Question: say + question})})
		return err
	}
	if len(t.bus.items) == 0 {
		_, _, err := t.call(ctx, llm.ToolCall{Name: "recommend", Arguments: object(recommending{None: true, Text: say + "Nothing is left to recommend."})})
		return err
	}
	before := slices.Clone(t.bus.items)
	_, found, err := t.call(ctx, llm.ToolCall{Name: "retrieve", Arguments: object(retrieving{With: t.a.retriever, Keep: c.Keep})})
	if err != nil {
		return err
	}
	t.fill(before, found)
	if c.Ranker != "" {
		if _, _, err := t.call(ctx, llm.ToolCall{Name: "rank", Arguments: object(ranking{With: c.Ranker, First: c.Keep})}); err != nil {
			return err
		}
	}
	_, _, err = t.call(ctx, llm.ToolCall{Name: "recommend", Arguments: object(recommending{Best: c.Items, Text: say + "I recommend:"})})
	return err
}

// fill puts the most popular of the candidates behind those that a retriever has found, where these are too few: it may know
// nothing of the user, or of items that nobody took.
func (t *turn) fill(candidates []int32, found bool) {
	if !found {
		t.bus.items = nil
	}
	if len(t.bus.items) >= t.a.config.Items {
		return
	}
	rest := keep(candidates, func(i int32) bool { return !slices.Contains(t.bus.items, i) })
	t.bus.items = append(t.bus.items, t.popular(rest, t.a.config.Keep)...)
}

// relax leaves out conditions, the newest first, until some candidate fulfils the others, and says which.
func (t *turn) relax(p *policy) []string {
	var out []string
	for {
		fits := func(i int32) bool {
			return !slices.ContainsFunc(p.wishes, func(w wish) bool {
				return w.field != "" && !w.where.Match(i) || slices.Contains(w.drop, i)
			})
		}
		if slices.ContainsFunc(t.bus.items, fits) {
			return out
		}
		newest := -1
		for n, w := range p.wishes {
			if w.field != "" || len(w.drop) > 0 {
				newest = n
			}
		}
		if newest < 0 {
			return out
		}
		out = append(out, p.wishes[newest].says)
		p.wishes = slices.Delete(p.wishes, newest, newest+1)
	}
}

// narrow calls the tools that the wishes are for.
func (t *turn) narrow(ctx context.Context, p *policy) error {
	var conditions []string
	var seeds, drops []int32
	for _, w := range p.wishes {
		if w.field != "" {
			conditions = append(conditions, w.where.Text)
		}
		seeds, drops = append(seeds, w.seeds...), append(drops, w.drop...)
		if w.turn == p.turn {
			if len(w.seeds) > 0 {
				t.learned.add([]string{t.a.catalogue.titles[w.seeds[0]]}, nil)
			}
			if len(w.drop) > 0 {
				t.learned.add(nil, []string{t.a.catalogue.titles[w.drop[0]]})
			}
		}
	}
	var calls []llm.ToolCall
	for len(conditions) > 0 { // as many at a time as a condition may have
		n := 1
		for n < len(conditions) && len(strings.Join(conditions[:n+1], " and ")) < condition.MaxLength && n < condition.MaxParts/3 {
			n++
		}
		calls = append(calls, llm.ToolCall{Name: "filter", Arguments: object(where{strings.Join(conditions[:n], " and ")})})
		conditions = conditions[n:]
	}
	if drops = unique(drops); len(drops) > 0 {
		calls = append(calls, llm.ToolCall{Name: "drop", Arguments: object(chosen{drops[max(0, len(drops)-50):]})})
	}
	if seeds = unique(seeds); len(seeds) > 0 {
		calls = append(calls, llm.ToolCall{Name: "similar", Arguments: object(likeness{Items: seeds[max(0, len(seeds)-50):], Keep: max(20, 2*t.a.config.Items)})})
	}
	for _, c := range calls {
		if _, _, err := t.call(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// questionOf is what the policy asks: the set, of those that nothing was said of, whose values tell the candidates apart best.
func (t *turn) questionOf(p *policy) string {
	c := t.a.config
	if !c.Ask || len(p.asked) >= c.Questions || len(t.bus.items) <= c.AskAbove {
		return ""
	}
	table := t.a.catalogue.table
	best, most := "", 0.0
	var choices []string
	for _, name := range table.Names() {
		if table.Kind(name) != condition.Set || slices.Contains(p.asked, name) || slices.ContainsFunc(p.wishes, func(w wish) bool { return w.field == name }) {
			continue
		}
		if h, values := t.spread(name); h > most && len(values) > 1 {
			best, most, choices = name, h, values
		}
	}
	if best == "" {
		return ""
	}
	p.asked = append(p.asked, best)
	last := len(choices) - 1
	return fmt.Sprintf("Which %s would you like: %s or %s?", best, strings.Join(choices[:last], ", "), choices[last])
}

// spread is the entropy of a set's values over the candidates, and the most frequent of them.
func (t *turn) spread(name string) (entropy float64, values []string) {
	const offered = 6
	table := t.a.catalogue.table
	count := map[string]int{}
	total := 0
	for _, i := range t.bus.items {
		for _, v := range table.Of(name, i) {
			count[v]++
			total++
		}
	}
	for _, v := range table.Values(name) { // in one order
		if n := count[v]; n > 0 {
			share := float64(n) / float64(total)
			entropy -= share * math.Log(share)
			values = append(values, v)
		}
	}
	slices.SortStableFunc(values, func(a, b string) int { return count[b] - count[a] })
	return entropy, values[:min(len(values), offered)]
}
