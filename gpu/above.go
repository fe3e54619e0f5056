package gpu

// Above finds what is large in a tile of scores, len(floors)×cols, on the CPU, in the calling goroutine: the columns of row r
// whose score, plus the bias of the column where there is one, is not below floors[r]. They go to
// hits[ends[r-1]:ends[r]], ascending. hits has room for as many as there are scores.
func Above(hits, ends []int32, scores, bias []float32, cols int, floors []float32) {
	must(len(scores) == len(floors)*cols && len(hits) >= len(scores) && len(ends) == len(floors))
	must(bias == nil || len(bias) == cols)
	if len(scores) == 0 {
		clear(ends)
		return
	}
	above(hits, ends, scores, bias, cols, floors)
}

// plainAbove is the twin of above.c.
func plainAbove(hits, ends []int32, scores, bias []float32, cols int, floors []float32) {
	n := int32(0)
	for r, floor := range floors {
		for c, s := range scores[r*cols : (r+1)*cols] {
			if bias != nil {
				s += bias[c]
			}
			if s >= floor {
				hits[n] = int32(c)
				n++
			}
		}
		ends[r] = n
	}
}
