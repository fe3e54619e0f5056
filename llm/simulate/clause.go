package simulate

import (
	"fmt"
	"math"
	"strings"

	"llm4rec/llm/agent"
)

// Clause is a predicate over the items of a catalogue: the field has the value, or, of the field of years, the year lies in a
// range. Not is its opposite.
type Clause struct {
	Field string `json:"field"`
	Value string `json:"value,omitempty"`
	From  int    `json:"from,omitempty"` // of years
	To    int    `json:"to,omitempty"`
	Not   bool   `json:"not,omitempty"`
}

// The ends of ranges of years that have none.
const (
	firstYear = 0
	lastYear  = math.MaxInt32
)

// decade is that of a year.
func decade(field string, year int) Clause {
	return Clause{Field: field, From: year - year%10, To: year - year%10 + 9}
}

// opposite holds exactly where the clause does not.
func (c Clause) opposite() Clause {
	c.Not = !c.Not
	return c
}

// spoken are fields whose values say of themselves what they are of.
var spoken = map[string]bool{"genres": true, "genre": true, "categories": true, "category": true, "tags": true}

// String says it in words.
func (c Clause) String() string {
	words := c.Value
	switch {
	case c.Value != "" && !spoken[c.Field]:
		words = strings.ReplaceAll(c.Field, "_", " ") + " " + c.Value
	case c.Value != "":
	case c.From == firstYear:
		words = fmt.Sprintf("before %d", c.To+1)
	case c.To == lastYear:
		words = fmt.Sprintf("after %d", c.From-1)
	case c.From == c.To:
		words = fmt.Sprintf("from %d", c.From)
	case c.From%10 == 0 && c.To == c.From+9:
		words = fmt.Sprintf("from the %ds", c.From)
	default:
		words = fmt.Sprintf("from %d to %d", c.From, c.To)
	}
	if c.Not {
		return "not " + words
	}
	return words
}

// noun is what an item is called of which it is true.
func (c Clause) noun() string {
	if c.Value != "" {
		return c.String()
	}
	return "something " + c.String()
}

// Holds tells whether a clause is true of an item. An item without a value has none, and its year lies in no range.
func (x *Catalogue) Holds(c Clause, item int32) bool {
	if item < 0 || int(item) >= len(x.Titles) {
		return false
	}
	holds := false
	if c.Field == x.yearField && c.Value == "" {
		y := x.years[item]
		holds = y != 0 && c.From <= y && y <= c.To
	} else if column := x.values[c.Field]; column != nil {
		for _, v := range column[item] {
			holds = holds || v == c.Value
		}
	}
	return holds != c.Not
}

// Consistent counts the items that might still be what a visitor wants: all clauses hold, they were not rejected, and they may be
// recommended, which is nothing that anybody had to say.
func (x *Catalogue) Consistent(said []Clause, rejected []int32, v agent.Visitor) int {
	out := make([]bool, len(x.Titles))
	for _, list := range [][]int32{rejected, v.Exclude} {
		for _, i := range list {
			if i >= 0 && int(i) < len(out) {
				out[i] = true
			}
		}
	}
	n := 0
next:
	for i := range out {
		if out[i] || !v.Among(int32(i)) {
			continue
		}
		for _, c := range said {
			if !x.Holds(c, int32(i)) {
				continue next
			}
		}
		n++
	}
	return n
}
