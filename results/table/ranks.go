package table

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// RankChanges says, for an experiment with several protocols over a data set, whose rank by the primary metric differs
// between the first protocol and each other one. Ranks are among the systems that have values under both.
func RankChanges(e *Experiment) []string {
	var out []string
	if !e.Metrics[primary(e.Metrics)].Accuracy() {
		return nil // there is no better and no worse
	}
	for n, t := range e.Tables {
		first := e.Tables[slices.IndexFunc(e.Tables, func(x *Table) bool { return x.Dataset == t.Dataset })]
		if first == e.Tables[n] {
			continue
		}
		before, after := ranks(first, t), ranks(t, first)
		if len(before) < 2 {
			continue
		}
		var changes []string
		for _, r := range first.finished() {
			if b, a := before[r.System], after[r.System]; b != a {
				changes = append(changes, fmt.Sprintf("%s %d→%d", r.System, b, a))
			}
		}
		if changes == nil {
			changes = []string{"no rank changed"}
		}
		metric := e.Metrics[primary(e.Metrics)].Name
		out = append(out, fmt.Sprintf("Under %s: %s (by %s on %s, against %s)", t.Protocol, strings.Join(changes, ", "), metric, t.Dataset, first.Protocol))
	}
	return out
}

// ranks gives the systems of t that other has too their rank by the primary metric, from 1.
func ranks(t, other *Table) map[string]int {
	type entry struct {
		system string
		mean   float64
	}
	in := map[string]bool{}
	for _, r := range other.finished() {
		in[r.System] = true
	}
	var list []entry
	for _, r := range t.finished() {
		if p := primary(r.Metrics); in[r.System] {
			list = append(list, entry{r.System, r.mean(p)})
		}
	}
	slices.SortStableFunc(list, func(a, b entry) int { return cmp.Compare(b.mean, a.mean) })
	out := map[string]int{}
	for n, x := range list {
		out[x.system] = n + 1
	}
	return out
}
