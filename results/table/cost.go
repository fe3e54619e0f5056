package table

import (
	"fmt"
	"slices"
)

// costs lays out what the lists cost: one grid for each kind of hardware, as a figure of one says nothing beside that of
// another. A row whose seeds ran on several has no timing, and stands with the first of them.
func (t *Table) costs(at map[*Row][]Summary, o Options) []grid {
	kinds := t.Hardware()
	if len(kinds) < 2 {
		return []grid{costsOf(t.Rows, "Cost, "+t.Protocol, at, o)}
	}
	var out []grid
	for _, kind := range kinds {
		var rows []*Row
		for _, r := range t.Rows {
			if own := r.Hardware(); len(own) > 0 && own[0] == kind {
				rows = append(rows, r)
			}
		}
		if rows == nil { // only later seeds of rows that stand with another kind ran there
			continue
		}
		g := costsOf(rows, "Cost, "+t.Protocol+", on "+kind, at, o)
		g.legend = append(g.legend, "timings on other hardware stand apart, and do not compare with these; a row whose seeds ran on several kinds has none")
		out = append(out, g)
	}
	return out
}

// costsOf rows that ran on hardware of one kind.
func costsOf(rows []*Row, caption string, at map[*Row][]Summary, o Options) grid {
	energy := energies(rows, o.CO2)
	var columns []column
	for _, x := range append(timings(), energy...) {
		if x.header != "" {
			columns = append(columns, column{x.header, func(r *Row, _ []Summary) cell { return cell{text: x.text(r)} }})
		}
	}
	g := layRows(rows, columns, at)
	g.caption = []string{caption}
	g.legend = []string{"p50, p95: latency of one query at a time; queries/s: in batches, on all workers; peak: memory of the process"}
	if energy != nil {
		g.legend = append(g.legend, energyLegend(rows)...)
	}
	switch told := slices.ContainsFunc(energy, func(x timing) bool { return x.name == fitCO2 }); {
	case o.CO2 > 0 && told:
		g.legend = append(g.legend, fmt.Sprintf("CO₂: of all joules of a row, at %g g a kilowatt-hour, a factor that was given and not measured", o.CO2))
	case o.CO2 > 0:
		g.legend = append(g.legend, "CO₂: not told, as no row has the joules of all its counters")
	}
	return g
}

// Hardware lists the kinds of machines that the rows ran on, in the order of their first appearance.
func (t *Table) Hardware() []string {
	var out []string
	for _, r := range t.Rows {
		out = appendNew(out, r.Hardware()...)
	}
	return out
}

// Hardware lists the kinds of machines that the row's seeds ran on.
func (r *Row) Hardware() []string {
	var out []string
	for _, rec := range r.Records {
		if kind := rec.Env.Hardware(); !slices.Contains(out, kind) {
			out = append(out, kind)
		}
	}
	return out
}
