package agent

import (
	"context"
	"fmt"
	"strings"

	"llm4rec/llm/clean"
	"llm4rec/models"
)

// Tools that look and change nothing.

type searching struct {
	Text  string `json:"text,omitempty" jsonschema:"words to look for in all fields"`
	Where string `json:"where,omitempty" jsonschema:"a condition, as genres = 'Comedy' and year >= 1990"`
	Most  int    `json:"most,omitempty" jsonschema:"how many to show; 0: the usual number"`
}

func search(_ context.Context, t *turn, a searching) (string, error) {
	c := t.a.catalogue
	if strings.TrimSpace(a.Text) == "" && strings.TrimSpace(a.Where) == "" {
		return "", wrong("search: want text, where or both")
	}
	var found []int32
	if a.Text != "" {
		found = append(c.index.find(a.Text), c.words.find(a.Text)...)
		found = unique(found)
	} else {
		found = all(c.items)
	}
	if a.Where != "" {
		where, err := c.table.Parse(a.Where)
		if err != nil {
			return "", wrong("search: where: %v", err)
		}
		found = keep(found, where.Match)
	}
	if len(found) == 0 {
		return "", wrong("search: nothing found; try fewer or other words, or a wider condition")
	}
	most := t.a.config.Shown
	if a.Most > 0 {
		most = min(a.Most, 20)
	}
	return fmt.Sprintf("%d found in the whole catalogue. The first:\n%s", len(found), strings.Join(t.marked(found[:min(most, len(found))]), "\n")), nil
}

// marked are the lines of items, with why they must not be recommended.
func (t *turn) marked(items []int32) []string {
	var out []string
	for _, i := range items {
		line := t.a.catalogue.lines[i]
		if why := t.forbidden(i); why != "" {
			line += " (" + why + ")"
		}
		out = append(out, line)
	}
	return out
}

type which struct {
	Item  *int32 `json:"item,omitempty" jsonschema:"its id"`
	Title string `json:"title,omitempty" jsonschema:"or its title"`
}

// valueLimit is of the characters of a field that look_up shows.
const valueLimit = 400

func lookUp(_ context.Context, t *turn, a which) (string, error) {
	c := t.a.catalogue
	var items []int32
	switch {
	case a.Item != nil && !c.has(*a.Item):
		return "", wrong("look_up: there is no item %d: ids are 0 to %d", *a.Item, c.items-1)
	case a.Item != nil:
		items = []int32{*a.Item}
	case a.Title == "":
		return "", wrong("look_up: want item or title")
	default:
		if items = c.index.find(a.Title); len(items) == 0 {
			like := c.show(c.words.find(a.Title), 3)
			return "", wrong("look_up: no item has that title%s", orNear(like))
		}
	}
	var b strings.Builder
	for n, i := range items[:min(3, len(items))] {
		if n > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "[%d] %s", i, c.titles[i])
		if why := t.forbidden(i); why != "" {
			fmt.Fprintf(&b, " (%s)", why)
		}
		for _, f := range t.a.fields {
			if v := clean.Text(f.Values[i], valueLimit); v != "" && f.Name != "title" {
				fmt.Fprintf(&b, "\n  %s: %s", f.Name, v)
			}
		}
		fmt.Fprintf(&b, "\n  in training: %d users", t.a.popularity[i])
	}
	return b.String(), nil
}

func orNear(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return "; there are:\n" + strings.Join(lines, "\n")
}

type nothing struct{}

func history(_ context.Context, t *turn, _ nothing) (string, error) {
	h := t.c.visitor.History
	lines := t.a.catalogue.show(h[max(0, len(h)-t.a.config.History):], len(h))
	if len(lines) == 0 {
		return "nothing is known", nil
	}
	return fmt.Sprintf("%d in all, the newest last:\n%s", len(h), strings.Join(lines, "\n")), nil
}

type chosen struct {
	Items []int32 `json:"items" jsonschema:"ids"`
}

func availability(_ context.Context, t *turn, a chosen) (string, error) {
	if len(a.Items) == 0 || len(a.Items) > 50 {
		return "", wrong("available: want 1 to 50 items, got %d", len(a.Items))
	}
	var out []string
	for _, i := range a.Items {
		why := t.forbidden(i)
		if why == "" {
			why = "can be recommended"
		}
		out = append(out, fmt.Sprintf("%d: %s", i, why))
	}
	return strings.Join(out, "\n"), nil
}

type one struct {
	Item int32 `json:"item" jsonschema:"its id"`
}

func explanation(ctx context.Context, t *turn, a one) (string, error) {
	if !t.a.catalogue.has(a.Item) {
		return "", wrong("explain: there is no item %d", a.Item)
	}
	v := t.c.visitor
	r, err := t.a.parts.Explainer.Explain(ctx, models.Query{User: v.User, History: v.History, Times: v.Times, At: v.At, Exclude: v.Exclude, K: 1}, a.Item)
	if err != nil {
		return "", t.failed(ctx, "explain", err)
	}
	if r.Sentence == "" {
		return "", wrong("explain: nothing can be said of item %d", a.Item)
	}
	return clean.Text(r.Sentence, 500), nil
}

func all(n int) []int32 {
	out := make([]int32, n)
	for i := range out {
		out[i] = int32(i)
	}
	return out
}

func keep(items []int32, fits func(int32) bool) []int32 {
	var out []int32
	for _, i := range items {
		if fits(i) {
			out = append(out, i)
		}
	}
	return out
}

func unique(items []int32) []int32 {
	seen := make(map[int32]bool, len(items))
	return keep(items, func(i int32) bool {
		had := seen[i]
		seen[i] = true
		return !had
	})
}
