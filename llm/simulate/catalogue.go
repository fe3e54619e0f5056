package simulate

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"llm4rec/data"
	"llm4rec/llm/clean"
	"llm4rec/llm/text"
)

// Catalogue is what users know of the items. Its texts are clean.
type Catalogue struct {
	Titles []string
	Fields []string // that constraints may be over, and questions; none: users can only say whether it is the wanted item

	ids       *data.Index
	values    map[string][][]string // by field and item
	yearField string                // "": there is none
	years     []int                 // 0: unknown
	words     vocabulary
}

// usualFields say what an item is, of those that the items have. Others are texts, or say little.
var usualFields = []string{"genres", "categories", "category", "brand", "director", "authors", "author", "tags", "year"}

// titleLimit and valueLimit are of characters.
const (
	titleLimit = 200
	valueLimit = 80
)

// NewCatalogue reads the texts of items. Without names of fields, those count that usually say what an item is. Where no item
// has a title, they go by their raw ids.
func NewCatalogue(train *data.Train, title text.Template, fields []string) (*Catalogue, error) {
	x := &Catalogue{ids: train.Items, values: map[string][][]string{}}
	var err error
	x.Titles, err = title.Render(train.ItemText, train.NumItems)
	if errors.Is(err, text.ErrNoField) && title == "{title}" {
		x.Titles, err = make([]string, train.NumItems), nil
	}
	if err != nil {
		return nil, fmt.Errorf("simulate: %w", err)
	}
	for i, t := range x.Titles {
		x.Titles[i] = clean.Text(t, titleLimit)
	}
	usual := fields == nil
	if usual {
		fields = usualFields
	}
	for _, name := range fields {
		column := train.ItemText.Values(name)
		if column == nil {
			if usual {
				continue
			}
			return nil, fmt.Errorf("simulate: the items have no field %q", name)
		}
		x.Fields = append(x.Fields, name)
		if years, ok := yearsOf(column); ok && x.yearField == "" {
			x.yearField, x.years = name, years
			continue
		}
		x.values[name] = make([][]string, train.NumItems)
		for i, v := range column {
			x.values[name][i] = split(v)
		}
	}
	x.words = newVocabulary(x)
	return x, nil
}

// name is the title, or the raw id of an item that has none.
func (x *Catalogue) name(item int32) string {
	if x.Titles[item] != "" {
		return x.Titles[item]
	}
	return "item " + x.ids.Raw(item)
}

// leak is that of an item.
func (x *Catalogue) leak(item int32) Leak { return NewLeak(x.Titles[item], x.ids.Raw(item)) }

// split are the values of a field, each once. Loaders join several by ", ".
func split(field string) []string {
	var out []string
	for v := range strings.SplitSeq(field, ", ") {
		if v = clean.Text(v, valueLimit); v != "" && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// yearsOf reads a field all of whose values are years. One without any value is none.
func yearsOf(column []string) ([]int, bool) {
	out := make([]int, len(column))
	some := false
	for i, v := range column {
		if v == "" {
			continue
		}
		y, err := strconv.Atoi(v)
		if err != nil || y < 1000 || y > 2999 {
			return nil, false
		}
		out[i], some = y, true
	}
	return out, some
}
