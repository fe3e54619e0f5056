package table

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"llm4rec/eval/stats"
	"llm4rec/results"
)

// Gain is what a row adds to the first stage whose answers it ranks again: positive is better.
type Gain struct {
	First string   `json:"first"`
	Mean  float64  `json:"difference"`
	Lo    float64  `json:"lo"` // paired bootstrap over users, 95%
	Hi    float64  `json:"hi"`
	P     float64  `json:"p"`      // paired randomisation test by user, two-sided
	Holm  float64  `json:"p_holm"` // corrected over the rows of the table that rank again
	Least *float64 `json:"least"`  // the smallest difference that so many users would show as significant in four of five cases; none where too few users differ for any to be
}

// ranked are the rows with a language model's account.
func (t *Table) ranked() []*Row {
	return slices.DeleteFunc(t.finished(), func(r *Row) bool { return r.Records[0].LLM == nil })
}

// first is the row whose answers another ranks again, with the values of its primary metric by user: the mean over the very
// cells that were ranked again, one for each seed of the other, which need not be all that the row has.
func (t *Table) first(r *Row) (*Row, []float64) {
	var row *Row
	values := make([]float64, len(r.Users))
	for _, rec := range r.Records {
		found := false
		for _, x := range t.finished() {
			n := slices.IndexFunc(x.Records, func(y results.Record) bool { return y.ID == rec.Identity.First })
			if n < 0 || n >= len(x.Primary) || !slices.Equal(x.Users, r.Users) {
				continue
			}
			row, found = x, true
			for u, v := range x.Primary[n] {
				values[u] += v / float64(len(r.Records))
			}
		}
		if !found {
			return nil, nil
		}
	}
	return row, values
}

// fewest is how many users must have another value for a difference to be significant at all: with fewer, all signs alike, a
// randomisation test gives at least 2/2⁵.
const fewest = 6

// power is the factor of the standard error at which a two-sided test with α = .05 finds a difference four times in five: the
// normal quantiles of .975 and of .8.
const power = 1.96 + .8416

// gains compares rows with their first stages on the primary metric. A row whose first stage is not shown has none.
func (t *Table) gains(rows []*Row) map[*Row]*Gain {
	out := map[*Row]*Gain{}
	var order []*Row
	var p []float64
	for _, r := range rows {
		first, before := t.first(r)
		m := primary(r.Metrics)
		if first == nil || r.Values[m] == nil {
			continue
		}
		d := minus(r.Values[m], before)
		changed := 0
		for _, x := range d {
			if x != 0 {
				changed++
			}
		}
		interval, _ := stats.Bootstrap(d, 1, stats.Resamples, seed)
		g := &Gain{First: first.System, Mean: interval[0].Mean, Lo: interval[0].Lo, Hi: interval[0].Hi, P: stats.Paired(d, stats.Resamples, seed)}
		if sd := deviation(d); sd != nil && changed >= fewest {
			least := power * *sd / math.Sqrt(float64(len(d)))
			g.Least = &least
		}
		out[r] = g
		order, p = append(order, r), append(p, g.P)
	}
	for n, adjusted := range stats.Holm(p) {
		out[order[n]].Holm = adjusted
	}
	return out
}

// Marked is a row's name with the sign of one that must not be published.
func (r *Row) Marked() string {
	if len(r.Unpublishable()) > 0 {
		return r.System + " †"
	}
	return r.System
}

// totals adds the accounts of a row's seeds.
type totals struct {
	results.LLM
	seeds   int
	failed  int
	unknown bool // a price
}

func (r *Row) totals() totals {
	t := totals{}
	t.Answers = map[string]int{}
	for _, rec := range r.Records {
		x := rec.LLM
		if x == nil {
			continue
		}
		t.seeds++
		t.Calls, t.Recorded, t.Asked = t.Calls+x.Calls, t.Recorded+x.Recorded, t.Asked+x.Asked
		t.Untold += x.Untold
		t.PromptTokens, t.OutputTokens = t.PromptTokens+x.PromptTokens, t.OutputTokens+x.OutputTokens
		t.unknown = t.unknown || x.Dollars < 0
		t.Dollars += x.Dollars
		for k, n := range x.Answers {
			t.Answers[k] += n
		}
		for _, n := range x.Failures {
			t.failed += n
		}
		t.LatencyP50, t.LatencyP95 = t.LatencyP50+x.LatencyP50, t.LatencyP95+x.LatencyP95
		t.TokensPerSecond += x.TokensPerSecond
		t.Ceiling, t.Candidates = t.Ceiling+x.Ceiling, x.Candidates
		t.Informative += x.Informative
		t.Tau += x.Tau
		t.Before, t.After = t.Before+x.Before, t.After+x.After
	}
	return t
}

