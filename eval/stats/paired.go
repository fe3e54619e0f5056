package stats

import (
	"math"
	"sync/atomic"
)

// noise is how far, relative to the sum of absolute differences, two sums of the same terms in another grouping may lie
// apart by rounding. A permuted sum within it counts as equal, hence as at least as extreme.
const noise = 1e-10

// Paired returns the two-sided p-value of the paired randomisation test of zero mean difference, from one difference
// a user (Smucker, Allan & Carterette, CIKM 2007). If the two systems are exchangeable, every difference might as well
// have had the other sign: signs are drawn independently, T* is the sum under them, and
//
//	p = (1 + #{|T*| ≥ |T|}) / (1 + resamples)
//
// which counts the outcome seen among those possible, so that p is never 0. Without a difference p is 1.
func Paired(differences []float64, resamples int, seed uint64) float64 {
	if resamples < 1 {
		panic("stats: a test needs at least one resample")
	}
	d, _, bound := terms(differences)
	if p, known := settled(d, bound, resamples); known {
		return p
	}
	var extreme atomic.Int64
	parallel(resamples, func() func(r int) {
		return func(r int) {
			if math.Abs(flipped(d, seed, r)) >= bound {
				extreme.Add(1)
			}
		}
	})
	return float64(1+extreme.Load()) / float64(1+resamples)
}

// terms are the differences that are not zero, their sum, and what a permuted sum reaches to be as extreme. A difference of
// zero adds nothing under any sign; most are, for a metric of short lists.
func terms(differences []float64) (d []float64, sum, bound float64) {
	var abs float64
	for _, v := range differences {
		if v != 0 {
			d = append(d, v)
			sum += v
			abs += math.Abs(v)
		}
	}
	return d, sum, math.Abs(sum) - noise*abs
}

// unseen is how likely it may be that resampling would say something else than [settled] does.
const unseen = 1e-12

// settled returns the p-value where it is known without resampling: 1 where every T* is as extreme, and 1/(1 + resamples)
// where none will be. By Hoeffding's inequality |T*| ≥ t has at most the probability 2 exp(−t² / 2Σd²).
func settled(d []float64, bound float64, resamples int) (float64, bool) {
	if bound <= 0 {
		return 1, true
	}
	var squares float64
	for _, v := range d {
		squares += float64(v * v)
	}
	if 2*float64(resamples)*math.Exp(-bound*bound/(2*squares)) < unseen {
		return 1 / float64(1+resamples), true
	}
	return 0, false
}

// flipped is the sum of d under the signs of one resample.
func flipped(d []float64, seed uint64, resample int) float64 {
	s := stream(seed, resample)
	var sum float64
	for len(d) > 0 {
		signs := s.Uint64()
		block := d[:min(len(d), 64)]
		for _, v := range block {
			sum += math.Float64frombits(math.Float64bits(v) ^ signs<<63)
			signs >>= 1
		}
		d = d[len(block):]
	}
	return sum
}
