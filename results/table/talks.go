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
		g.rows = append(g.rows, texts(r.Marked(), a.Planner, model(a.Account), fmt.Sprint(turns), counted(ends), per(tools, turns), per(bad, tools), per(s.calls, turns), per(s.tokens, 1000*turns),
			s.each(turns), figure(mean(each(r.Records, func(x results.Record) float64 { return x.Agent.TurnP50 }))), figure(mean(each(r.Records, func(x results.Record) float64 { return x.Agent.TurnP95 })))))
	}
	if g.rows == nil {
		return nil
	}
	return []grid{g}
}

// talks lays out conversations with simulated users: a part for each kind of user, number of turns and items read, as others do
// not compare. It is empty where there are none.
func (t *Table) talks() []grid {
	var kinds []string
	by := map[string][]*Row{}
	missing := grid{caption: []string{"Conversations that were not held, " + t.Protocol}, names: 2, header: []string{"system", "status"}}
	for _, r := range t.Talked {
		switch {
		case r.Status() == NotRun:
		case len(r.Records) == 0:
			missing.rows = append(missing.rows, texts(r.Marked(), string(r.Status())))
		default:
			d := r.Records[0].Dialogue
			kind := fmt.Sprintf("simulated user: %s; at most %d turns, of which the user reads %d items each; hits are ids; a conversation without one counts %d turns", simulated(d), d.Turns, d.K, d.Turns+1)
			if by[kind] == nil {
				kinds = append(kinds, kind)
			}
			by[kind] = append(by[kind], r)
		}
	}
	var out []grid
	for _, kind := range kinds {
		out = append(out, t.conversed(kind, by[kind])...)
	}
	if missing.rows != nil {
		out = append(out, missing)
	}
	return out
}

// conversed lays out rows whose users and turns are alike.
func (t *Table) conversed(kind string, rows []*Row) []grid {
	g := grid{caption: []string{"Conversations, " + t.Protocol}, names: 3, header: []string{"system", "agent", "model"}}
	most := rows[0].dialogues()
	for _, r := range rows {
		if m := r.dialogues(); len(m) > len(most) { // more repeats, and so more of pass^r
			most = m
		}
	}
	floor := rows[competitors(rows)[0]] // rows that must not be published are compared with nothing
	for n, m := range most {
		g.header = append(g.header, m.Name)
		if n == 0 {
			g.header = append(g.header, "95%", "p, against "+floor.System)
		}
	}
	first := func(r *Row) []float64 { return r.dialogues()[0].Values }
	tested := map[*Row]float64{}
	var order []*Row
	var p []float64
	for _, n := range competitors(rows) {
		if r := rows[n]; r != floor && len(first(r)) == len(first(floor)) {
			order, p = append(order, r), append(p, stats.Paired(minus(first(r), first(floor)), stats.Resamples, seed))
		}
	}
	for n, adjusted := range stats.Holm(p) {
		tested[order[n]] = adjusted
	}
	for _, r := range rows {
		a := r.Records[0].Dialogue.Agent
		line := texts(r.Marked(), a.Planner, model(a.Account))
		for n, m := range most {
			line = append(line, cell{text: measure(r.dialogues(), m.Name)})
			if n > 0 {
				continue
			}
			lo, hi := r.interval(0)
			line = append(line, cell{text: fmt.Sprintf("%.4f–%.4f", lo, hi)})
			if v, was := tested[r]; was {
				line = append(line, cell{text: fmt.Sprintf("%.4f", v)})
			} else {
				line = append(line, cell{text: none})
			}
		}
		g.rows = append(g.rows, line)
	}
	g.legend = []string{
		kind,
		"pass^r: the chance that r repeats all succeed; satisfied: recommended items for which the user's constraints hold, of those known by then, and of all",
		"p: paired randomisation test by user of the first measure, Holm over the rows",
	}
	return []grid{g, t.courses(rows)}
}

// courses lays out what conversations are like.
func (t *Table) courses(rows []*Row) grid {
	g := grid{
		caption: []string{"What conversations are like, " + t.Protocol}, names: 1,
		header: []string{"system", "outcomes", "ends", "items left", "given away", "within k", "not to be recommended", "repeated", "user's calls", "replaced", "$ each"},
		legend: []string{
			"items left: median (quartiles) of the catalogue's items that fit all that had been said; given away: conversations at whose end one was left; within k: no more than the user reads",
			"user's calls: of the language model that plays the user; replaced: its utterances of no use, in whose place stands what the rules would say",
		},
	}
	for _, r := range rows {
		outcomes, ends, replaced := map[string]int{}, map[string]int{}, map[string]int{}
		away, within, excluded, repeated, calls := 0, 0, 0, 0, 0
		for _, rec := range r.Records {
			x := rec.Dialogue
			for k, c := range x.Outcomes {
				outcomes[k] += c
			}
			for k, c := range x.Agent.Ends {
				ends[k] += c
			}
			for k, c := range x.Replaced {
				replaced[k] += c
			}
			if x.User != nil {
				calls += x.User.Calls
			}
			away, within, excluded, repeated = away+x.GivenAway, within+x.Within, excluded+x.Excluded+x.Unknown, repeated+x.Repeated
		}
		left := none
		if q := r.Records[0].Dialogue.Left; len(q) == 5 {
			left = fmt.Sprintf("%.0f (%.0f–%.0f)", q[2], q[1], q[3])
		}
		g.rows = append(g.rows, texts(r.Marked(), counted(outcomes), counted(ends), left, fmt.Sprint(away), fmt.Sprint(within), fmt.Sprint(excluded), fmt.Sprint(repeated),
			fmt.Sprint(calls), orNone(counted(replaced)), r.spent().each(len(r.Talks))))
	}
	return g
}

func orNone(text string) string {
	if text == "" {
		return none
	}
	return text
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
