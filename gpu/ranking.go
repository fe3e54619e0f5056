package gpu

import "slices"

// Above finds what is large in a tile of scores, len(floors)×cols, on the CPU, in the calling goroutine: the columns of row r
// whose score, plus the bias of the column where there is one, is not below floors[r]. They go to
// hits[ends[r-1]:ends[r]], ascending, and the sums to values. Both have room for as many as there are scores.
func Above(hits []int32, values []float32, ends []int32, scores, bias []float32, cols int, floors []float32) {
	must(len(scores) == len(floors)*cols && len(hits) >= len(scores) && len(values) >= len(scores) && len(ends) == len(floors))
	must(bias == nil || len(bias) == cols)
	if len(scores) == 0 {
		clear(ends)
		return
	}
	above(hits, values, ends, scores, bias, cols, floors)
}

// plainAbove is the twin of llm4rec_above.
func plainAbove(hits []int32, values []float32, ends []int32, scores, bias []float32, cols int, floors []float32) {
	n := int32(0)
	for r, floor := range floors {
		for c, s := range scores[r*cols : (r+1)*cols] {
			if bias != nil {
				s += bias[c]
			}
			if s >= floor {
				hits[n], values[n] = int32(c), s
				n++
			}
		}
		ends[r] = n
	}
}

// Kth returns the k-th largest of some numbers, k from 1 on, on the CPU, in the calling goroutine. None may be NaN.
func Kth(x []float32, k int) float32 {
	must(k >= 1 && k <= len(x))
	return kth(x, k)
}

// plainKth is the twin of llm4rec_kth.
func plainKth(x []float32, k int) float32 {
	sorted := slices.Sorted(slices.Values(x))
	return sorted[len(x)-k]
}

// Dots sets dst[n] to the [Dot] of q with row rows[n] of x, to the last bit, on the CPU, in the calling goroutine.
func Dots(dst []float64, q, x []float32, rows []int32) {
	must(len(dst) == len(rows))
	if len(q) == 0 || len(rows) == 0 {
		clear(dst)
		return
	}
	must(int(slices.Min(rows)) >= 0 && (int(slices.Max(rows))+1)*len(q) <= len(x))
	dots(dst, q, x, rows)
}

// plainDots is the twin of llm4rec_dots.
func plainDots(dst []float64, q, x []float32, rows []int32) {
	for n, r := range rows {
		dst[n] = Dot(q, x[int(r)*len(q):(int(r)+1)*len(q)])
	}
}

// Dot is the inner product in float64. Four partial sums break the chain of dependent additions; their order is fixed.
// A product of two float32 is exact in float64, so it does not matter either whether the compiler fuses it with the
// addition: the result is the same on any machine.
func Dot(a, b []float32) float64 {
	b = b[:len(a)]
	var s [4]float64
	n := 0
	for ; n+4 <= len(a); n += 4 {
		s[0] += float64(a[n]) * float64(b[n])
		s[1] += float64(a[n+1]) * float64(b[n+1])
		s[2] += float64(a[n+2]) * float64(b[n+2])
		s[3] += float64(a[n+3]) * float64(b[n+3])
	}
	for ; n < len(a); n++ {
		s[0] += float64(a[n]) * float64(b[n])
	}
	return (s[0] + s[1]) + (s[2] + s[3])
}
