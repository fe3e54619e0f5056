package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"llm4rec/results"
	"llm4rec/results/table"
)

// augmented is what a store of memories was filled with, as a page shows it.
type augmented struct {
	Sources  sheet
	Accounts sheet
	Facts    []pair
	Params   []pair
	Notice   string // what is missing in it
}

func newAugmented(a *results.Augmented) *augmented {
	if a == nil {
		return nil
	}
	outcomes := map[string]bool{}
	for _, s := range a.Sources {
		for k := range s.Outcomes {
			outcomes[k] = true
		}
		for why := range s.Unasked {
			outcomes[unasked+why] = true
		}
	}
	names := slices.Sorted(maps.Keys(outcomes))
	out := &augmented{Sources: sheet{Caption: "Items, by what became of them at each source", Header: append([]string{"source"}, names...)}, Accounts: newAccounts("What models were asked for fields of memories"), Params: params(a.Identity.Params)}
	for _, s := range a.Sources {
		line := []string{s.Source}
		for _, k := range names {
			n := s.Outcomes[k]
			if why, is := strings.CutPrefix(k, unasked); is {
				n += s.Unasked[why]
			}
			line = append(line, fmt.Sprint(n))
		}
		out.Sources.Rows = append(out.Sources.Rows, line)
	}
	if a.Account != nil {
		out.Accounts.Rows = [][]string{accountLine("memories", "fields", *a.Account)}
	}
	out.Facts = []pair{{"Content", "sha256 " + short(a.Content)}, {"Wall", table.Figure(a.Wall) + " s"}, {"CPU", table.Figure(a.CPU) + " s"}}
	if a.Earlier > 0 {
		out.Facts = append(out.Facts, pair{"Answers of models from runs before", fmt.Sprint(a.Earlier)})
	}
	if a.Excluded != nil {
		out.Facts = append(out.Facts, pair{"Left out, as it says what became of items later", strings.Join(a.Excluded, ", ")})
	}
	if a.Status != results.OK {
		out.Notice = fmt.Sprintf("Some fields are missing: %s: %s", a.Status, first(a.Error))
	}
	return out
}

// unasked begins the name of a reason for which a source was not asked.
const unasked = "not asked: "

// unavailable are the rows that need what was not at hand, with what that is.
func (b *board) unavailable() []pair {
	var out []pair
	for _, r := range slices.Concat(b.table.Rows, b.table.Explained, b.table.Talked) {
		for _, m := range r.Missing {
			if m.Status == table.Unavailable {
				out = append(out, pair{r.System, first(m.Why)})
				break
			}
		}
	}
	return out
}
