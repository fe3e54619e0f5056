package table

import (
	"slices"

	"llm4rec/eval/dialogue"
	"llm4rec/results"
)

// Parts of a table, beside the rankings.
const (
	reasonsPart = "reasons"
	talksPart   = "conversations"
)

// part is a list of a table's rows that are measured alike.
type part struct {
	name string // "" for the rankings
	rows []*Row
}

func (t *Table) parts() []part {
	return []part{{"", t.Rows}, {reasonsPart, t.Explained}, {talksPart, t.Talked}}
}

// named is the summary of a metric or measure.
type named struct {
	name string
	Summary
}

// summaries are those of all that was measured of a row: of its rankings, its reasons, or its conversations, whose seeds are
// users of one sample.
func (r *Row) summaries() []named {
	if len(r.Records) == 0 {
		return nil
	}
	var out []named
	switch {
	case r.Records[0].Reasons != nil:
		for _, q := range qualities() {
			values := each(r.Records, func(x results.Record) float64 { return q.of(*x.Reasons) })
			out = append(out, named{q.name, Summary{Mean: mean(values), SeedSD: deviation(values)}})
		}
	case r.Records[0].Dialogue != nil:
		for n, m := range r.dialogues() {
			if len(m.Values) == 0 {
				continue
			}
			lo, hi := r.interval(n)
			out = append(out, named{m.Name, Summary{Mean: m.Mean(), Lo: &lo, Hi: &hi}})
		}
	default:
		for n, s := range r.summarise(r.every()...) {
			out = append(out, named{r.Metrics[n].Name, s})
		}
	}
	return out
}

// people is how many users a row is about.
func (r *Row) people() int {
	if r.Users == nil && len(r.Records) > 0 {
		return r.Records[0].Users
	}
	return len(r.Users)
}

// union lists what was measured in all experiments: the metrics in the order of their first appearance, then other measures,
// but for times.
func union(experiments []Experiment) []string {
	var out []string
	for _, e := range experiments {
		for _, m := range e.Metrics {
			out = appendNew(out, m.Name)
		}
	}
	for _, e := range experiments {
		for _, t := range e.Tables {
			for _, r := range slices.Concat(t.Explained, t.Talked) {
				for _, m := range r.summaries() {
					if m.name != dialogue.Seconds {
						out = appendNew(out, m.name)
					}
				}
			}
		}
	}
	return out
}