// dollars are of all seeds.
func (t totals) dollars() string {
	if t.unknown {
		return "unknown"
	}
	return figure(t.Dollars)
}

// bad are the answers that were not a ranking of the candidates, and the users without one.
func (t totals) bad() string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(t.Answers)) {
		if k != "ok" && t.Answers[k] > 0 {
			out = append(out, fmt.Sprintf("%d %s", t.Answers[k], k))
		}
	}
	if t.failed > 0 {
		out = append(out, fmt.Sprintf("%d users failed", t.failed))
	}
	if t.Untold > 0 {
		out = append(out, fmt.Sprintf("%d without a count of tokens", t.Untold))
	}
	if out == nil {
		return "0"
	}
	return strings.Join(out, ", ")
}

// llm lays out what language models did, what it cost, and whether it helped. It is empty where none ranked.
func (t *Table) llm(gains map[*Row]*Gain) []grid {
	rows := t.ranked()
	if len(rows) == 0 {
		return nil
	}
	accounts := grid{
		caption: []string{"Language models, " + t.Protocol}, names: 2,
		header: []string{"system", "model", "candidates", "ceiling", "informative", "calls", "recorded", "k tokens in", "k out", "$", "p50 s", "p95 s", "tokens/s", "tau", "recited", "bad answers"},
		legend: []string{
			"ceiling: recall at so many candidates, which their order does not change; informative: users with a relevant item among them, the only ones whose accuracy can change",
			"recorded: calls whose answers, and times, are those of an earlier run; p50, p95: latency of a user's question; $, calls, tokens: of all seeds",
			"tau: Kendall's, of the model's order and the first stage's; recited: titles and histories of the data set that the model completed when it was probed",
		},
	}
	p := rows[0].Metrics[primary(rows[0].Metrics)].Name
	verdicts := grid{
		caption: []string{"Does the language model help, " + t.Protocol}, names: 2,
		header: []string{"system", "first stage", "informative before", "after", "least difference", "answers ok", "$ a user", "gain, " + p, "95%", "p (Holm)", "at this price"},
		legend: []string{
			"informative before, after: ndcg@10 of the first stage and of the model over the informative users alone",
			"gain: over the first stage alone, paired by user; least difference: the smallest that so many users show as significant four times in five, – where fewer than 6 differ",
		},
	}
	for _, r := range rows {
		x := r.totals()
		n := float64(x.seeds)
		model := r.Records[0].LLM.Model
		if r.Records[0].LLM.Test {
			model += " (test model)"
		}
		name := r.Marked()
		line := func(names []string, values ...string) []cell {
			var out []cell
			for _, s := range append(names, values...) {
				out = append(out, cell{text: s})
			}
			return out
		}
		speed := none
		if x.TokensPerSecond > 0 {
			speed = figure(x.TokensPerSecond / n)
		}
		injected := ""
		if r.Records[0].LLM.Injected {
			injected = " (injected)"
		}
		accounts.rows = append(accounts.rows, line([]string{name, model}, fmt.Sprint(x.Candidates), fmt.Sprintf("%.4f", x.Ceiling/n)+injected, fmt.Sprintf("%.0f of %d", float64(x.Informative)/n, len(r.Users)),
			fmt.Sprint(x.Calls), fmt.Sprint(x.Recorded), figure(float64(x.PromptTokens)/1000), figure(float64(x.OutputTokens)/1000), x.dollars(), figure(x.LatencyP50/n), figure(x.LatencyP95/n), speed, fmt.Sprintf("%.2f", x.Tau/n), r.recited(), x.bad()))

		g := gains[r]
		if g == nil {
			continue
		}
		answers := 0
		for _, k := range x.Answers {
			answers += k
		}
		ok, each := none, "unknown"
		if answers > 0 {
			ok = fmt.Sprintf("%.1f%%", 100*float64(x.Answers["ok"])/float64(answers))
		}
		if !x.unknown && x.Asked > 0 {
			each = fmt.Sprintf("%.5f", x.Dollars/float64(x.Asked))
		}
		least := none
		if g.Least != nil {
			least = fmt.Sprintf("%.4f", *g.Least)
		}
		verdicts.rows = append(verdicts.rows, line([]string{name, g.First}, fmt.Sprintf("%.4f", x.Before/n), fmt.Sprintf("%.4f", x.After/n), least, ok, each,
			fmt.Sprintf("%+.4f", g.Mean), fmt.Sprintf("[%+.4f, %+.4f]", g.Lo, g.Hi), fmt.Sprintf("%.4f", g.Holm), g.verdict(x)))
	}
	out := []grid{accounts}
	if len(verdicts.rows) > 0 {
		out = append(out, verdicts)
	}
	return append(out, t.attacks(rows)...)
}

