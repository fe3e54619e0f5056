package report

import (
	"fmt"
	"slices"

	"llm4rec/results"
	"llm4rec/results/table"
)

// asking are the rows of a board that may have models which do not rank, as rows of any kind.
func (b *board) asking() []*other {
	var out []*other
	for _, r := range b.Rows {
		if r.Standing != nil {
			out = append(out, &other{Row: r.Row})
		}
	}
	return slices.Concat(out, b.Explained, b.Talked)
}

// accounts are what models were asked outside of ranking, of the first seed, and what it took.
func accounts(rows []*other) sheet {
	out := newAccounts("What models were asked that do not rank (first seed)")
	for _, x := range rows {
		if len(x.Records) == 0 {
			continue
		}
		for _, a := range x.Records[0].Accounts() {
			out.Rows = append(out.Rows, accountLine(x.Row.Name(), a.For, a.Account))
		}
	}
	return out
}

func newAccounts(caption string) sheet {
	return sheet{Caption: caption, Header: []string{"system", "for", "provider", "model", "calls", "recorded", "failed", "answers", "tokens in", "cached", "out", "$", "prices of", "p50 s", "p95 s"}}
}

func accountLine(name, what string, a results.Account) []string {
	model, dollars := a.Model, "unknown"
	if a.Test {
		model += " (test model)"
	}
	if a.Dollars >= 0 {
		dollars = table.Figure(a.Dollars)
	}
	return []string{
		name, what, a.Provider, model, fmt.Sprint(a.Calls), fmt.Sprint(a.Recorded), fmt.Sprint(a.Failures), table.Counted(a.Answers),
		fmt.Sprint(a.PromptTokens), fmt.Sprint(a.CachedTokens), fmt.Sprint(a.OutputTokens), dollars, orNone(a.Prices), table.Figure(a.LatencyP50), table.Figure(a.LatencyP95),
	}
}
