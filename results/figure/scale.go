package figure

import (
	"math"
	"strconv"
)

// scale maps values to places along an axis.
type scale struct {
	Axis
	lo, hi   float64 // of the values, or of their logarithms
	from, to float64 // of the places
	ticks    []tick
}

type tick struct {
	value float64
	text  string
}

// newScale covers the values with some room, and finds round ones to name.
func newScale(a Axis, values []float64, from, to float64) scale {
	s := scale{Axis: a, from: from, to: to}
	if a.Names != nil {
		s.lo, s.hi = -.5, float64(len(a.Names))-.5
		for n, name := range a.Names {
			s.ticks = append(s.ticks, tick{float64(n), name})
		}
		return s
	}
	s.lo, s.hi = math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if a.Log {
			v = math.Log10(v)
		}
		s.lo, s.hi = min(s.lo, v), max(s.hi, v)
	}
	if s.lo > s.hi {
		s.lo, s.hi = 0, 1
	}
	if s.hi-s.lo < 1e-12 {
		s.lo, s.hi = s.lo-.5, s.hi+.5
	}
	room := .06 * (s.hi - s.lo)
	if s.lo, s.hi = s.lo-room, s.hi+room; a.Zero && !a.Log {
		s.lo = 0
	}
	if a.Log {
		if s.ticks = powers(s.lo, s.hi); len(s.ticks) < 3 { // a range within one power of ten has round values of its own
			s.ticks = round(math.Pow(10, s.lo), math.Pow(10, s.hi), false)
		}
	} else {
		s.ticks = round(s.lo, s.hi, a.Reverse)
	}
	return s
}

// place is where a value stands.
func (s scale) place(v float64) float64 {
	if s.Log {
		v = math.Log10(v)
	}
	x := (v - s.lo) / (s.hi - s.lo)
	if s.Reverse {
		x = 1 - x
	}
	return s.from + x*(s.to-s.from)
}

// round are some five round values; whole ones for ranks.
func round(lo, hi float64, whole bool) []tick {
	step := math.Pow(10, math.Floor(math.Log10((hi-lo)/5)))
	for _, f := range []float64{1, 2, 5, 10} {
		if (hi-lo)/(step*f) <= 6 {
			step *= f
			break
		}
	}
	if whole {
		step = max(1, step)
	}
	var out []tick
	for k := math.Ceil(lo / step); k*step <= hi+1e-9*step; k++ {
		out = append(out, tick{k * step, number(k*step, step)})
	}
	return out
}

// powers are the powers of ten, with 2 and 5 of each where there are few.
func powers(lo, hi float64) []tick {
	factors := []float64{1}
	switch {
	case hi-lo < 1:
		factors = []float64{1, 1.5, 2, 3, 4, 5, 7}
	case hi-lo < 3:
		factors = []float64{1, 2, 5}
	}
	every := max(1, int(math.Ceil((hi-lo)/7)))
	var out []tick
	for e := int(math.Floor(lo)); e <= int(math.Ceil(hi)); e++ {
		if e%every != 0 {
			continue
		}
		for _, f := range factors {
			if at := float64(e) + math.Log10(f); at >= lo && at <= hi {
				v := f * math.Pow(10, float64(e))
				out = append(out, tick{v, number(v, v)})
			}
		}
	}
	return out
}

// number writes a value with the decimals that its step needs.
func number(v, step float64) string {
	if abs := math.Abs(v); abs >= 1e6 || abs > 0 && abs < 1e-4 {
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	decimals := max(0, int(math.Ceil(-math.Log10(step)-1e-9)))
	if scaled := step * math.Pow(10, float64(decimals)); math.Abs(scaled-math.Round(scaled)) > 1e-6 {
		decimals++
	}
	if v == 0 {
		v = 0 // not −0
	}
	return strconv.FormatFloat(v, 'f', decimals, 64)
}