// attacks lays out what instructions in items' texts did.
func (t *Table) attacks(rows []*Row) []grid {
	g := grid{
		caption: []string{"Attacks, " + t.Protocol}, names: 3,
		header: []string{"system", "payload", "field", "lift", "first before", "first", "drift"},
		legend: []string{"lift: ranks that the attacked item gained; first: share of users for whom it came first; drift: 1 − Kendall's tau of the other items' order with and without the attack"},
	}
	for _, r := range rows {
		var lift, before, top, drift []float64
		for _, rec := range r.Records {
			if a := rec.LLM.Attack; a != nil {
				lift, before, top, drift = append(lift, a.Lift), append(before, a.TopBefore), append(top, a.Top), append(drift, a.Drift)
			}
		}
		if lift == nil {
			continue
		}
		a := r.Records[0].LLM.Attack
		g.rows = append(g.rows, []cell{{text: r.Marked()}, {text: a.Payload}, {text: a.Field}, {text: fmt.Sprintf("%+.2f", mean(lift))},
			{text: fmt.Sprintf("%.3f", mean(before))}, {text: fmt.Sprintf("%.3f", mean(top))}, {text: fmt.Sprintf("%.3f", mean(drift))}})
	}
	if g.rows == nil {
		return nil
	}
	return []grid{g}
}

// recited is what the first seed's probe found.
func (r *Row) recited() string {
	p := r.Records[0].LLM.Probe
	if p == nil {
		return none
	}
	return fmt.Sprintf("%d/%d, %d/%d", p.Items.Completed, p.Items.Asked, p.Histories.Completed, p.Histories.Asked)
}

// verdict says in words whether a model helped, and at what price.
func (g *Gain) verdict(x totals) string {
	word := "not distinguishable"
	if g.Holm <= alpha {
		word = "helps"
		if g.Mean < 0 {
			word = "hurts"
		}
	}
	price := "$" + x.dollars()
	if x.unknown {
		price = "price unknown"
	}
	if x.Asked == 0 {
		return word + ": nobody was asked"
	}
	return fmt.Sprintf("%s: %s in all, %s s a user", word, price, figure(x.LatencyP50/float64(x.seeds)))
}

// recorded is how many calls were answered from a recording, empty for a row without a language model.
func (r *Row) recorded() string {
	if len(r.Records) == 0 || r.Records[0].LLM == nil {
		return ""
	}
	return strconv.Itoa(r.totals().Recorded)
}

// llmColumns are a row's columns about its language model, empty for one without.
func (r *Row) llmColumns(g *Gain) []string {
	out := []string{"", "", "", "", ""}
	if g != nil {
		out = []string{g.First, number(&g.Mean), number(&g.Lo), number(&g.Hi), number(&g.Holm)}
	}
	if len(r.Records) == 0 || r.Records[0].LLM == nil {
		return append(out, make([]string, 9)...)
	}
	x := r.totals()
	n := float64(x.seeds)
	ceiling, informative, dollars := x.Ceiling/n, float64(x.Informative)/n, &x.Dollars
	if x.unknown {
		dollars = nil
	}
	bad := x.failed
	for class, count := range x.Answers {
		if class != "ok" {
			bad += count
		}
	}
	return append(out, number(&ceiling), number(&informative), r.Records[0].LLM.Model, strconv.Itoa(x.Calls), strconv.Itoa(x.failed), strconv.Itoa(x.PromptTokens), strconv.Itoa(x.OutputTokens), number(dollars), strconv.Itoa(bad))
}
