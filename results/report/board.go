package report

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"llm4rec/results/table"
)

// experiment is one whose specification the site has.
type experiment struct{ name, spec, path string }

// board is what stays of a table when its users are forgotten: the leaderboard of a protocol over a data set.
type board struct {
	Dir, Experiment, Dataset, Protocol string
	Spec                               string // the file
	Set                                string // the page of its data set
	Words                              string // of the protocol
	Ran                                string // when, and on what
	Caption                            []string
	Metrics                            []string
	Costs                              []string // headers
	Primary                            int
	Users                              int
	Rows                               []*row   // in the order of the leaderboard
	Gains                              bool     // some rows rank again
	LLM                                bool     // a language model ranks
	Agents                             bool     // some rows are agents, or ask language models for something else than ranks
	Explained, Talked                  []*other // rows that rank nothing
	Pipeline                           bool

	experiment *table.Experiment // until its pages are written
	table      *table.Table
	compared   struct{ reasons, talks []table.Part }
}

// row is one system of a board.
type row struct {
	*table.Row
	N                   int // its place on the board, from 0
	Page, Stage, Device string
	Group               int
	Standing            *table.Standing // nil without values
	Means               []value
	Costs               []value
	Interval            template.HTML
	Labels              []label
	Why                 string // it has no values
}

// value is a figure, as people see it and as it sorts.
type value struct {
	Text string
	Sort string
}

// Groups of a leaderboard, from above.
const (
	leading = iota
	following
	apart
	missing
)

func (r *row) Publishable() bool { return r.Standing != nil && len(r.Labels) == 0 }

// add makes the pages of one table.
func (s *site) add(e *table.Experiment, t *table.Table) error {
	b := newBoard(e, t, len(s.boards)+1)
	if n := len(s.experiments); n == 0 || s.experiments[n-1].spec != e.Spec || s.experiments[n-1].name != e.Name {
		x := experiment{e.Name, e.Spec, fmt.Sprintf("experiments/e%d-%s.yaml", n+1, slug(e.Name))}
		s.experiments = append(s.experiments, x)
		if err := s.file(x.path, []byte(e.Spec)); err != nil {
			return err
		}
	}
	b.Spec = s.experiments[len(s.experiments)-1].path
	s.boards = append(s.boards, b)
	s.describe(b)
	s.written.Boards++
	gains := t.Gains()
	b.LLM = len(gains) > 0 || slices.ContainsFunc(b.Rows, func(r *row) bool { return r.Standing != nil && r.Records[0].LLM != nil })
	b.Gains = slices.ContainsFunc(b.Rows, func(r *row) bool { return r.Standing != nil && t.First(r.Row) != nil })

	stages := tables{b, t.Stages(e)}
	b.Pipeline = b.Gains || stages.Parts != nil || e.Augmented != nil
	agents := t.Agents()
	b.Agents = agents != nil || slices.ContainsFunc(slices.Concat(b.Explained, b.Talked), func(x *other) bool { n, _ := x.Calls(); return n > 0 })

	for _, write := range []func(*board) error{s.leaderboard, s.compare, s.plots} {
		if err := write(b); err != nil {
			return err
		}
	}
	for _, x := range []struct {
		has   bool
		write func() error
	}{
		{b.Pipeline, func() error { return s.pipeline(b, stages) }},
		{b.Models(), func() error { return s.models(b, gains, agents) }},
		{b.Explained != nil, func() error { return s.reasons(b, tables{b, b.compared.reasons}) }},
		{b.Talked != nil, func() error { return s.talks(b, tables{b, b.compared.talks}) }},
	} {
		if !x.has {
			continue
		}
		if err := x.write(); err != nil {
			return err
		}
	}
	for _, r := range b.Rows {
		if err := s.system(b, r, agents); err != nil {
			return err
		}
	}
	b.forget()
	return nil
}

// forget lets go of all that is known by user.
func (b *board) forget() {
	b.table, b.experiment = nil, nil
	for _, x := range slices.Concat(b.Explained, b.Talked) {
		x.Row = &table.Row{System: x.System}
	}
	for _, r := range b.Rows {
		r.Row = &table.Row{System: r.System}
		if r.Standing != nil {
			r.Standing = &table.Standing{Summary: r.Standing.Summary, Best: r.Standing.Best, Near: r.Standing.Near}
		}
	}
}

// ran says when, and on what, the rows of a table were measured.
func ran(t *table.Table) string {
	var first, last time.Time
	for _, r := range slices.Concat(t.Rows, t.Explained, t.Talked) {
		for _, rec := range r.Records {
			if first.IsZero() || rec.Started.Before(first) {
				first = rec.Started
			}
			if rec.Finished.After(last) {
				last = rec.Finished
			}
		}
	}
	if first.IsZero() {
		return ""
	}
	days := []string{first.UTC().Format(time.DateOnly), last.UTC().Format(time.DateOnly)}
	return strings.Join(slices.Compact(days), " to ") + "; " + strings.Join(t.Hardware(), "; ")
}

