// Package condition reads conditions on the fields of items, in the form that SQL has after WHERE, and says which items fulfil
// them. Nothing is ever run but the comparisons that a condition names, on the fields that there are.
package condition

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"llm4rec/data"
)

// Kind is what the values of a field are.
type Kind string

// The kinds of fields.
const (
	Number Kind = "number"
	Set    Kind = "set"  // several values of a small vocabulary, as genres
	Text   Kind = "text" // anything
)

// Table is the fields of all items. It is immutable.
type Table struct {
	Items  int
	fields []field
}

type field struct {
	name    string
	kind    Kind
	numbers []float64 // NaN: none
	texts   []string  // in small letters
	words   []string  // the vocabulary as it is written
	index   map[string]int16
	sets    [][]int16 // by item, places in the vocabulary
}

// vocabulary is how many values a set may have at least; a larger catalogue may have more of them.
const (
	vocabulary = 64
	longest    = 40 // characters of a value of a set
)

// NewTable reads the fields of so many items. What is a number for all items that have it is a number; what has few values, in
// lists with commas, is a set.
func NewTable(fields data.Fields, items int) *Table {
	t := &Table{Items: items}
	for _, f := range fields {
		x := field{name: f.Name, kind: Text}
		switch {
		case x.readNumbers(f.Values):
			x.kind = Number
		case f.Name != "title" && f.Name != "name" && x.readSets(f.Values, max(vocabulary, items/8)):
			x.kind = Set
		}
		x.texts = make([]string, len(f.Values))
		for n, v := range f.Values {
			x.texts[n] = strings.ToLower(strings.TrimSpace(v))
		}
		t.fields = append(t.fields, x)
	}
	return t
}

func (x *field) readNumbers(values []string) bool {
	out := make([]float64, len(values))
	some := false
	for n, v := range values {
		out[n] = math.NaN()
		if v = strings.TrimSpace(v); v == "" {
			continue
		}
		number, err := strconv.ParseFloat(v, 64)
		if err != nil || math.IsInf(number, 0) || math.IsNaN(number) {
			return false
		}
		out[n], some = number, true
	}
	if some {
		x.numbers = out
	}
	return some
}

func (x *field) readSets(values []string, most int) bool {
	index := map[string]int16{}
	var words []string
	sets := make([][]int16, len(values))
	for n, v := range values {
		for part := range strings.SplitSeq(v, ", ") {
			if part = strings.TrimSpace(part); part == "" {
				continue
			}
			if utf8.RuneCountInString(part) > longest {
				return false
			}
			low := strings.ToLower(part)
			at, known := index[low]
			if !known {
				if len(words) >= most || len(words) >= math.MaxInt16 {
					return false
				}
				at = int16(len(words))
				index[low] = at
				words = append(words, part)
			}
			if !slices.Contains(sets[n], at) {
				sets[n] = append(sets[n], at)
			}
		}
	}
	if len(words) == 0 {
		return false
	}
	x.words, x.index, x.sets = words, index, sets
	return true
}

// Names are those of the fields.
func (t *Table) Names() []string {
	out := make([]string, len(t.fields))
	for n, f := range t.fields {
		out[n] = f.name
	}
	return out
}

// Kind is a field's, or "" where there is none of that name.
func (t *Table) Kind(name string) Kind {
	if f := t.find(name); f != nil {
		return f.kind
	}
	return ""
}

// Values are those that a set has, in the order in which the items first have them.
func (t *Table) Values(name string) []string {
	if f := t.find(name); f != nil {
		return slices.Clone(f.words)
	}
	return nil
}

// Of are the values of an item in a set.
func (t *Table) Of(name string, item int32) []string {
	f := t.find(name)
	if f == nil || f.kind != Set {
		return nil
	}
	var out []string
	for _, w := range f.sets[item] {
		out = append(out, f.words[w])
	}
	return out
}

func (t *Table) find(name string) *field {
	for n := range t.fields {
		if strings.EqualFold(t.fields[n].name, name) {
			return &t.fields[n]
		}
	}
	return nil
}
