package table

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"llm4rec/eval/dialogue"
	"llm4rec/eval/stats"
	"llm4rec/results"
)

// agents lays out what systems did that are agents, each asked once by every user. It is empty where none is.
func (t *Table) agents() []grid {
	g := grid{
		caption: []string{"Agents, " + t.Protocol}, names: 3,
		header: []string{"system", "agent", "model", "turns", "ends", "tool calls a turn", "tool errors", "calls a turn", "k tokens a turn", "$ a user", "p50 s", "p95 s"},
		legend: []string{"ends: how turns ended; a bound that is hit, or an answer of no use, ends in a fallback recommendation"},
	}
	for _, r := range t.finished() {
		if r.Records[0].Agent == nil {
			continue
		}
		turns, tools, bad := 0, 0, 0
		ends := map[string]int{}
		for _, rec := range r.Records {
			a := rec.Agent
			turns, tools, bad = turns+a.Turns, tools+a.ToolCalls, bad+a.ToolErrors
			for k, n := range a.Ends {
				ends[k] += n
			}
		}
		s := r.spent()
		a := r.Records[0].Agent
		g.rows = append(g.rows, texts(r.marked(), a.Planner, model(a.Account), fmt.Sprint(turns), counted(ends), per(tools, turns), per(bad, tools), per(s.calls, turns), per(s.tokens, 1000*turns),
			s.each(turns), figure(mean(each(r.Records, func(x results.Record) float64 { return x.Agent.TurnP50 }))), figure(mean(each(r.Records, func(x results.Record) float64 { return x.Agent.TurnP95 })))))
	}
	if g.rows == nil {
		return nil
	}
	return []grid{g}
}

// talks lays out conversations with simulated users. It is empty where there are none.
func (t *Table) talks() []grid {
	if len(t.Talked) == 0 {
		return nil
	}
	g := grid{caption: []string{"Conversations, " + t.Protocol}, names: 3, header: []string{"system", "agent", "model"}}
	cost := grid{caption: []string{"What conversations are like, " + t.Protocol}, names: 1, header: []string{"system", "outcomes", "ends", "items left", "given away", "within k", "not to be recommended", "repeated", "$ each"}}
	var floor []float64
	var reference string
	var rows []*Row
	var measured [][]dialogue.Measure
	for _, r := range t.Talked {
		switch {
		case r.Status() == NotRun:
		case len(r.Records) == 0:
			g.rows = append(g.rows, texts(r.marked(), string(r.Status())))
		default:
			rows, measured = append(rows, r), append(measured, r.dialogues())
		}
	}
	if len(rows) == 0 {
		return []grid{g}
	}
	d := rows[0].Records[0].Dialogue
	reference = rows[0].System
	floor = measured[0][0].Values
	for _, m := range measured[0] {
		g.header = append(g.header, m.Name)
		if m.Name == measured[0][0].Name {
			g.header = append(g.header, "95%", "p, against "+reference)
		}
	}
	p := make([]float64, 0, len(rows))
	same := func(n int) bool { // the same measure of the same users
		m := measured[n][0]
		return m.Name == measured[0][0].Name && slices.Equal(m.Users, measured[0][0].Users)
	}
	for n := range rows[1:] {
		if same(n + 1) {
			p = append(p, stats.Paired(minus(measured[n+1][0].Values, floor), stats.Resamples, seed))
		}
	}
	adjusted := stats.Holm(p)
	var table [][]cell
	next := 0
	for n, r := range rows {
		a := r.Records[0].Dialogue.Agent
		line := texts(r.marked(), a.Planner, model(a.Account))
		for k, name := range g.header[3:] {
			switch {
			case k == 1 && measured[n][0].Name == measured[0][0].Name:
				lo, hi := r.interval(0)
				line = append(line, cell{text: fmt.Sprintf("%.4f–%.4f", lo, hi)})
			case k == 2 && n > 0 && same(n):
				line = append(line, cell{text: fmt.Sprintf("%.4f", adjusted[next])})
				next++
			case k == 1, k == 2:
				line = append(line, cell{text: none})
			default:
				line = append(line, cell{text: measure(measured[n], name)})
			}
		}
		table = append(table, line)
		outcomes, ends := map[string]int{}, map[string]int{}
		away, within, excluded, repeated := 0, 0, 0, 0
		for _, rec := range r.Records {
			x := rec.Dialogue
			for k, c := range x.Outcomes {
				outcomes[k] += c
			}
			for k, c := range x.Agent.Ends {
				ends[k] += c
			}
			away, within, excluded, repeated = away+x.GivenAway, within+x.Within, excluded+x.Excluded+x.Unknown, repeated+x.Repeated
		}
		left := none
		if q := r.Records[0].Dialogue.Left; len(q) == 5 {
			left = fmt.Sprintf("%.0f (%.0f–%.0f)", q[2], q[1], q[3])
		}
		cost.rows = append(cost.rows, texts(r.marked(), counted(outcomes), counted(ends), left, fmt.Sprint(away), fmt.Sprint(within), fmt.Sprint(excluded), fmt.Sprint(repeated), r.spent().each(len(r.Talks))))
	}
	g.rows = append(table, g.rows...)
	g.legend = []string{
		fmt.Sprintf("simulated user: %s; at most %d turns, of which the user reads %d items each; hits are ids; a conversation without one counts %d turns", simulated(d), d.Turns, d.K, d.Turns+1),
		"pass^r: the chance that r repeats all succeed; satisfied: recommended items for which the user's constraints hold, of those known by then, and of all",
		"p: paired randomisation test by user of the first measure, Holm over the rows",
	}
	cost.legend = []string{"items left: median (quartiles) of the catalogue's items that fit all that had been said; given away: conversations at whose end one was left; within k: no more than the user reads"}
	return []grid{g, cost}
}

