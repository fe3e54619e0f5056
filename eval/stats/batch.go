package stats

import (
	"math"
	"slices"
)

// grouped is a vector by its values: few differ, for a metric of short lists, and most of those are zero. A resample of it
// costs an addition of whole numbers for each place that is not zero, for several resamples in one machine word.
type grouped struct {
	places []int32   // of what is not zero, value by value
	ends   []int32   // in places, of each value
	values []float64 // ascending
}

func group(x []float64) grouped {
	var g grouped
	for i, v := range x {
		if v != 0 {
			g.places = append(g.places, int32(i))
		}
	}
	slices.SortStableFunc(g.places, func(a, b int32) int {
		switch {
		case x[a] < x[b]:
			return -1
		case x[a] > x[b]:
			return 1
		}
		return 0
	})
	for n, i := range g.places {
		if n == 0 || x[i] != g.values[len(g.values)-1] {
			g.values, g.ends = append(g.values, x[i]), append(g.ends, 0)
		}
		g.ends[len(g.ends)-1] = int32(n + 1)
	}
	return g
}

// lanes of 16 bits hold the counts of four resamples. None exceeds the number of draws, so that none overflows below wide.
const (
	quarters = 4
	wide     = 1 << 16
)

// Intervals returns for each row, one value a user, what [Bootstrap] returns for it alone, but for rounding: all rows see
// the same draws, which are made once. Rows have equal lengths.
func Intervals(rows [][]float64, resamples int, seed uint64) []Interval {
	out := make([]Interval, len(rows))
	if len(rows) == 0 || len(rows[0]) == 0 {
		return out
	}
	n := len(rows[0])
	if n >= wide {
		for r, row := range rows {
			found, _ := Bootstrap(row, 1, resamples, seed)
			out[r] = found[0]
		}
		return out
	}
	groups := make([]grouped, len(rows))
	for r, row := range rows {
		if len(row) != n {
			panic("stats: rows over the same users have equal lengths")
		}
		groups[r] = group(row)
	}
	draws := make([]float64, len(rows)*resamples) // one row after the other
	parallel((resamples+quarters-1)/quarters, func() func(int) {
		count := make([]uint64, n)
		return func(block int) {
			first := block * quarters
			size := min(quarters, resamples-first)
			clear(count)
			for l := range size {
				drawn(count, stream(seed, first+l), 1<<(16*l))
			}
			for r := range groups {
				groups[r].counted(draws[r*resamples+first:][:size], count)
			}
		}
	})
	parallel(len(rows), func() func(int) {
		return func(r int) {
			d := draws[r*resamples : (r+1)*resamples]
			slices.Sort(d)
			var sum float64
			for _, v := range rows[r] {
				sum += v
			}
			out[r] = Interval{sum / float64(n), quantile(d, .025), quantile(d, .975)}
		}
	})
	return out
}

// counted sets dst to the means of the resamples whose counts by user stand in the lanes.
func (g grouped) counted(dst []float64, count []uint64) {
	clear(dst)
	from := int32(0)
	for c, v := range g.values {
		var sum uint64
		for _, u := range g.places[from:g.ends[c]] {
			sum += count[u]
		}
		from = g.ends[c]
		for l := range dst {
			dst[l] += float64(v * float64(sum>>(16*l)&(wide-1)))
		}
	}
	for l := range dst {
		dst[l] /= float64(len(count))
	}
}

// eighths are the resamples that share a word in a test: a sign is one bit, and a lane of a byte counts 255 of them.
const eighths = 8

// PairedAll returns [Paired] of each row of differences: the same numbers, for signs that are drawn once.
func PairedAll(rows [][]float64, resamples int, seed uint64) []float64 {
	type test struct {
		grouped
		row        int
		sum, bound float64
		extreme    []bool // by resample
	}
	out := make([]float64, len(rows))
	var tests []*test
	longest := 0
	for r, row := range rows {
		d, sum, bound := terms(row)
		p, known := settled(d, bound, resamples)
		if out[r] = p; !known {
			tests = append(tests, &test{grouped: group(d), row: r, sum: sum, bound: bound, extreme: make([]bool, resamples)})
			longest = max(longest, len(d))
		}
	}
	parallel((resamples+eighths-1)/eighths, func() func(int) {
		signs := make([]uint64, longest+63)
		return func(block int) {
			first := block * eighths
			size := min(eighths, resamples-first)
			clear(signs)
			for l := range size {
				s := stream(seed, first+l)
				for k := 0; k < longest; k += 64 {
					bits := s.Uint64()
					for b := range signs[k:][:min(64, len(signs)-k)] {
						signs[k+b] |= (bits >> b & 1) << (8 * l)
					}
				}
			}
			for _, t := range tests {
				var changed [eighths]float64
				t.flipped(&changed, signs)
				for l := range size {
					t.extreme[first+l] = math.Abs(t.sum-2*changed[l]) >= t.bound
				}
			}
		}
	})
	for _, t := range tests {
		n := 1
		for _, x := range t.extreme {
			if x {
				n++
			}
		}
		out[t.row] = float64(n) / float64(1+resamples)
	}
	return out
}

// flipped adds up the terms whose sign changes, by resample.
func (g grouped) flipped(dst *[eighths]float64, signs []uint64) {
	from := int32(0)
	for c, v := range g.values {
		for places := g.places[from:g.ends[c]]; len(places) > 0; {
			some := places[:min(255, len(places))]
			places = places[len(some):]
			var n uint64
			for _, k := range some {
				n += signs[k]
			}
			for l := range dst {
				dst[l] += float64(v * float64(n>>(8*l)&255))
			}
		}
		from = g.ends[c]
	}
}
