package report

import (
	"fmt"
	"maps"
	"slices"

	"llm4rec/results"
	"llm4rec/results/figure"
	"llm4rec/results/table"
)

// models writes the page of what language models did on a board: what their answers were, whether the place in which a
// candidate was shown decided, and what it cost.
func (s *site) models(b *board, gains map[*table.Row]*table.Gain, agents []table.Part) error {
	var rows []*row
	for _, r := range b.Rows {
		if r.Standing != nil && r.Records[0].LLM != nil {
			rows = append(rows, r)
		}
	}
	return s.page(b.Dir+"/llm.html", "llm.html", struct {
		head
		*board
		Tables         tables
		Answers, Calls sheet
		Accounts       sheet
		Figures        []*drawn
	}{b.head("Language models", "Language models"), b, tables{b, append(b.table.LLM(gains), agents...)}, answers(rows), calls(rows), accounts(b.asking()), positions(rows)})
}

// sheet is a table of a page, whose first column is names.
type sheet struct {
	Caption string
	Header  []string
	Rows    [][]string
}

// answers counts what answers were, by class.
func answers(rows []*row) sheet {
	classes := map[string]bool{}
	for _, r := range rows {
		for _, rec := range r.Records {
			for k := range rec.LLM.Answers {
				classes[k] = true
			}
			for k := range rec.LLM.Failures {
				classes["failed: "+k] = true
			}
		}
	}
	names := slices.Sorted(maps.Keys(classes))
	if n := slices.Index(names, "ok"); n > 0 {
		names = slices.Concat([]string{"ok"}, names[:n], names[n+1:])
	}
	out := sheet{Caption: "What answers were, by class", Header: append([]string{"system"}, names...)}
	for _, r := range rows {
		line := []string{r.System}
		for _, k := range names {
			n := 0
			for _, rec := range r.Records {
				n += rec.LLM.Answers[k]
				for why, failed := range rec.LLM.Failures {
					if "failed: "+why == k {
						n += failed
					}
				}
			}
			line = append(line, fmt.Sprint(n))
		}
		out.Rows = append(out.Rows, line)
	}
	return out
}

// calls are what was sent and what it took, of the first seed where a sum would say nothing.
func calls(rows []*row) sheet {
	out := sheet{
		Caption: "What was asked, and what it took (first seed)",
		Header:  []string{"system", "provider", "model", "prompt", "method", "calls at a time", "first token p50 s", "loading s", "retries", "asked again", "cached tokens", "prices of"},
	}
	for _, r := range rows {
		x := r.Records[0].LLM
		retries := 0
		for _, n := range x.Retries {
			retries += n
		}
		out.Rows = append(out.Rows, []string{
			r.System, x.Provider, x.Model, x.Prompt, x.Method, count(x.Parallel), seconds(x.FirstTokenP50), seconds(x.Load),
			fmt.Sprint(retries), fmt.Sprint(x.Again), fmt.Sprint(x.CachedTokens), orNone(x.Prices),
		})
	}
	return out
}

func count(n int) string {
	if n == 0 {
		return "–"
	}
	return fmt.Sprint(n)
}

func seconds(x float64) string {
	if x == 0 {
		return "–"
	}
	return table.Figure(x)
}

// positions draw what a place in the list that was shown does, and whether popular items are put first.
func positions(rows []*row) []*drawn {
	shown := &figure.Figure{
		Name: "position-bias", Title: "Share of the answers that put first what was shown in a place", Note: "A model without a bias of position, over candidates in random order, puts each place first equally often. Candidates in the order of a first stage make the first places better.",
		X: figure.Axis{Label: "place in the list that was shown"}, Y: figure.Axis{Label: "share put first", Zero: true},
	}
	popular := &figure.Figure{
		Name: "popularity-bias", Title: "Popularity of what stands at each rank, before and after the model", Note: "1 is the catalogue's most popular item.",
		X: figure.Axis{Label: "rank"}, Y: figure.Axis{Label: "mean popularity", Zero: true},
	}
	for _, r := range rows {
		x := r.Records[0].LLM
		if len(shown.Series) < most {
			shown.Series = append(shown.Series, places(r.System, x.Positions, func(p results.Position) (float64, bool) { return p.First, p.Shown > 0 }))
		}
		if len(popular.Series) < most {
			popular.Series = append(popular.Series,
				places(r.System+", before", x.Popularity, func(p results.Rank) (float64, bool) { return p.Before, true }),
				places(r.System+", after", x.Popularity, func(p results.Rank) (float64, bool) { return p.After, true }))
		}
	}
	var out []*drawn
	for _, f := range []*figure.Figure{shown, popular} {
		if !f.Empty() {
			out = append(out, draw(f))
		}
	}
	return out
}

func places[T any](name string, list []T, of func(T) (float64, bool)) figure.Series {
	s := figure.Series{Name: name, Kind: figure.Line}
	for n, x := range list {
		if y, ok := of(x); ok {
			s.Points = append(s.Points, figure.Point{X: float64(n + 1), Y: y})
		}
	}
	return s
}
