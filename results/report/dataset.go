package report

import (
	"cmp"
	"fmt"
	"slices"

	"llm4rec/results/figure"
)

// set is a data set, as its boards' records describe it.
type set struct {
	Name, Page string
	Boards     []*board
	Notes      []string
	Splits     []described
}

// described is one split of the data set: what was there to learn from, and whom to ask.
type described struct {
	Protocol, Data, Split, Filters string
	Items, Seen, Users, Asked      int
	Interactions                   int64
	Density                        string
	Head                           string // share of the interactions that the most popular fifth has
	Figures                        []*drawn
	sum                            string // of the split
}

// describe adds the board to its data set's page.
func (s *site) describe(b *board) {
	n := slices.IndexFunc(s.sets, func(x *set) bool { return x.Name == b.Dataset })
	if n < 0 {
		n = len(s.sets)
		s.sets = append(s.sets, &set{Name: b.Dataset, Page: fmt.Sprintf("data/d%02d-%s.html", n+1, slug(b.Dataset))})
	}
	x := s.sets[n]
	b.Set = x.Page
	x.Boards = append(x.Boards, b)
	c := b.table.Catalogue
	if c == nil {
		return
	}
	var r *row
	for _, y := range b.Rows {
		if y.Standing != nil {
			r = y
			break
		}
	}
	rec := r.Records[0]
	for _, note := range rec.Notes {
		if !slices.Contains(x.Notes, note) {
			x.Notes = append(x.Notes, note)
		}
	}
	if slices.ContainsFunc(x.Splits, func(d described) bool { return d.sum == rec.Split }) {
		return
	}
	d := described{Protocol: b.Protocol, Data: short(rec.Identity.Data), Split: short(rec.Split), sum: rec.Split, Items: len(c.Popularity), Users: c.Users, Asked: len(r.Users)}
	if w := rec.Identity.Filters; w != "" && w != "null" && w != "{}" {
		d.Filters = w
	}
	sorted := slices.SortedFunc(slices.Values(c.Popularity), func(a, b int64) int { return cmp.Compare(b, a) })
	var head int64
	for n, v := range sorted {
		d.Interactions += v
		if v > 0 {
			d.Seen++
		}
		if n < (len(sorted)+4)/5 {
			head += v
		}
	}
	if d.Interactions > 0 {
		d.Head = fmt.Sprintf("%.0f%%", 100*float64(head)/float64(d.Interactions))
		d.Density = fmt.Sprintf("%.3f%%", 100*float64(d.Interactions)/float64(max(1, d.Users))/float64(max(1, d.Items)))
	}
	for _, f := range []*figure.Figure{tail(sorted), lengths(b.table.History)} {
		if !f.Empty() {
			d.Figures = append(d.Figures, draw(f))
		}
	}
	x.Splits = append(x.Splits, d)
}

// tail shows how unequally popular the items are.
func tail(sorted []int64) *figure.Figure {
	f := &figure.Figure{Name: "items", Title: "Training interactions of items, from the most popular", X: figure.Axis{Label: "rank of the item", Log: true}, Y: figure.Axis{Label: "training interactions", Log: true}}
	line := figure.Series{Name: "items", Kind: figure.Line}
	last := -1.
	for n, v := range sorted {
		// Ranks that a logarithmic axis cannot tell apart need one point.
		if x := float64(n + 1); v > 0 && (x >= last*1.04 || n == len(sorted)-1) {
			line.Points = append(line.Points, figure.Point{X: x, Y: float64(v)})
			last = x
		}
	}
	f.Series = []figure.Series{line}
	return f
}

// lengths counts users by the length of their histories.
func lengths(history []int32) *figure.Figure {
	f := &figure.Figure{Name: "histories", Title: "Users by the length of their history", X: figure.Axis{Label: "interactions in the history"}, Y: figure.Axis{Label: "users", Zero: true}}
	bars := figure.Series{Name: "users", Kind: figure.Bars}
	for from := int32(0); ; {
		to := max(1, from*2) // 0, 1, 2–3, 4–7, …
		count, more := 0, false
		for _, h := range history {
			if h >= from && h < to {
				count++
			}
			more = more || h >= to
		}
		if count > 0 || bars.Points != nil {
			name := fmt.Sprint(from)
			if to-1 > from {
				name = fmt.Sprintf("%d–%d", from, to-1)
			}
			bars.Points = append(bars.Points, figure.Point{X: float64(len(f.X.Names)), Y: float64(count)})
			f.X.Names = append(f.X.Names, name)
		}
		if !more {
			break
		}
		from = to
	}
	f.Series = []figure.Series{bars}
	return f
}

// dataset writes the page of a data set: what it is, its boards, and whose rank changes between them.
func (s *site) dataset(x *set) error {
	var flips []*drawn
	for _, f := range rankFlips(x.Boards) {
		flips = append(flips, draw(f))
	}
	return s.page(x.Page, "dataset.html", struct {
		head
		*set
		Flips []*drawn
	}{head{Title: x.Name, Root: "../", Trail: []link{{Text: "All boards", To: "../index.html"}}}, x, flips})
}

// index writes the first page.
func (s *site) index() error {
	return s.page("index.html", "index.html", struct {
		head
		Sets []*set
	}{head{Title: "Leaderboards"}, s.sets})
}
