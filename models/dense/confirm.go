package dense

import (
	"math"

	"llm4rec/gpu"
	"llm4rec/models"
)

// Confirm ranks the best k out of items that were found elsewhere, by estimates that are as good as a float32 product's. ok
// says that no item that was not found, whose estimate is at most left, belongs among them.
//
// The product may be that of (q, 1) and (y, −‖y‖²/2) under L2.
func (x *Items) Confirm(vector []float32, found []int32, estimates []float32, k int, left float32) (best []models.Scored, ok bool) {
	size := gpu.Dot(vector, vector)
	margin, _ := x.margin(math.Sqrt(size))
	s := newSearch(x, vector, size, margin, models.Query{K: k})
	s.offer(0, found, estimates)
	best = s.best()
	return best, left < s.floor
}

// Halves are −‖y‖²/2 of all vectors under L2, otherwise nil. They must not be changed.
func (x *Items) Halves() []float32 { return x.halves }
