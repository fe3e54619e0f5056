package describe

import (
	"cmp"
	"slices"

	"llm4rec/llm/tfidf"
)

// neighbours finds the items that are most like one, by the words of what is known of them: the cosine of their tf-idf vectors,
// ties by item. An item that shares no word is no neighbour.
func (w *writer) neighbours() func(item int) []int {
	most := w.config.Prompt.Neighbours
	if most == 0 {
		return func(int) []int { return nil }
	}
	type posting struct {
		item  int
		value float64
	}
	texts := w.texts()
	corpus := tfidf.New(texts, tfidf.Terms{})
	rows := make([]tfidf.Row, len(texts))
	having := make([][]posting, corpus.Len())
	for n, t := range texts {
		rows[n] = corpus.Row(t)
		for k, column := range rows[n].Columns {
			having[column] = append(having[column], posting{n, rows[n].Values[k]})
		}
	}
	return func(item int) []int {
		scores := make([]float64, len(texts))
		for k, column := range rows[item].Columns {
			for _, p := range having[column] {
				scores[p.item] += rows[item].Values[k] * p.value
			}
		}
		var out []int
		for n, s := range scores {
			if n != item && s > 0 {
				out = append(out, n)
			}
		}
		slices.SortFunc(out, func(a, b int) int { return cmp.Or(cmp.Compare(scores[b], scores[a]), cmp.Compare(a, b)) })
		return out[:min(most, len(out))]
	}
}
