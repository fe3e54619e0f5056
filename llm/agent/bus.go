package agent

import (
	"fmt"
	"slices"
	"strings"

	"llm4rec/llm/agent/condition"
	"llm4rec/models"
)

// bus is the candidates of a turn: tools narrow and order them, and models see their number and the first of them.
type bus struct {
	items   []int32               // in their order
	hard    []condition.Condition // that all of them fulfil
	dropped []int32               // taken off
	ordered string                // by what; "": not
	number  int                   // of the state, in a turn; 0: as it was at first
}

func (b bus) clone() bus {
	b.items, b.hard, b.dropped = slices.Clone(b.items), slices.Clone(b.hard), slices.Clone(b.dropped)
	return b
}

// conditions are those in force, as they are told.
func (b bus) conditions() []string {
	var out []string
	for _, c := range b.hard {
		out = append(out, bracketed(c))
	}
	return out
}

func bracketed(c condition.Condition) string {
	return "(" + strings.Join(strings.Fields(c.Text), " ") + ")"
}

// ruledOut says why an item must not be recommended in the state that the turn is in, "" if it may: for a condition in force, or as
// it was taken off. One that is not on the bus because tools keep so many of the best may be.
func (b bus) ruledOut(item int32) string {
	for _, c := range b.hard {
		if !c.Match(item) {
			return "does not fulfil " + bracketed(c)
		}
	}
	if slices.Contains(b.dropped, item) {
		return "was taken off the list"
	}
	return ""
}

// query asks for the best of the bus.
func (t *turn) query(keep int) models.Query {
	v := t.c.visitor
	q := models.Query{User: v.User, History: v.History, Times: v.Times, At: v.At, Exclude: t.c.barred(), K: keep}
	if len(t.bus.items) < t.whole {
		q.Candidates = slices.Sorted(slices.Values(t.bus.items))
	}
	return q
}

// report is what a tool that changed the bus answers.
func (t *turn) report() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d candidates now", len(t.bus.items))
	if t.bus.ordered != "" {
		fmt.Fprintf(&b, ", ordered by %s", t.bus.ordered)
	}
	if conditions := t.bus.conditions(); conditions != nil {
		fmt.Fprintf(&b, ", all with %s", strings.Join(conditions, " and "))
	}
	shown := t.a.catalogue.show(t.bus.items, t.a.config.Shown)
	if len(shown) == len(t.bus.items) {
		b.WriteString(":\n")
	} else {
		b.WriteString(". The first:\n")
	}
	b.WriteString(strings.Join(shown, "\n"))
	return b.String()
}
