package agent

import (
	"cmp"
	"math"
	"slices"

	"llm4rec/data"
)

// words finds items by the words of their fields.
type words struct {
	items map[string][]int32 // ascending
	all   int
}

func newWords(fields data.Fields, n int) *words {
	w := &words{items: map[string][]int32{}, all: n}
	for i := range int32(n) {
		for _, f := range fields {
			for _, t := range tokens(f.Values[i]) {
				if of := w.items[t]; len(of) == 0 || of[len(of)-1] != i {
					w.items[t] = append(of, i)
				}
			}
		}
	}
	return w
}

// find are the items that have words of a text, best first: by the sum of ln(1 + items / items with the word), then by id.
func (w *words) find(text string) []int32 {
	scores := map[int32]float64{}
	seen := map[string]bool{}
	for _, t := range tokens(text) {
		of := w.items[t]
		if seen[t] || len(of) == 0 {
			continue
		}
		seen[t] = true
		weight := math.Log1p(float64(w.all) / float64(len(of)))
		for _, i := range of {
			scores[i] += weight
		}
	}
	out := make([]int32, 0, len(scores))
	for i := range scores {
		out = append(out, i)
	}
	slices.SortFunc(out, func(a, b int32) int { return cmp.Or(cmp.Compare(scores[b], scores[a]), cmp.Compare(a, b)) })
	return out
}
