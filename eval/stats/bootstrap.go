// Package stats says how far a mean over users can be trusted: bootstrap intervals, paired tests and their correction
// for multiplicity.
//
// The unit of inference is the user. Values of several seeds are averaged by user before they come here.
package stats

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"slices"
)

// Resamples is how many are drawn where the caller has no reason for another number.
const Resamples = 10_000

// few is the number of users below which a percentile interval is known to be too narrow.
const few = 20

// Interval is a mean and its 95% interval.
type Interval struct{ Mean, Lo, Hi float64 }

// Bootstrap returns, for every column of a users × columns matrix in row-major order, the mean over users and its
// percentile 95% interval: the .025 and .975 quantiles of the mean over users drawn with replacement (Efron &
// Tibshirani 1993, An Introduction to the Bootstrap, §13.3), with linear interpolation between order statistics. All
// columns see the same draws. The result depends on the arguments alone, not on the number of cores.
//
// Without users the intervals are zero. The warnings say where too few users make an interval meaningless.
func Bootstrap(values []float64, cols, resamples int, seed uint64) ([]Interval, []string) {
	if cols < 1 || len(values)%cols != 0 || resamples < 1 {
		panic("stats: a matrix has at least one column and full rows, and a bootstrap at least one resample")
	}
	out := make([]Interval, cols)
	n := len(values) / cols
	if n == 0 {
		return out, []string{"no users: no mean"}
	}
	ones := make([]int32, n)
	for u := range ones {
		ones[u] = 1
	}
	mean := make([]float64, cols)
	weighted(mean, ones, values)

	draws := make([]float64, cols*resamples) // one column after the other
	parallel(resamples, func() func(r int) {
		count, sums := make([]int32, n), make([]float64, cols)
		return func(r int) {
			// Counting first and adding later visits 1 − 1/e of the rows, in order, instead of n at random.
			clear(count)
			drawn(count, stream(seed, r), 1)
			weighted(sums, count, values)
			for c, v := range sums {
				draws[c*resamples+r] = v
			}
		}
	})
	for c := range out {
		d := draws[c*resamples : (c+1)*resamples]
		slices.Sort(d)
		out[c] = Interval{mean[c], quantile(d, .025), quantile(d, .975)}
	}
	return out, doubts(n)
}

// drawn adds one to the count of a user for each of as many draws as there are users.
func drawn[T int32 | uint8](count []T, s *rand.ChaCha8, one T) {
	for range count {
		u, _ := bits.Mul64(s.Uint64(), uint64(len(count)))
		count[u] += one
	}
}

// weighted sets dst to the mean of the rows, row u counted count[u] times; the counts sum to the number of rows.
// Rows are added in their order: equal columns have equal means.
func weighted(dst []float64, count []int32, values []float64) {
	clear(dst)
	for u, n := range count {
		if n == 0 {
			continue
		}
		w, row := float64(n), values[u*len(dst):][:len(dst)]
		for c, v := range row {
			dst[c] += float64(w * v) // not fused: the same digits on every CPU
		}
	}
	for c := range dst {
		dst[c] /= float64(len(count))
	}
}

// quantile of sorted values, by linear interpolation between order statistics.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	lo := int(at)
	hi := min(lo+1, len(sorted)-1)
	return sorted[lo] + float64((at-float64(lo))*(sorted[hi]-sorted[lo]))
}

func doubts(users int) []string {
	switch {
	case users == 1:
		return []string{"one user: the interval says nothing"}
	case users < few:
		return []string{fmt.Sprintf("only %d users: the intervals are too narrow", users)}
	}
	return nil
}
