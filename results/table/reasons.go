package table

import (
	"fmt"

	"llm4rec/results"
)

// reasons lays out how good the reasons are that systems give for what others recommend. It is empty where none does.
func (t *Table) reasons() []grid {
	g := grid{
		caption: []string{"Reasons, " + t.Protocol}, names: 3,
		header: []string{"system", "of", "by", "items", "reasons", "grounded", "in history", "exact", "fuzzy", "not in catalogue", "FCR", "DIV", "USR", "words", "calls", "recorded", "k tokens", "$", "p50 s"},
		legend: []string{
			"grounded: reasons that cite an item of the history; in history: cited items that are in it; exact, fuzzy: claims about fields that these support, as they are written and with other spellings",
			"not in catalogue: titles in sentences that no item has; FCR: share of features that are mentioned at all; DIV: features that two sentences share, less is better; USR: share of sentences that are different",
		},
	}
	for _, r := range t.Explained {
		if r.Status() == NotRun {
			continue
		}
		line := []cell{{text: r.marked()}, {text: t.of(r)}}
		if len(r.Records) == 0 {
			line = append(line, cell{text: string(r.Status())})
			for len(line) < len(g.header) {
				line = append(line, cell{text: none})
			}
			g.rows = append(g.rows, line)
			continue
		}
		share := func(of func(x results.Reasons) float64) cell {
			values := make([]float64, len(r.Records))
			for n, rec := range r.Records {
				values[n] = of(*rec.Reasons)
			}
			return cell{text: fmt.Sprintf("%.4f", mean(values))}
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
			cell{text: fmt.Sprint(count(func(x results.Reasons) int { return x.Asked }))}, cell{text: fmt.Sprint(count(func(x results.Reasons) int { return x.Reasons }))},
			share(func(x results.Reasons) float64 { return x.Grounded }), share(func(x results.Reasons) float64 { return x.InHistory }),
			share(func(x results.Reasons) float64 { return x.Exact }), share(func(x results.Reasons) float64 { return x.Fuzzy }),
			share(func(x results.Reasons) float64 { return x.Invented }), share(func(x results.Reasons) float64 { return x.FCR }),
			share(func(x results.Reasons) float64 { return x.DIV }), share(func(x results.Reasons) float64 { return x.USR }),
			cell{text: fmt.Sprintf("%.1f", mean(each(r.Records, func(rec results.Record) float64 { return rec.Reasons.Words })))})
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

// of is the system that a row works on, – where that is not shown.
func (t *Table) of(r *Row) string {
	if before := t.before(r); before != nil {
		return before.System
	}
	return none
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
