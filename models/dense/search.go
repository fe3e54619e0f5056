package dense

import (
	"math"
	"slices"

	"llm4rec/models"
	"llm4rec/models/topk"
)

// search keeps the best k items for one query vector while items are offered in ascending order.
type search struct {
	items  *Items
	vector []float32
	margin float64 // how far a float32 score may be from the exact one
	k      int
	done   bool // the query had candidates, and they have been seen

	exclude []int32 // ascending, those below the next tile dropped
	pool    []models.Scored
	full    bool          // k items have been seen
	last    models.Scored // the k-th best when they were last counted
	floor   float32       // a float32 score below it is not worth an exact one
}

func newSearch(x *Items, vector []float32, margin float64, q models.Query) search {
	if q.K < 1 {
		panic(badK)
	}
	s := search{items: x, vector: vector, margin: margin, k: min(q.K, x.n), floor: -math.MaxFloat32}
	s.exclude = slices.Clone(q.Exclude)
	slices.Sort(s.exclude)
	if q.Candidates != nil {
		for _, i := range q.Candidates {
			if _, ok := slices.BinarySearch(s.exclude, i); !ok {
				s.take(i)
			}
		}
		s.done = true
	}
	return s
}

// offer takes what is worth it of the items from lo on, whose float32 scores are given. It overwrites scores.
func (s *search) offer(lo int32, scores []float32) {
	for len(s.exclude) > 0 && s.exclude[0] < lo+int32(len(scores)) {
		if n := s.exclude[0] - lo; n >= 0 {
			scores[n] = float32(math.Inf(-1))
		}
		s.exclude = s.exclude[1:]
	}
	for n, score := range scores {
		if score >= s.floor {
			s.take(lo + int32(n))
		}
	}
}

// take puts an item with its exact score into the pool, which it cuts to the best k whenever it holds 2k.
func (s *search) take(item int32) {
	c := models.Scored{Item: item, Score: float32(dot(s.vector, s.items.vector(item)))}
	if s.full && topk.Better(c, s.last) > 0 {
		return
	}
	s.pool = append(s.pool, c)
	if len(s.pool) < 2*s.k {
		return
	}
	s.cut()
	s.full, s.last = true, s.pool[s.k-1]
	s.floor = below(float64(s.last.Score) - s.margin)
}

func (s *search) cut() {
	slices.SortFunc(s.pool, topk.Better)
	s.pool = s.pool[:min(s.k, len(s.pool))]
}

// best is the answer.
func (s *search) best() []models.Scored {
	s.cut()
	return slices.Clone(s.pool)
}

// below rounds to a float32 that is not above x.
func below(x float64) float32 {
	y := float32(x)
	if float64(y) > x {
		y = math.Nextafter32(y, float32(math.Inf(-1)))
	}
	return y
}

const badK = "dense: K must be at least 1"
