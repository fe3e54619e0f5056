package report

import (
	"fmt"
	"slices"
	"strings"

	"llm4rec/results/table"
)

// other is a row that ranks nothing: it explains, or it talks.
type other struct {
	*table.Row
	Name, Page string
	Labels     []label
	Why        string // it has no records
	Facts      []pair // what the tables of its kind say of it
}

// others are the rows of a kind, whose pages are named by a letter.
func others(rows []*table.Row, letter string, parts []table.Part) []*other {
	var out []*other
	for n, r := range rows {
		x := &other{Row: r, Name: r.System, Page: fmt.Sprintf("%s%03d-%s.html", letter, n, slug(r.System)), Why: why(r)}
		if len(r.Records) > 0 {
			x.Labels, x.Facts = labels(r), about(parts, r)
		}
		out = append(out, x)
	}
	return out
}

// about is what tables say of a row, a pair for each column.
func about(parts []table.Part, r *table.Row) []pair {
	var out []pair
	for _, p := range parts {
		for _, line := range p.Rows {
			if line[0] != r.Name() {
				continue
			}
			for n, header := range p.Header[1:] {
				out = append(out, pair{header, line[n+1]})
			}
		}
	}
	return out
}

// named is the page of the row that a table names, with its labels; "" where there is none.
func (b *board) named(name string) (page string, labels []label) {
	for _, r := range b.Rows {
		if r.Row.Name() == name {
			return r.Page, r.Labels
		}
	}
	for _, x := range slices.Concat(b.Explained, b.Talked) {
		if x.Row.Name() == name {
			return x.Page, x.Labels
		}
	}
	return "", nil
}

// tables are those of a board's page, whose names lead to the rows' pages.
type tables struct {
	Board *board
	Parts []table.Part
}

// Marked tells whether a name has the sign of what must not be published.
func (t tables) Marked() bool {
	for _, p := range t.Parts {
		for _, line := range p.Rows {
			if slices.ContainsFunc(line[:p.Names], func(s string) bool { return strings.HasSuffix(s, " †") }) {
				return true
			}
		}
	}
	return false
}

// way is a table's rows up to an empty one.
type way [][]string

// Ways parts a table's rows at the empty ones.
func (t tables) Ways(p table.Part) []way {
	out := []way{nil}
	for _, line := range p.Rows {
		if strings.Join(line, "") == "" {
			out = append(out, nil)
			continue
		}
		out[len(out)-1] = append(out[len(out)-1], line)
	}
	return out
}

// Link is the page of the row with a name.
func (t tables) Link(name string) string { page, _ := t.Board.named(name); return page }

// Labels are those of that row.
func (t tables) Labels(name string) []label { _, l := t.Board.named(name); return l }

// commandOf makes an other row again, with the stage that it works on where that is shown.
func (b *board) commandOf(x *other) string {
	limit := 0
	var first *row
	if len(x.Records) > 0 {
		limit = x.Records[0].Identity.Limit
		if r := b.table.First(x.Row); r != nil {
			first = b.find(r)
		}
	}
	return b.command(x.System, first, limit)
}