// dialogues measures a row's conversations, once.
func (r *Row) dialogues() []dialogue.Measure {
	if r.measures != nil {
		return r.measures
	}
	index := map[string]int32{}
	var all []dialogue.Conversation
	for _, x := range r.Talks {
		u, known := index[x.User]
		if !known {
			u = int32(len(index))
			index[x.User] = u
		}
		share := func(held, of int32) dialogue.Share { return dialogue.Share{Held: int(held), Of: int(of)} }
		all = append(all, dialogue.Conversation{
			User: u, Turns: int(x.Turns), Rank: int(x.Rank),
			ByKind: map[dialogue.Kind]dialogue.Share{
				dialogue.Volunteered: share(x.Volunteered, x.VolunteeredOf), dialogue.OnAsk: share(x.OnAsk, x.OnAskOf), dialogue.Hidden: share(x.Hidden, x.HiddenOf),
			},
			Known: share(x.Known, x.KnownOf), Items: share(x.Items, x.ItemsOf),
			Calls: int(x.Calls), PromptTokens: int(x.PromptTokens), OutputTokens: int(x.OutputTokens),
			ToolCalls: int(x.ToolCalls), ToolErrors: int(x.ToolErrors), Seconds: x.Seconds,
		})
	}
	d := r.Records[0].Dialogue
	r.measures = dialogue.Measures(all, d.K, d.Turns)
	return r.measures
}

// measure writes the mean of the one with that name.
func measure(all []dialogue.Measure, name string) string {
	for _, m := range all {
		if m.Name == name && len(m.Values) > 0 {
			return digits(name, m.Mean())
		}
	}
	return none
}

func digits(name string, x float64) string {
	if strings.HasSuffix(name, "a turn") || name == "turns" {
		return figure(x)
	}
	return fmt.Sprintf("%.4f", x)
}

// Measured is a measure of a row's conversations, in words.
type Measured struct {
	Name, Mean, Range string // the 95% interval over users
	Users             int    // for whom it is defined
	Value, Lo, Hi     float64
}

// Measured are the measures of a row that talks.
func (r *Row) Measured() []Measured {
	var out []Measured
	for n, m := range r.dialogues() {
		x := Measured{Name: m.Name, Mean: none, Range: none, Users: len(m.Values)}
		if len(m.Values) > 0 {
			x.Value = m.Mean()
			x.Lo, x.Hi = r.interval(n)
			x.Mean, x.Range = digits(m.Name, x.Value), digits(m.Name, x.Lo)+"–"+digits(m.Name, x.Hi)
		}
		out = append(out, x)
	}
	return out
}

// interval is the 95% bootstrap interval over users of a measure, by its place, computed once.
func (r *Row) interval(n int) (lo, hi float64) {
	x, known := r.intervals[n]
	if !known {
		found, _ := stats.Bootstrap(r.dialogues()[n].Values, 1, stats.Resamples, seed)
		x = [2]float64{found[0].Lo, found[0].Hi}
		if r.intervals == nil {
			r.intervals = map[int][2]float64{}
		}
		r.intervals[n] = x
	}
	return x[0], x[1]
}

// Counted writes counts by name, the largest first.
func Counted(m map[string]int) string { return counted(m) }

func simulated(d *results.Dialogue) string {
	if d.User == nil {
		return d.Simulator
	}
	return d.Simulator + " by " + model(d.User)
}

func model(a *results.Account) string {
	switch {
	case a == nil:
		return none
	case a.Test:
		return a.Model + " (test model)"
	}
	return a.Model
}

func texts(values ...string) []cell {
	out := make([]cell, len(values))
	for n, v := range values {
		out[n].text = v
	}
	return out
}

// counted writes counts by name, the largest first.
func counted(m map[string]int) string {
	names := slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		if m[a] != m[b] {
			return m[b] - m[a]
		}
		return strings.Compare(a, b)
	})
	var out []string
	for _, k := range names {
		out = append(out, fmt.Sprintf("%s %d", k, m[k]))
	}
	return strings.Join(out, ", ")
}

// per is a ratio, – of nothing.
func per(a, b int) string {
	if b == 0 {
		return none
	}
	return figure(float64(a) / float64(b))
}

// each is the price of one of so many.
func (s spent) each(n int) string {
	switch {
	case s.unpriced:
		return "unknown"
	case n == 0:
		return none
	}
	return fmt.Sprintf("%.5f", s.dollars/float64(n))
}
