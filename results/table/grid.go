package table

import (
	"fmt"
	"strings"

	"llm4rec/eval/stats"
)

// none stands where there is no value.
const none = "–"

// grid is a table for people, before it takes a form.
type grid struct {
	caption []string
	names   int // how many of the first columns are names: aligned to the left and never marked
	header  []string
	rows    [][]cell
	legend  []string
}

type cell struct {
	text string
	mark mark
}

// grid lays out the table of one protocol.
func (t *Table) grid(e *Experiment, o Options) grid {
	rows := t.finished()
	summaries := make([][]Summary, len(rows))
	for n, r := range rows {
		summaries[n] = r.summarise(o.Intervals)
	}
	setMarks(rows, summaries)

	g := grid{caption: t.caption(e), names: 1, header: []string{"system"}}
	columns := t.columns(e, o, &g)
	at := map[*Row][]Summary{}
	for n, r := range rows {
		at[r] = summaries[n]
	}
	for _, r := range t.Rows {
		line := []cell{{text: r.System}}
		if len(r.Unpublishable()) > 0 {
			line[0].text += " †"
		}
		for _, column := range columns {
			line = append(line, column(r, at[r]))
		}
		g.rows = append(g.rows, line)
	}
	g.legend = legend(rows, o)
	for n := range g.caption {
		g.caption[n] = strings.Join(strings.Fields(g.caption[n]), " ") // an error may hold line breaks
	}
	return g
}

// columns sets the header and returns what fills each column. A row without values has no summaries.
func (t *Table) columns(e *Experiment, o Options, g *grid) []func(*Row, []Summary) cell {
	var out []func(*Row, []Summary) cell
	add := func(header string, f func(*Row, []Summary) cell) {
		g.header = append(g.header, header)
		out = append(out, func(r *Row, s []Summary) cell {
			if s == nil {
				return cell{text: none}
			}
			return f(r, s)
		})
	}
	for n, m := range e.Metrics {
		add(m.Name, func(_ *Row, s []Summary) cell { return cell{s[n].text(o.Intervals), s[n].mark} })
	}
	p := primary(e.Metrics)
	if t.seeds() > 1 {
		add(e.Metrics[p].Name+" sd", func(_ *Row, s []Summary) cell {
			if s[p].SeedSD == nil {
				return cell{text: none}
			}
			return cell{text: fmt.Sprintf("%.4f", *s[p].SeedSD)}
		})
	}
	if name := o.baseline(e); name != "" {
		base := t.baseline(name)
		if base == nil {
			g.caption = append(g.caption, "Warning: no values of a system or model "+name+" to compare with here")
		}
		add(e.Metrics[p].Name+" vs "+name, func(r *Row, _ []Summary) cell {
			if percent := r.relativeTo(base); percent != nil {
				return cell{text: fmt.Sprintf("%+.1f%%", *percent)}
			}
			return cell{text: none}
		})
	}
	for _, x := range timings() {
		if x.header != "" {
			add(x.header, func(r *Row, _ []Summary) cell { return cell{text: x.text(r)} })
		}
	}
	return out
}

func (s Summary) text(intervals bool) string {
	if intervals && s.Lo != nil {
		return fmt.Sprintf("%.4f [%.4f, %.4f]", s.Mean, *s.Lo, *s.Hi)
	}
	return fmt.Sprintf("%.4f", s.Mean)
}

// seeds is the largest number of seeds that any row has.
func (t *Table) seeds() int {
	n := 0
	for _, r := range t.Rows {
		n = max(n, len(r.Records))
	}
	return n
}

// relativeTo compares the primary metric with a baseline's, which may be nil.
func (r *Row) relativeTo(base *Row) *float64 {
	if base == nil || len(r.Records) == 0 {
		return nil
	}
	p := primary(r.Metrics)
	return relative(r.summarise(false)[p].Mean, base.summarise(false)[p].Mean)
}

func legend(rows []*Row, o Options) []string {
	var out []string
	if len(competitors(rows)) > 1 {
		out = append(out, fmt.Sprintf("* the best; ≈ not distinguishable from the best (paired randomisation test by user, %d resamples, Holm over the rows, α = %g)", stats.Resamples, alpha))
	}
	if o.Intervals && len(rows) > 0 {
		out = append(out, fmt.Sprintf("[ ] 95%% bootstrap interval of the mean over users, %d resamples", stats.Resamples))
	}
	for _, r := range rows {
		if len(r.Records) > 1 {
			out = append(out, "sd: standard deviation over seeds")
			break
		}
	}
	for _, r := range rows {
		if len(r.Unpublishable()) > 0 {
			return append(out, "† not publishable, see above; not compared with rows that are")
		}
	}
	return out
}
