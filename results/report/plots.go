package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"llm4rec/results/figure"
	"llm4rec/results/table"
)

// most is how many lines a figure has: more colours cannot be told apart.
const most = 8

// daggers explains the sign of rows that must not be published.
const daggers = "† must not be published: the page of the row says why."

// plots writes the page of a board's figures.
func (s *site) plots(b *board) error {
	var list []*drawn
	for _, f := range b.figures() {
		list = append(list, draw(f))
	}
	return s.page(b.Dir+"/plots.html", "plots.html", struct {
		head
		*board
		Figures    []*drawn
		Unmeasured string
	}{b.head("Plots", "Plots"), b, list, b.unmeasured()})
}

// figures are those of a board that have something to show.
func (b *board) figures() []*figure.Figure {
	var all []*figure.Figure
	machines := b.machines()
	for _, of := range []func(machine) *figure.Figure{b.trainingTime, b.latency} {
		for _, m := range machines {
			all = append(all, of(m))
		}
	}
	for _, m := range machines {
		all = append(all, b.energies(m)...)
	}
	all = append(all, b.dollars())
	for _, m := range machines {
		all = append(all, b.indexes(m))
	}
	all = append(all,
		b.parts("history", "the length of the history", "interactions in the history", lengthsOf(b.table)),
		b.parts("target", "the popularity of the target", "training interactions of what is to be found", b.table.Target),
		curve(b.leaders(most)),
		b.hits(),
	)
	return slices.DeleteFunc(all, func(f *figure.Figure) bool { return f == nil || f.Empty() })
}

// hits draws the first measure of the rows that talk, nil where none does.
func (b *board) hits() *figure.Figure {
	f := &figure.Figure{Name: "conversations", Title: "Conversations, with 95% intervals over users", X: figure.Axis{Label: "row that talks"}, Y: figure.Axis{Zero: true}}
	f.Series = []figure.Series{{Name: "publishable"}, {Name: "not publishable"}}
	for _, x := range b.Talked {
		if len(x.Records) == 0 {
			continue
		}
		m := x.Measured()[0]
		f.Y.Label = m.Name
		n := min(1, len(x.Labels))
		f.Series[n].Points = append(f.Series[n].Points, figure.Point{X: float64(len(f.X.Names)), Y: m.Value, Lo: &m.Lo, Hi: &m.Hi})
		f.X.Names = append(f.X.Names, x.Marked())
	}
	f.Series = slices.DeleteFunc(f.Series, func(s figure.Series) bool { return len(s.Points) == 0 })
	if len(f.X.Names) == 0 {
		return nil
	}
	return f
}

// leaders are the first rows of the board that have values.
func (b *board) leaders(n int) []*row {
	var out []*row
	for _, r := range b.Rows {
		if r.Standing != nil && len(out) < n {
			out = append(out, r)
		}
	}
	return out
}

// scatter draws the primary metric against a cost. Rows of a stage have a colour; those that must not be published cannot be
// on the frontier.
func (b *board) scatter(rows []*row, name, title, label string, cost func(*row) *float64) *figure.Figure {
	f := &figure.Figure{
		Name: name, Title: b.Metric() + " against " + title,
		X: figure.Axis{Label: label, Log: true}, Y: figure.Axis{Label: b.Metric()},
	}
	for _, stage := range []string{"first stage", "second stage", "language model"} {
		f.Series = append(f.Series, figure.Series{Name: stage})
	}
	f.Series = append(f.Series, figure.Series{Name: "not publishable"})
	for _, r := range rows {
		if r.Standing == nil {
			continue
		}
		if x := cost(r); x != nil && *x > 0 {
			n := slices.IndexFunc(f.Series, func(s figure.Series) bool { return s.Name == r.Stage })
			if !r.Publishable() {
				n = len(f.Series) - 1
			}
			f.Series[n].Points = append(f.Series[n].Points, figure.Point{X: *x, Y: r.Standing.Mean, Name: r.Marked()})
		}
	}
	var points []figure.Point
	for _, s := range f.Series[:len(f.Series)-1] {
		points = append(points, s.Points...)
	}
	var notes []string
	if len(points) > 1 {
		notes = append(notes, "The dashed line is the Pareto frontier: no publishable row is both better and cheaper than one on it.")
	}
	if len(f.Series[len(f.Series)-1].Points) > 0 {
		notes = append(notes, daggers)
	}
	f.Note = strings.Join(notes, " ")
	figure.Frontier(points)
	for n := range f.Series[:len(f.Series)-1] {
		points = points[copy(f.Series[n].Points, points):]
	}
	f.Series = slices.DeleteFunc(f.Series, func(s figure.Series) bool { return len(s.Points) == 0 })
	return f
}

