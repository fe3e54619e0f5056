package report

import (
	"fmt"
	"slices"

	"llm4rec/results/table"
)

// machine is a kind of hardware with the rows that ran on it alone: what they took may be compared, and with no others'.
type machine struct {
	number, words string // of its figures: none where there is but one
	rows          []*row
}

// machines of a board, in the order of its table. Rows whose seeds ran on several have no timing, and belong to none.
func (b *board) machines() []machine {
	kinds := b.table.Hardware()
	var out []machine
	for _, kind := range kinds {
		m := machine{rows: slices.DeleteFunc(slices.Clone(b.Rows), func(r *row) bool { return !slices.Equal(r.Hardware(), []string{kind}) })}
		if len(m.rows) == 0 {
			continue
		}
		if len(out) > 0 {
			m.number = fmt.Sprintf("-%d", len(out)+1)
		}
		if len(kinds) > 1 {
			m.words = ", on " + kind
		}
		out = append(out, m)
	}
	return out
}

// comparable tells whether what the rows took may stand in columns that can be sorted.
func comparable(t *table.Table) bool { return len(t.Hardware()) < 2 }
