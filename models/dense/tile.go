package dense

import (
	"math"

	"llm4rec/gpu"
)

// tile is a worker's memory for the estimates of some queries and items.
type tile struct {
	items  int // at most
	scores []float32
	hits   []int32 // columns that may be worth it, and their estimates
	values []float32
	ends   []int32
	floors []float32
}

func newTile(queries, items int) *tile {
	n := queries * items
	return &tile{items, make([]float32, n), make([]int32, n), make([]float32, n), make([]int32, queries), make([]float32, queries)}
}

// offer estimates the scores of items from lo on, and offers each search those that may be worth it.
func (t *tile) offer(searches []search, lo int, queries, items, halves []float32, f int) {
	m, width := len(searches), len(items)/f
	scores, floors, ends := t.scores[:m*width], t.floors[:m], t.ends[:m]
	gpu.MulT(scores, queries, items, m, width, f)
	for n := range searches {
		floors[n] = searches[n].floor
		if searches[n].done {
			floors[n] = float32(math.Inf(1))
		}
	}
	gpu.Above(t.hits, t.values, ends, scores, halves, width, floors)
	from := int32(0)
	for n, to := range ends {
		if to > from {
			searches[n].offer(int32(lo), t.hits[from:to], t.values[from:to])
		}
		from = to
	}
}
