package agent

import (
	"fmt"
	"slices"
	"strings"

	"llm4rec/data"
	"llm4rec/llm/agent/condition"
	"llm4rec/llm/clean"
	"llm4rec/llm/text"
)

// catalogue is the items as tools see them. It is immutable. Its texts are clean.
type catalogue struct {
	items  int
	lines  []string // "[id] text"
	titles []string
	table  *condition.Table
	index  *titles
	words  *words
	near   *near
}

// titleLimit is of characters.
const titleLimit = 200

func newCatalogue(c Config, train *data.Train, fields data.Fields) (*catalogue, error) {
	out := &catalogue{items: train.NumItems, near: newNear(train)}
	cleaned := make(data.Fields, len(fields))
	for n, f := range fields {
		cleaned[n] = data.Field{Name: f.Name, Kind: f.Kind, Values: make([]string, len(f.Values))}
		for i, v := range f.Values {
			cleaned[n].Values[i] = clean.Text(v, 2000)
		}
	}
	item := c.Item
	if item == "" {
		item = usual(fields)
	}
	texts := make([]string, out.items)
	if item != "" {
		var err error
		if texts, err = item.Render(fields, out.items); err != nil {
			return nil, fmt.Errorf("agent: item: %w", err)
		}
	}
	named := cleaned.Values("title")
	for i := range out.items {
		line := clean.Text(texts[i], c.Limit)
		title := ""
		if named != nil {
			title = clean.Text(named[i], titleLimit)
		}
		if title == "" {
			title = clean.Text("item "+train.Items.Raw(int32(i)), titleLimit)
		}
		if line == "" {
			line = title
		}
		out.titles = append(out.titles, title)
		out.lines = append(out.lines, fmt.Sprintf("[%d] %s", i, line))
	}
	out.table = condition.NewTable(cleaned, out.items)
	out.index = newTitles(out.titles, cleaned.Values("year"))
	out.words = newWords(cleaned, out.items)
	return out, nil
}

// usual is the template of an item's text, of the fields that there are.
func usual(fields data.Fields) text.Template {
	has := func(name string) bool { return fields.Values(name) != nil }
	switch {
	case has("title") && has("year") && has("genres"):
		return "{title} ({year}), {genres}"
	case has("title") && has("genres"):
		return "{title}, {genres}"
	case has("title") && has("categories"):
		return "{title}, {categories}"
	case has("title"):
		return "{title}"
	}
	return ""
}

// shownFields are the sets whose values a prompt may name in full.
func (c *catalogue) shownFields() []field {
	const most = 40
	var out []field
	for _, name := range c.table.Names() {
		if v := c.table.Values(name); c.table.Kind(name) == condition.Set && len(v) <= most {
			slices.Sort(v)
			out = append(out, field{name, strings.Join(v, ", ")})
		}
	}
	return out
}

func (c *catalogue) has(item int32) bool { return item >= 0 && int(item) < c.items }

func (c *catalogue) show(items []int32, most int) []string {
	var out []string
	for _, i := range items[:min(len(items), most)] {
		if c.has(i) {
			out = append(out, c.lines[i])
		}
	}
	return out
}
