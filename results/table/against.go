package table

import (
	"fmt"

	"llm4rec/eval/stats"
)

// against lays out what each row adds to the baseline, or takes from it, on the primary metric: what a change is worth. It is empty
// without a baseline that has values by user.
func (t *Table) against(e *Experiment, o Options) []grid {
	rows := t.finished()
	base := t.baseline(o.baseline(e))
	if base == nil || o.baseline(e) == "" {
		return nil
	}
	p := primary(e.Metrics)
	g := grid{
		caption: []string{"Against " + base.System + ", " + t.Protocol}, names: 1,
		header: []string{"system", "difference, " + e.Metrics[p].Name, "95%", "p (Holm)", "verdict"},
		legend: []string{"difference: paired by user, with its bootstrap interval; p: paired randomisation test by user, Holm over the rows"},
	}
	var values [][]float64
	var tested []*Row
	var found []float64
	for _, n := range competitors(rows) {
		r := rows[n]
		if r == base || r.Values[p] == nil || base.Values[p] == nil || len(r.Values[p]) != len(base.Values[p]) {
			continue
		}
		d := minus(r.Values[p], base.Values[p])
		values, tested, found = append(values, d), append(tested, r), append(found, stats.Paired(d, stats.Resamples, seed))
	}
	for n, adjusted := range stats.Holm(found) {
		interval, _ := stats.Bootstrap(values[n], 1, stats.Resamples, seed)
		verdict := "not distinguishable"
		switch {
		case adjusted <= alpha && interval[0].Mean > 0:
			verdict = "better"
		case adjusted <= alpha:
			verdict = "worse"
		}
		g.rows = append(g.rows, texts(tested[n].Marked(), fmt.Sprintf("%+.4f", interval[0].Mean), fmt.Sprintf("[%+.4f, %+.4f]", interval[0].Lo, interval[0].Hi), fmt.Sprintf("%.4f", adjusted), verdict))
	}
	if g.rows == nil {
		return nil
	}
	return []grid{g}
}
