// Package topk picks the best items of a row of scores under a query's exclusions and candidates.
package topk

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"llm4rec/models"
)

// Selector picks the best items of one row of scores at a time. It keeps scratch memory for a catalogue, so that a
// selection allocates only its answer. It must not be used by two goroutines at once.
type Selector struct {
	excluded []bool // all false between calls
	heap     []models.Scored
}

// NewSelector returns a selector for a catalogue of that many items.
func NewSelector(items int) *Selector { return &Selector{excluded: make([]bool, items)} }

// worse orders by ascending score, then descending item: the total order of a ranking, from its end.
func worse(a, b models.Scored) bool {
	return a.Score < b.Score || a.Score == b.Score && a.Item > b.Item
}

// Better compares two scored items in ranking order: descending score, then ascending item.
func Better(a, b models.Scored) int {
	return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Item, b.Item))
}

// Select returns the q.K best items, best first, ties by ascending item. scores has one entry for each item of the
// catalogue. Excluded ids outside the catalogue are ignored.
func (s *Selector) Select(scores []float32, q models.Query) []models.Scored {
	if q.K < 1 {
		panic("topk: K must be at least 1")
	}
	if len(scores) != len(s.excluded) {
		panic("topk: one score an item of the catalogue is needed")
	}
	for _, i := range q.Exclude {
		if i >= 0 && int(i) < len(s.excluded) {
			s.excluded[i] = true
		}
	}
	s.heap = s.heap[:0]
	if q.Candidates != nil {
		for _, i := range q.Candidates {
			s.offer(models.Scored{Item: i, Score: scores[i]}, q.K)
		}
	} else {
		for i, score := range scores {
			// Most items fall short of a full heap's worst: reject those before anything else.
			if len(s.heap) == q.K && score <= s.heap[0].Score {
				continue
			}
			s.offer(models.Scored{Item: int32(i), Score: score}, q.K)
		}
	}
	for _, i := range q.Exclude {
		if i >= 0 && int(i) < len(s.excluded) {
			s.excluded[i] = false
		}
	}
	out := slices.Clone(s.heap)
	slices.SortFunc(out, Better)
	return out
}

// offer puts an item into the heap of the k best, whose root is the worst of them.
func (s *Selector) offer(x models.Scored, k int) {
	if s.excluded[x.Item] {
		return
	}
	h := s.heap
	if len(h) < k {
		h = append(h, x)
		for n := len(h) - 1; n > 0; {
			parent := (n - 1) / 2
			if !worse(h[n], h[parent]) {
				break
			}
			h[n], h[parent] = h[parent], h[n]
			n = parent
		}
		s.heap = h
		return
	}
	if !worse(h[0], x) {
		return
	}
	h[0] = x
	for n := 0; ; {
		least := n
		for _, child := range [2]int{2*n + 1, 2*n + 2} {
			if child < k && worse(h[child], h[least]) {
				least = child
			}
		}
		if least == n {
			return
		}
		h[n], h[least] = h[least], h[n]
		n = least
	}
}

// Rows is a Recommender over a function that scores the whole catalogue for one query.
type Rows struct {
	Items int
	// Score fills dst, one entry an item, all zero at the call. Scores must be finite and must not depend on anything
	// but the query. It is called from many goroutines at once.
	Score func(q models.Query, dst []float32)

	scratch sync.Pool
}

type row struct {
	selector *Selector
	scores   []float32
}

// Recommend scores and selects, one query at a time.
func (r *Rows) Recommend(ctx context.Context, queries []models.Query) ([][]models.Scored, error) {
	w, ok := r.scratch.Get().(*row)
	if !ok {
		w = &row{NewSelector(r.Items), make([]float32, r.Items)}
	}
	defer r.scratch.Put(w)
	out := make([][]models.Scored, len(queries))
	for n, q := range queries {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("recommend: %w", err)
		}
		clear(w.scores)
		r.Score(q, w.scores)
		out[n] = w.selector.Select(w.scores, q)
	}
	return out, nil
}

var _ models.Recommender = (*Rows)(nil)
