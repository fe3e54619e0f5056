package topk

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"llm4rec/models"
)

// reference sorts everything that may be returned.
func reference(scores []float32, q models.Query) []models.Scored {
	all := []models.Scored{}
	for i, s := range scores {
		if slices.Contains(q.Exclude, int32(i)) || q.Candidates != nil && !slices.Contains(q.Candidates, int32(i)) {
			continue
		}
		all = append(all, models.Scored{Item: int32(i), Score: s})
	}
	slices.SortFunc(all, Better)
	return all[:min(q.K, len(all))]
}

func TestSelectAgainstSorting(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		n := 1 + r.IntN(60)
		scores := make([]float32, n)
		for i := range scores {
			scores[i] = float32(r.IntN(8)) // many ties
		}
		q := models.Query{K: 1 + r.IntN(n+5)}
		for range r.IntN(n + 1) {
			q.Exclude = append(q.Exclude, int32(r.IntN(n+3))-1) // repeats and ids outside the catalogue too
		}
		if r.IntN(2) == 0 {
			q.Candidates = []int32{}
			for i := range n {
				if r.IntN(2) == 0 {
					q.Candidates = append(q.Candidates, int32(i))
				}
			}
		}
		s := NewSelector(n)
		s.Select(scores, models.Query{K: 3, Exclude: []int32{0}}) // must leave nothing behind
		if d := cmp.Diff(reference(scores, q), s.Select(scores, q), cmpopts.EquateEmpty()); d != "" {
			t.Fatalf("scores %v, query %+v:\n%s", scores, q, d)
		}
	}
}

func BenchmarkSelect(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	scores := make([]float32, 3416)
	for i := range scores {
		scores[i] = r.Float32()
	}
	s := NewSelector(len(scores))
	for b.Loop() {
		s.Select(scores, models.Query{K: 100, Exclude: []int32{1, 5, 9}})
	}
}
