package gpu

import (
	"cmp"
	"context"
	"math"
	"slices"
)

// TopK keeps a pool of at most 2k columns that are better than the k-th best so far, so that almost every element of a
// long row costs one comparison.
func (*cpu) TopK(ids Ints, scores, x Matrix, exclude *Sparse) error {
	k := CheckTopK(ids, scores, x, exclude)
	if k == 0 {
		return nil
	}
	return Blocks(context.Background(), x.Rows, 16, func() func(lo, hi int) error {
		pool := make([]int32, 0, 2*k)
		return func(lo, hi int) error {
			for r := lo; r < hi; r++ {
				var masked []int32
				if exclude != nil {
					masked, _ = exclude.row(r)
				}
				pool = largest(pool[:0], x.row(r), masked, k)
				row := x.row(r)
				for n := range k {
					id, score := int32(-1), float32(math.Inf(-1))
					if n < len(pool) {
						id, score = pool[n], row[pool[n]]
					}
					ids.Host[r*k+n], scores.Host[r*k+n] = id, score
				}
			}
			return nil
		}
	})
}

// largest appends the columns of the k largest elements to the empty pool, largest first.
func largest(pool []int32, row []float32, masked []int32, k int) []int32 {
	better := func(a, b int32) int {
		return cmp.Or(cmp.Compare(row[b], row[a]), cmp.Compare(a, b))
	}
	floor := float32(math.Inf(-1))
	next := 0 // of masked
	for c, v := range row {
		if !(v >= floor) {
			continue
		}
		for next < len(masked) && masked[next] < int32(c) {
			next++
		}
		if next < len(masked) && masked[next] == int32(c) {
			continue
		}
		if pool = append(pool, int32(c)); len(pool) == 2*k {
			slices.SortFunc(pool, better)
			pool = pool[:k]
			floor = row[pool[k-1]]
		}
	}
	slices.SortFunc(pool, better)
	return pool[:min(k, len(pool))]
}
