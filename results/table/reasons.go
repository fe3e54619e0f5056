package table

import (
	"fmt"

	"llm4rec/results"
)

// quality is one measure of a cell's reasons.
type quality struct {
	name string
	of   func(results.Reasons) float64
}

func qualities() []quality {
	return []quality{
		{"grounded", func(x results.Reasons) float64 { return x.Grounded }},
		{"in history", func(x results.Reasons) float64 { return x.InHistory }},
		{"exact", func(x results.Reasons) float64 { return x.Exact }},
		{"fuzzy", func(x results.Reasons) float64 { return x.Fuzzy }},
		{"not in catalogue", func(x results.Reasons) float64 { return x.Invented }},
		{"FCR", func(x results.Reasons) float64 { return x.FCR }},
		{"DIV", func(x results.Reasons) float64 { return x.DIV }},
		{"USR", func(x results.Reasons) float64 { return x.USR }},
		{"words", func(x results.Reasons) float64 { return x.Words }},
	}
}

// reasons lays out how good the reasons are that systems give for what others recommend. It is empty where none does.
func (t *Table) reasons() []grid {
	g := grid{
		caption: []string{"Reasons, " + t.Protocol}, names: 3,
		header: []string{"system", "of", "by", "items", "reasons"},
		legend: []string{
			"grounded: reasons that cite an item of the history; in history: cited items that are in it; exact, fuzzy: claims about fields that these support, as they are written and with other spellings",
			"not in catalogue: titles in sentences that no item has; FCR: share of features that are mentioned at all; DIV: features that two sentences share, less is better; USR: share of sentences that are different",
		},
	}
	for _, q := range qualities() {
		g.header = append(g.header, q.name)
	}
	g.header = append(g.header, "calls", "recorded", "k tokens", "$", "p50 s")
	for _, r := range t.Explained {
		if r.Status() == NotRun {
			continue
		}
		line := []cell{{text: r.Marked()}, {text: orNone(t.worksOn(r))}}
		if len(r.Records) == 0 {
			line = append(line, cell{text: string(r.Status())})
			for len(line) < len(g.header) {
				line = append(line, cell{text: none})
			}
			g.rows = append(g.rows, line)
			continue
		}
		count := func(of func(x results.Reasons) int) int {
			sum := 0
			for _, rec := range r.Records {
				sum += of(*rec.Reasons)
			}
			return sum
		}
		x := *r.Records[0].Reasons
		by := fmt.Sprintf("%s v%d", x.Name, x.Version)
		if x.Account != nil {
			by = x.Account.Model + ", " + by
			if x.Account.Test {
				by += " (test model)"
			}
		}
		line = append(line, cell{text: by},
			cell{text: fmt.Sprint(count(func(x results.Reasons) int { return x.Asked }))}, cell{text: fmt.Sprint(count(func(x results.Reasons) int { return x.Reasons }))})
		for _, m := range r.summaries() {
			text := fmt.Sprintf("%.4f", m.Mean)
			if m.name == "words" {
				text = fmt.Sprintf("%.1f", m.Mean)
			}
			line = append(line, cell{text: text})
		}
		if a := r.spent(); a.calls == 0 {
			for range 5 {
				line = append(line, cell{text: none})
			}
		} else {
			line = append(line, cell{text: fmt.Sprint(a.calls)}, cell{text: fmt.Sprint(a.recorded)}, cell{text: figure(float64(a.tokens) / 1000)}, cell{text: a.price()},
				cell{text: figure(mean(each(r.Records, func(rec results.Record) float64 { return rec.Reasons.Account.LatencyP50 })))})
		}
		g.rows = append(g.rows, line)
	}
	if g.rows == nil {
		return nil
	}
	return []grid{g}
}

func each(records []results.Record, of func(results.Record) float64) []float64 {
	out := make([]float64, len(records))
	for n, r := range records {
		out[n] = of(r)
	}
	return out
}

// worksOn is the system whose answers a row works on, "" where it answers by itself, or that one is not shown.
func (t *Table) worksOn(r *Row) string {
	if before := t.before(r); before != nil {
		return before.System
	}
	return ""
}

// before is the row whose answers another works on, nil where it is not shown or answers by itself.
func (t *Table) before(r *Row) *Row {
	if len(r.Records) == 0 || r.Records[0].Identity.First == "" {
		return nil
	}
	for _, x := range t.finished() {
		for _, rec := range x.Records {
			if rec.ID == r.Records[0].Identity.First {
				return x
			}
		}
	}
	return nil
}