// measured is a measurement of a row by its name, in another unit, nil where it is unknown.
func (b *board) measured(r *row, name string, scale float64) *float64 {
	for _, m := range b.table.Measurements(r.Row) {
		if m.Name == name && m.Value != nil {
			x := *m.Value * scale
			return &x
		}
	}
	return nil
}

func (b *board) trainingTime(m machine) *figure.Figure {
	return b.scatter(m.rows, "training-time"+m.number, "training time"+m.words, "seconds of training", func(r *row) *float64 { return b.measured(r, "fit_wall_sec", 1) })
}

func (b *board) latency(m machine) *figure.Figure {
	return b.scatter(m.rows, "latency"+m.number, "latency"+m.words, "median milliseconds of one query", func(r *row) *float64 { return b.measured(r, "latency_p50_sec", 1000) })
}

// dollars is of rows with a language model whose price is known.
func (b *board) dollars() *figure.Figure {
	return b.scatter(b.Rows, "dollars", "dollars", "dollars for a thousand users", func(r *row) *float64 {
		sum, asked := 0., 0
		for _, rec := range r.Records {
			if rec.LLM == nil || rec.LLM.Dollars < 0 {
				return nil
			}
			sum, asked = sum+rec.LLM.Dollars, asked+rec.LLM.Asked
		}
		if asked == 0 {
			return nil
		}
		x := 1000 * sum / float64(asked)
		return &x
	})
}

// indexes draws recall against speed for the systems that search an index, nil where there are not two different ones.
func (b *board) indexes(m machine) *figure.Figure {
	at := -1
	for n, m := range b.Metrics {
		if strings.HasPrefix(m, "recall@") {
			at = n // the last one: of the longest list
		}
	}
	if at < 0 {
		return nil
	}
	f := &figure.Figure{
		Name: "indexes" + m.number, Title: b.Metrics[at] + " against the speed of indexes" + m.words, Note: "Systems with the parameter index. Above and to the right is better.",
		X: figure.Axis{Label: "queries a second, in batches", Log: true}, Y: figure.Axis{Label: b.Metrics[at]},
	}
	s := figure.Series{Name: "systems"}
	kinds := map[string]bool{}
	for _, r := range m.rows {
		if r.Standing == nil {
			continue
		}
		list := params(r.Records[0].Identity.Params)
		index := slices.IndexFunc(list, func(p pair) bool { return p.Name == "index" && p.Text != "" })
		if x := b.measured(r, "queries_per_sec", 1); index >= 0 && x != nil {
			s.Points = append(s.Points, figure.Point{X: *x, Y: r.MeanOf(at), Name: r.Marked()})
			kinds[list[index].Text] = true
		}
	}
	f.Series = []figure.Series{s}
	if len(kinds) < 2 {
		return nil
	}
	return f
}

func lengthsOf(t *table.Table) []float64 {
	out := make([]float64, len(t.History))
	for n, h := range t.History {
		out[n] = float64(h)
	}
	return out
}

// parts draws the primary metric over fifths of the users, by what is known of each.
func (b *board) parts(name, title, label string, of []float64) *figure.Figure {
	order := make([]int, len(of))
	for n := range order {
		order[n] = n
	}
	slices.SortStableFunc(order, func(x, y int) int { return cmp.Compare(of[x], of[y]) })
	parts := fifths(order, of)
	if len(parts) < 2 {
		return nil
	}
	f := &figure.Figure{Name: name, Title: b.Metric() + " by " + title, Note: "Users in parts of equal size, as far as equal values allow; the leading systems of the board.", X: figure.Axis{Label: label}, Y: figure.Axis{Label: b.Metric(), Zero: true}}
	for _, p := range parts {
		lo, hi := of[p[0]], of[p[len(p)-1]]
		text := fmt.Sprintf("%.4g–%.4g", lo, hi)
		if lo == hi {
			text = fmt.Sprintf("%.4g", lo)
		}
		f.X.Names = append(f.X.Names, fmt.Sprintf("%s (%d)", text, len(p)))
	}
	for _, r := range b.leaders(most) {
		values := r.Values[b.Primary]
		if len(values) != len(of) {
			continue
		}
		s := figure.Series{Name: r.Marked(), Kind: figure.Line}
		for n, p := range parts {
			var sum float64
			for _, u := range p {
				sum += values[u]
			}
			s.Points = append(s.Points, figure.Point{X: float64(n), Y: sum / float64(len(p))})
		}
		f.Series = append(f.Series, s)
	}
	return f
}

