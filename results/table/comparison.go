package table

import (
	"fmt"
	"io"
	"strconv"

	"llm4rec/eval/stats"
)

// Write writes the comparison in any form; CSV and JSON have all digits.
func (c Comparison) Write(w io.Writer, f Format) error {
	switch f {
	case JSON:
		return indented(w, c)
	case CSV:
		return writeLines(w, c.lines())
	default:
		return writeGrids(w, f, []grid{c.grid()})
	}
}

func (c Comparison) lines() [][]string {
	out := [][]string{{"a", "b", "metric", "users", "mean_a", "mean_b", "difference", "lo", "hi", "p", "p_holm", "wins", "losses", "equal"}}
	for _, d := range c.Pairs {
		line := []string{d.A, d.B, c.Metric, strconv.Itoa(d.Users)}
		for _, x := range []float64{d.MeanA, d.MeanB, d.Mean, d.Lo, d.Hi, d.P, d.Holm} {
			line = append(line, number(&x))
		}
		out = append(out, append(line, strconv.Itoa(d.Wins), strconv.Itoa(d.Loses), strconv.Itoa(d.Equal)))
	}
	return out
}

func (c Comparison) grid() grid {
	g := grid{
		caption: []string{"Paired comparison by user on " + c.Metric},
		names:   2,
		header:  []string{"A", "B", "users", "A mean", "B mean", "A − B", "95% interval", "p", "p (Holm)", "wins", "losses", "equal"},
		legend: []string{
			fmt.Sprintf("p: two-sided paired randomisation test by user; interval: paired bootstrap over users; %d resamples each", stats.Resamples),
			fmt.Sprintf("p (Holm): corrected over the %d rows; above %g the two are not distinguishable", len(c.Pairs), alpha),
		},
	}
	for _, u := range c.Unmatched {
		g.caption = append(g.caption, "Not compared: "+u+" is in one of the two only")
	}
	for _, d := range c.Pairs {
		var line []cell
		for _, s := range []string{
			d.A, d.B, fmt.Sprint(d.Users), fmt.Sprintf("%.4f", d.MeanA), fmt.Sprintf("%.4f", d.MeanB), fmt.Sprintf("%+.4f", d.Mean),
			fmt.Sprintf("[%+.4f, %+.4f]", d.Lo, d.Hi), fmt.Sprintf("%.4f", d.P), fmt.Sprintf("%.4f", d.Holm),
			fmt.Sprint(d.Wins), fmt.Sprint(d.Loses), fmt.Sprint(d.Equal),
		} {
			line = append(line, cell{text: s})
		}
		g.rows = append(g.rows, line)
	}
	return g
}
