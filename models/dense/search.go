package dense

import (
	"math"
	"slices"

	"llm4rec/gpu"
	"llm4rec/models"
	"llm4rec/models/topk"
)

// search keeps the best k items for one query vector while items are offered in ascending order.
type search struct {
	items  *Items
	vector []float32
	size   float64 // ‖q‖²
	margin float64 // β
	k      int
	done   bool // the query had candidates, and they have been seen

	exclude   []int32         // ascending, those below the next tile dropped
	pool      []int32         // items
	estimates []float32       // of those in the pool
	settled   []models.Scored // the best of those with exact scores, best first
	floor     float32         // an estimate below it is not worth an exact score
}

func newSearch(x *Items, vector []float32, size, margin float64, q models.Query) search {
	if q.K < 1 {
		panic(badK)
	}
	s := search{items: x, vector: vector, size: size, margin: margin, k: max(1, min(q.K, x.n)), floor: -math.MaxFloat32}
	s.exclude = slices.Clone(q.Exclude)
	slices.Sort(s.exclude)
	if q.Candidates != nil {
		for _, i := range q.Candidates {
			if _, ok := slices.BinarySearch(s.exclude, i); !ok {
				s.pool = append(s.pool, i)
			}
		}
		s.settle()
		s.done = true
	}
	return s
}

// room is how many estimates are kept until those that are not worth it are dropped.
func (s *search) room() int { return 2*s.k + 64 }

// offer takes those of the columns of a tile that are worth it. The tile begins at item lo.
func (s *search) offer(lo int32, columns []int32, estimates []float32) {
	for n, estimate := range estimates {
		if estimate < s.floor {
			continue
		}
		item := lo + columns[n]
		for len(s.exclude) > 0 && s.exclude[0] < item {
			s.exclude = s.exclude[1:]
		}
		if len(s.exclude) > 0 && s.exclude[0] == item {
			continue
		}
		s.pool, s.estimates = append(s.pool, item), append(s.estimates, estimate)
		if len(s.pool) >= s.room() {
			s.drop()
		}
	}
}

// drop makes room. The k-th best estimate e says that there are k items with a score of at least e − β, and what is
// estimated below e − 2β has less. Where that leaves too many, scores are as good as equal, and the exact ones decide.
func (s *search) drop() {
	s.raise(float64(gpu.Kth(s.estimates, s.k)) - 2*s.margin)
	kept := 0
	for n, estimate := range s.estimates {
		if estimate >= s.floor {
			s.pool[kept], s.estimates[kept] = s.pool[n], estimate
			kept++
		}
	}
	s.pool, s.estimates = s.pool[:kept], s.estimates[:kept]
	if kept > s.k+(s.room()-s.k)/2 {
		s.settle()
	}
}

func (s *search) raise(floor float64) { s.floor = max(s.floor, below(floor)) }

// settle gives all that is in the pool its exact score.
func (s *search) settle() {
	full := len(s.settled) == s.k
	for _, c := range s.items.exact(s.vector, s.pool) {
		if !full || topk.Better(c, s.settled[s.k-1]) < 0 {
			s.settled = append(s.settled, c)
		}
	}
	s.pool, s.estimates = s.pool[:0], s.estimates[:0]
	slices.SortFunc(s.settled, topk.Better)
	if len(s.settled) >= s.k {
		s.settled = s.settled[:s.k]
		s.raise(s.items.estimate(float64(s.settled[s.k-1].Score), s.size) - s.margin)
	}
}

// best is the answer.
func (s *search) best() []models.Scored {
	if len(s.pool) > s.k {
		s.drop()
	}
	s.settle()
	return slices.Clone(s.settled)
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
