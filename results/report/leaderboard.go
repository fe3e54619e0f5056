package report

import (
	"fmt"
	"slices"
	"strings"
)

// rowGroup is the rows of a leaderboard that belong together.
type rowGroup struct {
	Name, Class string
	Rows        []*row
}

// leaderboard writes the page of a board.
func (s *site) leaderboard(b *board) error {
	return s.page(b.Dir+"/index.html", "board.html", struct {
		head
		*board
		Groups          []rowGroup
		Stages, Devices []string
		Columns         int
	}{b.head("", "Leaderboard"), b, b.groups(), distinct(b.Rows, func(r *row) string { return r.Stage }), distinct(b.Rows, func(r *row) string { return r.Device }), b.columns()})
}

func (b *board) groups() []rowGroup {
	out := []rowGroup{
		{Name: "Best, and not distinguishable from the best", Class: "leading"}, {Name: "Behind the best", Class: "following"},
		{Name: "Not publishable, and not compared with rows that are", Class: "apart"}, {Name: "Without values", Class: "missing"},
	}
	if !slices.ContainsFunc(b.Rows, func(r *row) bool { return r.Group == leading }) {
		out[following].Name = "Systems"
	}
	for _, r := range b.Rows {
		out[r.Group].Rows = append(out[r.Group].Rows, r)
	}
	return slices.DeleteFunc(out, func(g rowGroup) bool { return g.Rows == nil })
}

func distinct(rows []*row, of func(*row) string) []string {
	var out []string
	for _, r := range rows {
		if x := of(r); r.Standing != nil && !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	slices.Sort(out)
	return out
}

// Name of a board, for people.
func (b *board) Name() string { return b.Dataset + ", " + b.Protocol }

// Metric is the primary one.
func (b *board) Metric() string { return b.Metrics[b.Primary] }

// Finished counts the systems that have values.
func (b *board) Finished() int {
	n := 0
	for _, r := range b.Rows {
		if r.Standing != nil {
			n++
		}
	}
	return n
}

// Unfinished is how many systems there are where not all have values, 0 otherwise.
func (b *board) Unfinished() int {
	if b.Finished() == len(b.Rows) {
		return 0
	}
	return len(b.Rows)
}

// Models tells whether language models or agents have a page.
func (b *board) Models() bool { return b.LLM || b.Agents }

// Holds says what there is on a board.
func (b *board) Holds() string {
	systems := fmt.Sprintf("%d systems", b.Finished())
	if all := b.Unfinished(); all > 0 {
		systems = fmt.Sprintf("%d of %d systems", b.Finished(), all)
	}
	out := []string{systems}
	if b.Finished() > 0 {
		out = append(out, fmt.Sprintf("%d users, by %s", b.Users, b.Metric()))
	} else if b.Explained != nil || b.Talked != nil {
		out = []string{"no system that ranks"}
	}
	for _, x := range []struct {
		rows []*other
		what string
	}{{b.Explained, "that explain"}, {b.Talked, "that talk"}} {
		if n := len(slices.DeleteFunc(slices.Clone(x.rows), func(o *other) bool { return o.Why != "" })); n > 0 {
			out = append(out, fmt.Sprintf("%d %s", n, x.what))
		}
	}
	return strings.Join(out, ", ")
}

// Unpublished counts, in words, the systems that must not be published; "" where there is none.
func (b *board) Unpublished() string {
	n := 0
	for _, r := range b.Rows {
		if r.Standing != nil && !r.Publishable() {
			n++
		}
	}
	for _, x := range slices.Concat(b.Explained, b.Talked) {
		if len(x.Labels) > 0 {
			n++
		}
	}
	switch n {
	case 0:
		return ""
	case 1:
		return "one system"
	}
	return fmt.Sprintf("%d systems", n)
}

// head of a page in the board's folder.
func (b *board) head(title, tab string) head {
	h := head{Title: b.Name(), Root: "../", Trail: []link{{Text: "All boards", To: "../index.html"}, {Text: b.Dataset, To: "../" + b.Set}}}
	if title != "" {
		h.Title = title + " – " + b.Name()
		if tab == "" {
			h.Trail = append(h.Trail, link{Text: b.Protocol, To: "index.html"})
		}
	}
	tabs := []link{{Text: "Leaderboard", To: "index.html"}, {Text: "Compare two", To: "compare.html"}, {Text: "Plots", To: "plots.html"}}
	for _, x := range []struct {
		has      bool
		text, to string
	}{
		{b.Pipeline, "Pipeline", "pipeline.html"}, {b.Models(), "Language models", "llm.html"},
		{b.Explained != nil, "Reasons", "reasons.html"}, {b.Talked != nil, "Conversations", "talks.html"},
	} {
		if x.has {
			tabs = append(tabs, link{Text: x.text, To: x.to})
		}
	}
	for n := range tabs {
		tabs[n].Here = tabs[n].Text == tab
	}
	h.Tabs = tabs
	return h
}

// told parts a caption: what a reader must not miss, and the rest.
func (b *board) told() (notes, rest []string) {
	for _, line := range b.Caption {
		line = strings.Join(strings.Fields(line), " ")
		if strings.HasPrefix(line, "Warning") || strings.HasPrefix(line, "Not publishable") || strings.HasPrefix(line, "Truth injected") || strings.HasPrefix(line, "SYNTHETIC") || strings.HasPrefix(strings.ToLower(line), "synthetic") {
			notes = append(notes, line)
		} else {
			rest = append(rest, line)
		}
	}
	return notes, rest
}

// Notes are the lines that a reader must not miss, Facts the others.
func (b *board) Notes() []string { n, _ := b.told(); return n }
func (b *board) Facts() []string { _, f := b.told(); return f }

// Text of an interval.
func (r *row) Range() string {
	if r.Standing == nil || r.Standing.Lo == nil {
		return "–"
	}
	return fmt.Sprintf("%.4f–%.4f", *r.Standing.Lo, *r.Standing.Hi)
}

// Leaders are named on the first page, as far as there is room.
func (b *board) Leaders() string {
	var out []string
	more := 0
	for _, r := range b.Rows {
		switch {
		case r.Group != leading:
		case len(out) == 4:
			more++
		default:
			out = append(out, r.Marked())
		}
	}
	s := strings.Join(out, ", ")
	if more > 0 {
		s += fmt.Sprintf(" and %d more", more)
	}
	return s
}

// Rest is how many columns a row without values leaves empty.
func (b *board) Rest() int { return b.columns() - 2 }

func (b *board) columns() int { return 5 + len(b.Metrics) + len(b.Costs) }
