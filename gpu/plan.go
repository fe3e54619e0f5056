package gpu

import (
	"slices"
	"sync"
)

// batch is the rows lo … hi−1 of the order by length; the columns are taken chunk at a time.
type batch struct{ lo, hi, chunk int }

// cacheBytes is what the rows of Y that a batch comes back to may take of a core's second-level cache: three eighths. Of
// caches of 1 and 2 MiB, a quarter to a half were equally fast within the noise, and all of it a tenth slower.
var cacheBytes = sync.OnceValue(func() int { return 3 * secondLevelCache() / 8 })

// usualCache is the size of a second-level cache that does not say it.
const usualCache = 1 << 20

const (
	smallBatch = 64  // rows, where cutting by cache does not make fewer
	largeBatch = 256 // rows, where a chunk of columns serves them all
	shares     = 32  // no batch of several rows is more than this part of the work: all cores must have some
)

// plan cuts the rows, longest first, into batches for conjugate gradients; see kernels.c for what a good one is. It
// depends on the matrix and the type of CPU alone, not on the number of workers.
func plan(order []int32, indptr []int64, columns, fp, steps int) []batch {
	length := func(n int) int { r := order[n]; return int(indptr[r+1] - indptr[r]) }
	cached := max(1, cacheBytes()/(4*fp)) // rows of Y
	share := max(cached, int(indptr[len(indptr)-1])/shares)
	var out []batch
	for lo := 0; lo < len(order); {
		b := batch{lo: lo, hi: lo + 1, chunk: max(columns, 1)}
		rows, entries := smallBatch, cached
		switch {
		case steps == 0:
			entries = share
		case columns <= cached:
			entries = share
		case length(lo) > cached:
			rows, entries, b.chunk = largeBatch, share, cached
		}
		for sum := length(lo); b.hi < len(order) && b.hi-lo < rows; b.hi++ {
			if sum += length(b.hi); sum > entries || b.chunk == cached && length(b.hi) <= cached {
				break
			}
		}
		out = append(out, b)
		lo = b.hi
	}
	work := func(b batch) int64 {
		total := int64(0)
		for _, r := range order[b.lo:b.hi] {
			total += indptr[r+1] - indptr[r]
		}
		return total
	}
	slices.SortStableFunc(out, func(a, b batch) int { return int(min(1, max(-1, work(b)-work(a)))) })
	return out
}

// longestFirst orders rows by their length, descending, then by number.
func longestFirst(indptr []int64) []int32 {
	rows := len(indptr) - 1
	longest := int64(0)
	for r := range rows {
		longest = max(longest, indptr[r+1]-indptr[r])
	}
	start := make([]int32, longest+2) // by longest − length
	for r := range rows {
		start[longest-(indptr[r+1]-indptr[r])+1]++
	}
	for n := range longest + 1 {
		start[n+1] += start[n]
	}
	order := make([]int32, rows)
	for r := range rows {
		at := &start[longest-(indptr[r+1]-indptr[r])]
		order[*at] = int32(r)
		*at++
	}
	return order
}
