package table

import (
	"fmt"
	"slices"
	"strings"

	"llm4rec/eval/stats"
)

// none stands where there is no value.
const none = "–"

// What the marks mean, in the forms that use these signs.
const (
	bestSign = "* the best"
	nearSign = "≈ not distinguishable from the best"
)

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

// column is a header and what fills it. A row without values has no summaries.
type column struct {
	header string
	fill   func(*Row, []Summary) cell
}

// grids lays out the table of one protocol in up to three parts, narrow enough to be read: accuracy, what else the lists
// are like, and what they cost.
func (t *Table) grids(e *Experiment, o Options) []grid {
	rows := t.finished()
	at := map[*Row][]Summary{}
	summaries := make([][]Summary, len(rows))
	for n, r := range rows {
		intervals := []int{primary(r.Metrics)}
		if o.Intervals {
			intervals = r.every()
		}
		summaries[n] = r.summarise(intervals...)
		at[r] = summaries[n]
	}
	setMarks(rows, summaries)
	accuracy, beyond := t.metrics(e, o)
	beside := slices.Concat(t.llm(t.Gains()), t.agents(), t.talks(), t.reasons(), t.pipeline(e))
	out := []grid{t.lay(accuracy, at)}
	out[0].caption = t.caption(e)
	if name := o.baseline(e); name != "" && t.baseline(name) == nil {
		out[0].caption = append(out[0].caption, "Warning: no values of a system or model "+name+" to compare with here")
	}
	for n, line := range out[0].caption {
		out[0].caption[n] = strings.Join(strings.Fields(line), " ") // an error may hold line breaks
	}
	out[0].legend = legend(rows)
	if out[0].rows == nil && beside != nil { // nothing that ranks was run: what is known stands above what there is
		beside[0].caption = append(out[0].caption, beside[0].caption...)
		return beside
	}
	if len(beyond) > 0 {
		g := t.lay(beyond, at)
		g.caption = []string{"Beyond accuracy, " + t.Protocol}
		out = append(out, g)
	}
	return slices.Concat(out, t.against(e, o), t.costs(at, o), beside)
}

// lay fills columns for the rows that were run, the failed ones among them.
func (t *Table) lay(columns []column, at map[*Row][]Summary) grid {
	return layRows(t.Rows, columns, at)
}

func layRows(rows []*Row, columns []column, at map[*Row][]Summary) grid {
	g := grid{names: 1, header: []string{"system"}}
	for _, c := range columns {
		g.header = append(g.header, c.header)
	}
	for _, r := range rows {
		if r.Status() == NotRun {
			continue
		}
		line := []cell{{text: r.Marked()}}
		for _, c := range columns {
			if at[r] == nil {
				line = append(line, cell{text: none})
				continue
			}
			line = append(line, c.fill(r, at[r]))
		}
		g.rows = append(g.rows, line)
	}
	return g
}

// metrics returns the columns of the metrics, and beside the primary one its interval, its spread over seeds, and how it
// compares with the baseline.
func (t *Table) metrics(e *Experiment, o Options) (accuracy, beyond []column) {
	for n, m := range e.Metrics {
		c := column{m.Name, func(_ *Row, s []Summary) cell { return cell{s[n].text(o.Intervals), s[n].mark} }}
		if m.Accuracy() {
			accuracy = append(accuracy, c)
		} else {
			beyond = append(beyond, c)
		}
	}
	p := primary(e.Metrics)
	name := e.Metrics[p].Name
	var beside []column
	if !o.Intervals {
		beside = append(beside, column{name + " 95%", func(_ *Row, s []Summary) cell {
			if s[p].Lo == nil {
				return cell{text: none}
			}
			return cell{text: fmt.Sprintf("%.4f–%.4f", *s[p].Lo, *s[p].Hi)}
		}})
	}
	if t.seeds() > 1 {
		beside = append(beside, column{"seed sd", func(_ *Row, s []Summary) cell {
			if s[p].SeedSD == nil {
				return cell{text: none}
			}
			return cell{text: fmt.Sprintf("%.4f", *s[p].SeedSD)}
		}})
	}
	if baseline := o.baseline(e); baseline != "" {
		base := t.baseline(baseline)
		beside = append(beside, column{"vs " + baseline, func(r *Row, _ []Summary) cell {
			if percent := r.relativeTo(base); percent != nil {
				return cell{text: fmt.Sprintf("%+.1f%%", *percent)}
			}
			return cell{text: none}
		}})
	}
	if e.Metrics[p].Accuracy() {
		return append(accuracy, beside...), beyond
	}
	return accuracy, append(beyond, beside...)
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
	return relative(r.mean(p), base.mean(p))
}

func legend(rows []*Row) []string {
	var out []string
	if len(competitors(rows)) > 1 {
		out = append(out, fmt.Sprintf(bestSign+"; "+nearSign+" (paired randomisation test by user, %d resamples, Holm over the rows, α = %g)", stats.Resamples, alpha))
	}
	if len(rows) > 0 {
		p := rows[0].Metrics[primary(rows[0].Metrics)].Name
		out = append(out, fmt.Sprintf("95%%: bootstrap interval of the mean over users, %d resamples; beside the metrics: of %s", stats.Resamples, p))
	}
	for _, r := range rows {
		if len(r.Records) > 1 {
			out = append(out, "seed sd: standard deviation over seeds")
			break
		}
	}
	var chosen []string
	for _, r := range rows {
		if r.Trials > 0 {
			chosen = append(chosen, fmt.Sprintf("%s %d trials", r.System, r.Trials))
		}
	}
	if chosen != nil {
		out = append(out, "parameters chosen on validation: "+strings.Join(chosen, ", "))
	}
	for _, r := range rows {
		if len(r.Unpublishable()) > 0 {
			return append(out, "† not publishable, see above; not compared with rows that are")
		}
	}
	return out
}
