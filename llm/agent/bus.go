package agent

import (
	"fmt"
	"slices"
	"strings"

	"llm4rec/models"
)

// bus is the candidates of a turn: tools narrow and order them, and models see their number and the first of them.
type bus struct {
	items   []int32  // in their order
	hard    []string // conditions that all of them fulfil
	dropped []int32
	ordered string // by what; "": not
	number  int    // of the state, in a turn; 0: as it was at first
}

func (b bus) clone() bus {
	b.items, b.hard, b.dropped = slices.Clone(b.items), slices.Clone(b.hard), slices.Clone(b.dropped)
	return b
}

// restricted says whether what is not on the bus must not be recommended.
func (b bus) restricted() bool { return len(b.hard) > 0 || len(b.dropped) > 0 }

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
	if len(t.bus.hard) > 0 {
		fmt.Fprintf(&b, ", all with %s", strings.Join(t.bus.hard, " and "))
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
