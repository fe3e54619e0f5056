package gputest

import (
	"fmt"
	"math"
)

// unit is the unit roundoff of float32.
const unit = 0x1p-24

// gamma is γ_n = n·u/(1 − n·u): a sum of n products in float32, in any order, is off by at most γ_n·Σ|a||b| (Higham,
// Accuracy and Stability of Numerical Algorithms, §3.1).
func gamma(n int) float64 { return float64(n) * unit / (1 - float64(n)*unit) }

// near says whether |got − want| ≤ tolerance, element by element. What is not finite is wrong.
func near(got, want []float32, tolerance func(i int) float64) error {
	return compare(got, want, func(i int, g, w float32) bool {
		return math.Abs(float64(g)-float64(w)) <= tolerance(i) // false for NaN, and for an infinity too
	})
}

// same says whether two slices are equal bit for bit.
func same(got, want []float32) error {
	return compare(got, want, func(_ int, g, w float32) bool { return math.Float32bits(g) == math.Float32bits(w) })
}

func sameInts(got, want []int32) error {
	return compare(got, want, func(_ int, g, w int32) bool { return g == w })
}

func compare[T float32 | int32](got, want []T, equal func(i int, g, w T) bool) error {
	if len(got) != len(want) {
		return fmt.Errorf("got %d elements, want %d", len(got), len(want))
	}
	first, wrong := 0, 0
	for i, g := range got {
		if !equal(i, g, want[i]) {
			if wrong == 0 {
				first = i
			}
			wrong++
		}
	}
	if wrong > 0 {
		return fmt.Errorf("%d of %d elements are wrong, the first at %d: got %v, want %v", wrong, len(got), first, got[first], want[first])
	}
	return nil
}

// nearRows says whether ‖got − want‖ ≤ tolerance·‖want‖ for every row, in the Euclidean norm.
func nearRows(got, want []float32, cols int, tolerance func(row int) float64) error {
	if len(got) != len(want) {
		return fmt.Errorf("got %d elements, want %d", len(got), len(want))
	}
	for lo := 0; lo < len(want); lo += cols {
		var off, norm float64
		for i := lo; i < lo+cols; i++ {
			off += square(float64(got[i]) - float64(want[i]))
			norm += square(float64(want[i]))
		}
		if off, norm, bound := math.Sqrt(off), math.Sqrt(norm), tolerance(lo/cols); !(off <= bound*norm) {
			return fmt.Errorf("row %d: off by %.3g of a length of %.3g, want at most %.3g times it", lo/cols, off, norm, bound)
		}
	}
	return nil
}

func square(x float64) float64 { return x * x }

// at puts a place before an error.
func at(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), err)
}