// fifths cuts an order into five parts, never between equal values.
func fifths(order []int, of []float64) [][]int {
	var out [][]int
	from := 0
	for n := 1; n <= len(order); n++ {
		full := (n-from)*5 >= len(order)
		if n == len(order) || full && of[order[n]] != of[order[n-1]] {
			out = append(out, order[from:n])
			from = n
		}
	}
	if n := len(out); n > 1 && len(out[n-1])*20 < len(order) { // a rest of a twentieth is no part
		out[n-2] = order[len(order)-len(out[n-2])-len(out[n-1]):]
		out = out[:n-1]
	}
	return out
}

// curve draws what validations found during trainings, nil where none was recorded.
func curve(rows []*row) *figure.Figure {
	f := &figure.Figure{
		Name: "curves", Title: "Validation during training", Note: "ndcg@10 on the validation cases; the first seed has a line of its name, the others thin ones.",
		X: figure.Axis{Label: "epoch"}, Y: figure.Axis{Label: "ndcg@10, validation"},
	}
	for _, r := range rows {
		if r.Standing == nil {
			continue
		}
		for n, rec := range r.Records {
			if len(rec.Curve) < 2 {
				continue
			}
			s := figure.Series{Name: r.System, Kind: figure.Line, Thin: n > 0}
			for _, p := range rec.Curve {
				s.Points = append(s.Points, figure.Point{X: float64(p.Epoch), Y: p.NDCG})
			}
			f.Series = append(f.Series, s)
		}
	}
	if f.Empty() {
		return nil
	}
	return f
}

// rankFlips draws, for an experiment with several protocols over a data set, how ranks by the primary metric change from the
// first to each other one, among the systems that have values under both.
func rankFlips(boards []*board) []*figure.Figure {
	var out []*figure.Figure
	for n, b := range boards {
		first := boards[slices.IndexFunc(boards, func(x *board) bool { return x.Experiment == b.Experiment && x.Spec == b.Spec })]
		if first == boards[n] || first.Metric() != b.Metric() {
			continue
		}
		before, after := first.ranks(b), b.ranks(first)
		if len(before) < 2 {
			continue
		}
		f := &figure.Figure{
			Name: fmt.Sprintf("ranks-%d", n), Title: fmt.Sprintf("Ranks by %s: %s against %s", b.Metric(), first.Protocol, b.Protocol),
			X: figure.Axis{Label: "protocol of " + b.Experiment, Names: []string{first.Protocol, b.Protocol}}, Y: figure.Axis{Label: "rank", Reverse: true}, Named: true, Height: max(260, min(70+18*len(before), 1500)),
		}
		for i, system := range before {
			s := figure.Series{Kind: figure.Line, Points: []figure.Point{{X: 0, Y: float64(i + 1), Name: system}, {X: 1, Y: float64(slices.Index(after, system) + 1), Name: system}}}
			f.Series = append(f.Series, s)
		}
		out = append(out, f)
	}
	return out
}

// ranks are the systems that both boards have values of, from the best.
func (b *board) ranks(other *board) []string {
	in := map[string]bool{}
	for _, r := range other.Rows {
		in[r.System] = r.Standing != nil
	}
	var list []*row
	for _, r := range b.Rows {
		if r.Standing != nil && in[r.System] {
			list = append(list, r)
		}
	}
	slices.SortStableFunc(list, func(x, y *row) int { return cmp.Compare(y.Standing.Mean, x.Standing.Mean) })
	var out []string
	for _, r := range list {
		out = append(out, r.System)
	}
	return out
}

// Figures are the plots of all boards of the experiments in folders. Their names, which begin with those of their boards, are
// names of files.
func Figures(dirs []string) ([]*figure.Figure, error) {
	var out []*figure.Figure
	var boards []*board
	err := Each(dirs, func(e *table.Experiment, t *table.Table) error {
		b := newBoard(e, t, len(boards)+1)
		b.Spec = e.Spec
		boards = append(boards, b)
		for _, f := range b.figures() {
			f.Name = b.Dir + "-" + f.Name
			out = append(out, f)
		}
		b.forget()
		return nil
	})
	if err != nil {
		return nil, err
	}
	for len(boards) > 0 {
		var same, other []*board
		for _, b := range boards {
			if b.Dataset == boards[0].Dataset {
				same = append(same, b)
			} else {
				other = append(other, b)
			}
		}
		for _, f := range rankFlips(same) {
			f.Name = slug(boards[0].Dataset) + "-" + f.Name
			out = append(out, f)
		}
		boards = other
	}
	return out, nil
}
