package table

import "slices"

// costs lays out what the lists cost: one grid for each kind of hardware, as a figure of one says nothing beside that of
// another. A row whose seeds ran on several has no timing, and stands with the first of them.
func (t *Table) costs(at map[*Row][]Summary) []grid {
	var columns []column
	for _, x := range timings() {
		if x.header != "" {
			columns = append(columns, column{x.header, func(r *Row, _ []Summary) cell { return cell{text: x.text(r)} }})
		}
	}
	kinds := t.hardware()
	if len(kinds) < 2 {
		g := t.lay(columns, at)
		g.caption = []string{"Cost, " + t.Protocol}
		g.legend = costLegend()
		return []grid{g}
	}
	var out []grid
	for _, kind := range kinds {
		var rows []*Row
		for _, r := range t.Rows {
			if own := r.hardware(); len(own) > 0 && own[0] == kind {
				rows = append(rows, r)
			}
		}
		if rows == nil { // only later seeds of rows that stand with another kind ran there
			continue
		}
		g := layRows(rows, columns, at)
		g.caption = []string{"Cost, " + t.Protocol + ", on " + kind}
		g.legend = append(costLegend(), "timings on other hardware stand apart, and do not compare with these; a row whose seeds ran on several kinds has none")
		out = append(out, g)
	}
	return out
}

func costLegend() []string {
	return []string{"p50, p95: latency of one query at a time; queries/s: in batches, on all workers; peak: memory of the process"}
}

// hardware lists the kinds of machines that the rows ran on, in the order of their first appearance.
func (t *Table) hardware() []string {
	var out []string
	for _, r := range t.Rows {
		out = appendNew(out, r.hardware()...)
	}
	return out
}

func (r *Row) hardware() []string {
	var out []string
	for _, rec := range r.Records {
		if kind := rec.Env.Hardware(); !slices.Contains(out, kind) {
			out = append(out, kind)
		}
	}
	return out
}