func newBoard(e *table.Experiment, t *table.Table, number int) *board {
	b := &board{
		Dir: fmt.Sprintf("b%02d-%s", number, slug(t.Dataset+" "+t.Protocol)), Experiment: e.Name, Dataset: t.Dataset, Protocol: t.Protocol,
		Caption: t.Caption(e), Primary: e.PrimaryOf(), Ran: ran(t), experiment: e, table: t,
	}
	b.compared.reasons, b.compared.talks = t.Reasons(), t.Conversations()
	b.Explained, b.Talked = others(t.Explained, "r", b.compared.reasons), others(t.Talked, "t", b.compared.talks)
	for _, m := range e.Metrics {
		b.Metrics = append(b.Metrics, m.Name)
	}
	standings := map[*table.Row]*table.Standing{}
	list := t.Standings()
	compete := false
	for n := range list {
		standings[list[n].Row] = &list[n]
		compete = compete || list[n].Best
		b.Users = max(b.Users, len(list[n].Users))
	}
	for _, r := range t.Rows {
		b.Rows = append(b.Rows, newRow(t, r, standings[r], compete))
	}
	slices.SortStableFunc(b.Rows, func(x, y *row) int {
		if d := cmp.Compare(x.Group, y.Group); d != 0 || x.Standing == nil {
			return d
		}
		return cmp.Compare(y.Standing.Mean, x.Standing.Mean)
	})
	low, high := span(list)
	for n, r := range b.Rows {
		r.N, r.Page = n, fmt.Sprintf("s%03d-%s.html", n, slug(r.System))
		if r.Standing == nil {
			continue
		}
		r.Interval = bar(r.Standing, low, high)
		if b.Costs == nil && comparable(t) {
			for _, m := range t.Measurements(r.Row) {
				b.Costs = append(b.Costs, m.Header)
			}
			b.Words = table.Words(r.Records[0].Identity.Protocol)
		}
	}
	for _, x := range slices.Concat(b.Explained, b.Talked) {
		if b.Words == "" && len(x.Records) > 0 {
			b.Words = table.Words(x.Records[0].Identity.Protocol)
		}
	}
	return b
}

func newRow(t *table.Table, r *table.Row, standing *table.Standing, compete bool) *row {
	out := &row{Row: r, Standing: standing, Stage: "–", Device: "–", Group: missing}
	if standing == nil {
		out.Why = why(r)
		return out
	}
	out.Stage, out.Device, out.Labels = stage(r), r.Records[0].Identity.Device, labels(r)
	switch {
	case standing.Best || standing.Near:
		out.Group = leading
	case compete && len(r.Unpublishable()) > 0:
		out.Group = apart
	default:
		out.Group = following
	}
	for n := range r.Metrics {
		m := r.MeanOf(n)
		out.Means = append(out.Means, value{fmt.Sprintf("%.4f", m), fmt.Sprintf("%.6g", m)})
	}
	if !comparable(t) {
		return out
	}
	for _, m := range t.Measurements(r) {
		v := value{Text: m.Text}
		if m.Value != nil {
			v.Sort = fmt.Sprintf("%.6g", *m.Value)
		}
		out.Costs = append(out.Costs, v)
	}
	return out
}

// why a row has no values, in words: the last of the reasons.
func why(r *table.Row) string {
	out := ""
	for _, m := range r.Missing {
		out = strings.TrimSuffix(string(m.Status)+": "+first(m.Why), ": ")
	}
	return out
}

// first is the first line of an error: a stack stays in the record.
func first(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// stage of the pipeline that a row ends with.
func stage(r *table.Row) string {
	switch rec := r.Records[0]; {
	case rec.LLM != nil:
		return "language model"
	case rec.Identity.First != "":
		return "second stage"
	}
	return "first stage"
}

// span covers the intervals of all rows, from zero.
func span(list []table.Standing) (low, high float64) {
	for _, s := range list {
		high = max(high, s.Mean)
		if s.Hi != nil {
			high = max(high, *s.Hi)
		}
	}
	return 0, high
}

// bar draws a mean and its interval, on one scale for all rows.
func bar(s *table.Standing, low, high float64) template.HTML {
	if high <= low || s.Lo == nil {
		return ""
	}
	const w = 110
	at := func(x float64) float64 { return 4 + (w-8)*(x-low)/(high-low) }
	return template.HTML(fmt.Sprintf(`<svg class="ci" viewBox="0 0 %d 14" aria-hidden="true"><path d="M%.1f 7H%.1f"/><circle cx="%.1f" cy="7" r="3"/></svg>`, w, at(*s.Lo), at(*s.Hi), at(s.Mean))) //nolint:gosec // numbers alone
}
