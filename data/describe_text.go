package data

import (
	"bytes"
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// WriteTo writes the description for people to read.
func (d Description) WriteTo(w io.Writer) (int64, error) {
	var buf bytes.Buffer
	t := tabwriter.NewWriter(&buf, 0, 0, 2, ' ', 0)
	line := func(name, format string, args ...any) { fmt.Fprintf(t, "%s\t%s\n", name, fmt.Sprintf(format, args...)) }
	share := func(n, of int) string { return fmt.Sprintf("%d of %d (%.1f%%)", n, of, 100*float64(n)/float64(of)) }

	line("data set", "%s", d.Name)
	for _, n := range d.Notes {
		line("note", "%s", n)
	}
	line("users", "%d", d.Users)
	line("items", "%d", d.Items)
	if d.UnratedItems > 0 {
		line("items without interactions", "%d, not in the catalogue", d.UnratedItems)
	}
	if d.IdleItems > 0 {
		line("items without interactions in the catalogue", "%d", d.IdleItems)
	}
	line("interactions", "%d", d.Interactions)
	line("density", "%.3g%%", 100*d.Density)
	for _, q := range d.Lengths {
		line("interactions per user, "+quantileName(q.P), "%d", q.Value)
	}
	line("item popularity, Gini", "%.3f", d.Gini)
	line("repeated user-item pairs", "%s", share(d.Repeats, d.Interactions))
	if d.Rating.Min == d.Rating.Max {
		line("rating", "none (all are %g)", d.Rating.Min)
	} else {
		line("rating", "%g to %g", d.Rating.Min, d.Rating.Max)
	}
	if c := d.Time; c == nil {
		line("time", "none (an order only)")
	} else {
		day := func(s int64) string { return time.Unix(s, 0).UTC().Format(time.DateOnly) }
		line("time", "%s to %s", day(c.First), day(c.Last))
		line("users whose last two interactions tie in time", "%s", share(c.LastTied, d.Users))
		line("users whose history spans less than an hour", "%s", share(c.WithinHour, d.Users))
		line("interactions later than the test event, median user", "%.1f%%", 100*c.Later)
	}
	for _, table := range []struct {
		name   string
		fields []Coverage
	}{{"user", d.UserText}, {"item", d.ItemText}} {
		for _, f := range table.fields {
			line(table.name+" text, "+f.Field, "%s, %.0f characters on average", share(f.Filled, f.Of), f.Chars)
		}
	}
	if err := t.Flush(); err != nil {
		return 0, err
	}
	return buf.WriteTo(w)
}

func (d Description) String() string {
	var buf bytes.Buffer
	_, _ = d.WriteTo(&buf) // a buffer takes everything
	return buf.String()
}

func quantileName(p float64) string {
	switch p {
	case 0:
		return "least"
	case .5:
		return "median"
	case 1:
		return "most"
	}
	return fmt.Sprintf("%g%% quantile", 100*p)
}
