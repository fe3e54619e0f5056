package table

import (
	"fmt"
	"slices"
	"strings"

	"llm4rec/results"
)

// spent is what the calls of language models took.
type spent struct {
	calls, recorded, tokens int
	dollars                 float64
	unpriced                bool
}

func (s *spent) add(calls, recorded, tokens int, dollars float64) {
	s.calls, s.recorded, s.tokens = s.calls+calls, s.recorded+recorded, s.tokens+tokens
	if calls > 0 && dollars < 0 {
		s.unpriced = true
		return
	}
	s.dollars += max(0, dollars)
}

func (s spent) plus(o spent) spent {
	return spent{s.calls + o.calls, s.recorded + o.recorded, s.tokens + o.tokens, s.dollars + o.dollars, s.unpriced || o.unpriced}
}

func (s spent) price() string {
	if s.unpriced {
		return "unknown"
	}
	return figure(s.dollars)
}

// spent is what a row's cells took, all seeds together.
func (r *Row) spent() spent {
	var out spent
	for _, rec := range r.Records {
		if x := rec.LLM; x != nil {
			out.add(x.Calls, x.Recorded, x.PromptTokens+x.OutputTokens, x.Dollars)
		}
		for _, x := range rec.Accounts() {
			out.add(x.Calls, x.Recorded, x.PromptTokens+x.OutputTokens, x.Dollars)
		}
	}
	return out
}

// seconds of a row's cells, in the mean over the seeds: fit, recommend and score, or what takes their place.
func (r *Row) seconds() float64 {
	return mean(each(r.Records, func(rec results.Record) float64 {
		return rec.Timing.FitWall + rec.Timing.RecommendWall + rec.Timing.ScoreWall
	}))
}

// stage names what a row is in a pipeline.
func (r *Row) stage() string {
	rec := r.Records[0]
	switch {
	case rec.Reasons != nil:
		return "explain"
	case rec.Identity.First != "":
		return "rank"
	default:
		return "retrieve"
	}
}

// chains are the rows one after the other that end in one that nothing works on, where the end explains or the experiment
// augments.
func (t *Table) chains(augmented bool) [][]*Row {
	rows := t.finished()
	for _, r := range t.Explained {
		if len(r.Records) > 0 {
			rows = append(rows, r)
		}
	}
	var out [][]*Row
	for _, end := range rows {
		explains := end.Records[0].Reasons != nil
		if !explains && (!augmented || slices.ContainsFunc(rows, func(x *Row) bool { return t.before(x) == end })) {
			continue
		}
		chain := []*Row{end}
		for r := t.before(end); r != nil; r = t.before(r) {
			chain = append(chain, r)
		}
		slices.Reverse(chain)
		if len(chain) > 1 {
			out = append(out, chain)
		}
	}
	return out
}

// pipeline lays out the stages, and what the store of memories holds.
func (t *Table) pipeline(e *Experiment) []grid {
	out := t.stages(e)
	if out != nil && e.Augmented != nil {
		out[0].legend = append(out[0].legend, sources(*e.Augmented))
	}
	return out
}

// stages lays out quality and cost after each stage of the longest ways through an experiment.
func (t *Table) stages(e *Experiment) []grid {
	chains := t.chains(e.Augmented != nil)
	if len(chains) == 0 {
		return nil
	}
	g := grid{caption: []string{"Stages, " + t.Protocol}, names: 2, header: []string{"stage", "system"}}
	var accuracy []int
	for n, m := range e.Metrics {
		if m.Accuracy() && len(accuracy) < 3 && (m.Name == Primary || strings.HasPrefix(m.Name, "recall@")) {
			accuracy = append(accuracy, n)
			g.header = append(g.header, m.Name)
		}
	}
	g.header = append(g.header, "s", "s so far", "calls", "recorded", "k tokens", "$", "$ so far", "what it did")
	g.legend = []string{"s: of the stage as it was run last, in the mean over seeds, where recorded calls take no time; calls, tokens, $: of all seeds; so far: with the stages before it. What a stage reads decides whether it is run again"}
	for n, chain := range chains {
		if n > 0 {
			g.rows = append(g.rows, make([]cell, len(g.header)))
		}
		var so spent
		var seconds float64
		stage := func(name, system string, values []cell, s float64, took spent, did string) {
			so, seconds = so.plus(took), seconds+s
			line := append([]cell{{text: name}, {text: system}}, values...)
			calls, recorded, tokens, price := none, none, none, none
			if took.calls > 0 {
				calls, recorded, tokens, price = fmt.Sprint(took.calls), fmt.Sprint(took.recorded), figure(float64(took.tokens)/1000), took.price()
			}
			for _, text := range []string{figure(s), figure(seconds), calls, recorded, tokens, price, so.price(), did} {
				line = append(line, cell{text: text})
			}
			g.rows = append(g.rows, line)
		}
		if a := e.Augmented; a != nil {
			var took spent
			if x := a.Account; x != nil {
				took.add(x.Calls, x.Recorded, x.PromptTokens+x.OutputTokens, x.Dollars)
			}
			var values []cell
			for range accuracy {
				values = append(values, cell{text: none})
			}
			stage("augment", "memories", values, a.Wall, took, gathered(*a))
		}
		for _, r := range chain {
			var values []cell
			for _, m := range accuracy {
				x := r
				if r.Records[0].Reasons != nil {
					x = t.before(r) // whose lists it leaves as they are
				}
				values = append(values, cell{text: fmt.Sprintf("%.4f", x.mean(m))})
			}
			stage(r.stage(), r.Marked(), values, r.seconds(), r.spent(), r.did())
		}
	}
	return []grid{g}
}

// gathered says of how many sources a store holds what.
func gathered(a results.Augmented) string {
	most := 0
	for _, s := range a.Sources {
		most = max(most, s.Outcomes["matched"]+s.Outcomes["written"])
	}
	text := fmt.Sprintf("%d sources, the largest of %d items", len(a.Sources), most)
	if a.Earlier > 0 {
		text += fmt.Sprintf("; %d answers of runs before", a.Earlier)
	}
	return text
}

// sources are those of a store, with what is missing.
func sources(a results.Augmented) string {
	var out []string
	for _, s := range a.Sources {
		out = append(out, s.Source+": "+s.Summary())
	}
	text := "memories: " + strings.Join(out, "; ")
	if a.Status != results.OK {
		text += "; " + string(a.Status) + ": " + a.Error
	}
	return text
}

// did is what a stage did beside its accuracy.
func (r *Row) did() string {
	rec := r.Records[0]
	switch {
	case rec.Reasons != nil:
		x := rec.Reasons
		return fmt.Sprintf("%d reasons for %d items, grounded %.3f, in history %.3f, exact %.3f", x.Reasons, x.Asked, x.Grounded, x.InHistory, x.Exact)
	case rec.LLM != nil:
		return fmt.Sprintf("ordered %d candidates for %d users, %.1f%% of the answers ok", rec.LLM.Candidates, rec.LLM.Asked, 100*okShare(rec.LLM.Answers))
	}
	return fmt.Sprintf("%d users", rec.Users)
}

func okShare(answers map[string]int) float64 {
	all := 0
	for _, n := range answers {
		all += n
	}
	if all == 0 {
		return 0
	}
	return float64(answers["ok"]) / float64(all)
}
