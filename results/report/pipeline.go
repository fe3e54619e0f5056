package report

import (
	"fmt"
	"slices"

	"llm4rec/results/figure"
	"llm4rec/results/table"
)

// step is one stage of a chain, with what stands after it.
type step struct {
	Row        *row
	Change     string // of the primary metric, from the stage before
	Fit, P50   string
	Calls      int
	Dollars    string
	TokensIn   int
	TokensOut  int
	SecondsLLM string
}

// chain is a row with the stages before it, from the first.
type chain struct{ Steps []step }

// pipeline writes what quality and cost are after each stage.
func (s *site) pipeline(b *board, stages tables) error {
	var chains []chain
	f := &figure.Figure{
		Name: "stages", Title: b.Metric() + " after each stage", X: figure.Axis{Label: "stage"}, Y: figure.Axis{Label: b.Metric()},
	}
	longest := 0
	for _, r := range b.Rows {
		if r.Standing == nil || b.table.First(r.Row) == nil {
			continue
		}
		rows := b.chain(r)
		var c chain
		line := figure.Series{Name: r.System, Kind: figure.Line}
		for n, x := range rows {
			c.Steps = append(c.Steps, newStep(b.table, x, rows[:n]))
			line.Points = append(line.Points, figure.Point{X: float64(n), Y: x.Standing.Mean, Lo: x.Standing.Lo, Hi: x.Standing.Hi})
		}
		chains = append(chains, c)
		longest = max(longest, len(rows))
		if len(f.Series) < most {
			f.Series = append(f.Series, line)
		}
	}
	for n := range longest {
		f.X.Names = append(f.X.Names, fmt.Sprintf("stage %d", n+1))
	}
	// Intervals of several chains at one stage would cover each other.
	for n := range f.Series {
		for i := range f.Series[n].Points {
			f.Series[n].Points[i].X += .03 * (float64(n) - float64(len(f.Series)-1)/2)
		}
	}
	page := struct {
		head
		*board
		Stages  tables
		Chains  []chain
		Figure  *drawn
		Augment *augmented
		Missing []pair
	}{head: b.head("Pipeline", "Pipeline"), board: b, Stages: stages, Chains: chains, Augment: newAugmented(b.experiment.Augmented), Missing: b.unavailable()}
	if chains != nil {
		page.Figure = draw(f)
	}
	return s.page(b.Dir+"/pipeline.html", "pipeline.html", page)
}

// chain is a row with those whose answers it rests on, from the first.
func (b *board) chain(r *row) []*row {
	out := []*row{r}
	for t := b.table.First(r.Row); t != nil; t = b.table.First(t) {
		x := b.find(t)
		if x == nil || x.Standing == nil || slices.Contains(out, x) {
			break
		}
		out = append(out, x)
	}
	slices.Reverse(out)
	return out
}

func newStep(t *table.Table, r *row, before []*row) step {
	x := step{Row: r, Dollars: "–", SecondsLLM: "–", Fit: "–", P50: "–"}
	if n := len(before); n > 0 {
		x.Change = fmt.Sprintf("%+.4f", r.Standing.Mean-before[n-1].Standing.Mean)
	}
	for _, m := range t.Measurements(r.Row) {
		switch m.Name {
		case "fit_wall_sec":
			x.Fit = m.Text
		case "latency_p50_sec":
			x.P50 = m.Text
		}
	}
	if r.Records[0].LLM == nil {
		return x
	}
	dollars, latency, known := 0., 0., true
	for _, rec := range r.Records {
		l := rec.LLM
		x.Calls, x.TokensIn, x.TokensOut = x.Calls+l.Calls, x.TokensIn+l.PromptTokens, x.TokensOut+l.OutputTokens
		dollars, latency, known = dollars+l.Dollars, latency+l.LatencyP50, known && l.Dollars >= 0
	}
	x.SecondsLLM = table.Figure(latency / float64(len(r.Records)))
	if x.Dollars = "unknown"; known {
		x.Dollars = table.Figure(dollars)
	}
	return x
}
