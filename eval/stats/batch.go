package stats

import (
	"cmp"
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
	slices.SortStableFunc(g.places, func(a, b int32) int { return cmp.Compare(x[a], x[b]) })
	for n, i := range g.places {
		if n == 0 || x[i] != g.values[len(g.values)-1] {
			g.values, g.ends = append(g.values, x[i]), append(g.ends, 0)
		}
		g.ends[len(g.ends)-1] = int32(n + 1)
	}
	return g
}

// A word has a byte of each of eight resamples, and a user's words lie side by side: one look at a user serves all of them. A
// byte is emptied into a wider sum before it can overflow, and sums of 16 bits hold all draws of fewer users than wide.
const (
	words   = 4
	eighths = 8
	abreast = words * eighths // resamples
	wide    = 1 << 16
	even    = 0x00ff00ff00ff00ff // every other byte
)

// lanes are one user's bytes.
type lanes [words]uint64

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
	parallel((resamples+abreast-1)/abreast, func() func(int) {
		one, count := make([]uint8, n), make([]lanes, n)
		return func(block int) {
			first := block * abreast
			size := min(abreast, resamples-first)
			clear(count)
			var most uint8
			for l := range size {
				clear(one)
				drawn(one, stream(seed, first+l), 1) // no user is drawn 256 times of fewer than wide
				for u, c := range one {
					count[u][l/eighths] |= uint64(c) << (8 * (l % eighths))
					most = max(most, c)
				}
			}
			for r := range groups {
				groups[r].counted(draws[r*resamples+first:][:size], count, 255/int(most))
			}
		}
	})
	parallel(len(rows), func() func(int) {
		return func(r int) {
			d := draws[r*resamples : (r+1)*resamples]
			ends(d)
			var sum float64
			for _, v := range rows[r] {
				sum += v
			}
			out[r] = Interval{sum / float64(n), quantile(d, .025), quantile(d, .975)}
		}
	})
	return out
}

// ends puts the values that the quantiles of an interval read into their places, as sorting would.
func ends(d []float64) {
	low, high := int(.025*float64(len(d)-1))+2, int(.975*float64(len(d)-1))
	if low >= high {
		slices.Sort(d)
		return
	}
	choose(d, low)
	slices.Sort(d[:low])
	choose(d[low:], high-low)
	slices.Sort(d[high:])
}

// choose puts the n least values first (Hoare 1961, Find), from which of three the middle one parts the rest.
func choose(d []float64, n int) {
	for len(d) > 12 && n > 0 && n < len(d) {
		a, b, c := d[0], d[len(d)/2], d[len(d)-1]
		middle := max(min(a, b), min(max(a, b), c))
		i, j := 0, len(d)-1
		for i <= j {
			for d[i] < middle {
				i++
			}
			for d[j] > middle {
				j--
			}
			if i <= j {
				d[i], d[j] = d[j], d[i]
				i++
				j--
			}
		}
		switch {
		case n <= j:
			d = d[:j+1]
		case n > i:
			d, n = d[i:], n-i
		default:
			return
		}
	}
	slices.Sort(d)
}

// counted sets dst to the means of the resamples whose counts by user stand in the bytes, of which so many may be added.
func (g grouped) counted(dst []float64, count []lanes, room int) {
	var sums [abreast]float64
	from := int32(0)
	for c, v := range g.values {
		var a, b lanes // bytes 0, 2, 4, 6 and 1, 3, 5, 7 of each word
		for places := g.places[from:g.ends[c]]; len(places) > 0; {
			some := places[:min(room, len(places))]
			places = places[len(some):]
			var s0, s1, s2, s3 uint64 // an array of them would stay in memory
			for _, u := range some {
				x := &count[u]
				s0, s1, s2, s3 = s0+x[0], s1+x[1], s2+x[2], s3+x[3]
			}
			for w, sum := range (lanes{s0, s1, s2, s3}) {
				a[w] += sum & even
				b[w] += sum >> 8 & even
			}
		}
		from = g.ends[c]
		for l := 0; l < abreast; l += 2 {
			w := l / eighths
			sums[l] += float64(v * float64(a[w]&(wide-1)))
			sums[l+1] += float64(v * float64(b[w]&(wide-1)))
			a[w] >>= 16
			b[w] >>= 16
		}
	}
	for l := range dst {
		dst[l] = sums[l] / float64(len(count))
	}
}

// PairedAll returns [Paired] of each row of differences: the same numbers, for signs that are drawn once.
func PairedAll(rows [][]float64, resamples int, seed uint64) []float64 {
	type test struct {
		signed
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
			tests = append(tests, &test{signed: absolute(d), row: r, sum: sum, bound: bound, extreme: make([]bool, resamples)})
			longest = max(longest, len(d))
		}
	}
	parallel((resamples+abreast-1)/abreast, func() func(int) {
		signs := make([]lanes, longest+63)
		return func(block int) {
			first := block * abreast
			size := min(abreast, resamples-first)
			clear(signs)
			for l := range size {
				s := stream(seed, first+l)
				for k := 0; k < longest; k += 64 {
					bits := s.Uint64()
					for b := range signs[k:][:min(64, len(signs)-k)] {
						signs[k+b][l/eighths] |= (bits >> b & 1) << (8 * (l % eighths))
					}
				}
			}
			for _, t := range tests {
				var changed [abreast]float64
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

// signed are differences by their absolute values, of each first the places where they are positive.
type signed struct {
	grouped
	positive []int32 // their ends in places, of each value
}

func absolute(d []float64) signed {
	abs := make([]float64, len(d))
	for k, v := range d {
		abs[k] = math.Abs(v)
	}
	s := signed{grouped: group(abs)}
	from := int32(0)
	for _, end := range s.ends {
		places := s.places[from:end]
		slices.SortStableFunc(places, func(a, b int32) int { return cmp.Compare(d[b], d[a]) })
		n := 0
		for n < len(places) && d[places[n]] > 0 {
			n++
		}
		s.positive = append(s.positive, from+int32(n))
		from = end
	}
	return s
}

// ones is 1 in every byte.
const ones = 0x0101010101010101

// flipped adds up the terms whose sign changes, by resample. The bytes begin with the number of negative terms, so that none
// of them falls below zero.
func (s signed) flipped(dst *[abreast]float64, signs []lanes) {
	from := int32(0)
	for c, v := range s.values {
		plus, minus := s.places[from:s.positive[c]], s.places[s.positive[c]:s.ends[c]]
		from = s.ends[c]
		for len(plus)+len(minus) > 0 {
			p := plus[:min(len(plus), 255)]
			m := minus[:min(len(minus), 255-len(p))]
			plus, minus = plus[len(p):], minus[len(m):]
			n0 := uint64(len(m)) * ones
			n1, n2, n3 := n0, n0, n0
			for _, k := range p {
				x := &signs[k]
				n0, n1, n2, n3 = n0+x[0], n1+x[1], n2+x[2], n3+x[3]
			}
			for _, k := range m {
				x := &signs[k]
				n0, n1, n2, n3 = n0-x[0], n1-x[1], n2-x[2], n3-x[3]
			}
			for w, n := range (lanes{n0, n1, n2, n3}) {
				for l := range eighths {
					dst[eighths*w+l] += float64(v * float64(int(n&255)-len(m)))
					n >>= 8
				}
			}
		}
	}
}
