package gpu

import (
	"context"
	"fmt"
	"math"
)

// cholesky solves A·x = b for a symmetric positive definite A, row by row in a, of which the lower triangle is read. It
// overwrites both: a by L with A = L·Lᵀ, b by x. It returns false where A is not positive definite.
func cholesky(a, b []float64) bool {
	f := len(b)
	for i := range f {
		row := a[i*f : i*f+i+1]
		for j := range row {
			other := a[j*f : j*f+j+1]
			sum := row[j]
			for l, v := range other[:j] {
				sum -= row[l] * v
			}
			if j < i {
				row[j] = sum / other[j]
				continue
			}
			if !(sum > 0) || math.IsInf(sum, 0) {
				return false
			}
			row[i] = math.Sqrt(sum)
		}
	}
	for i := range f { // L·z = b
		for l := range i {
			b[i] -= a[i*f+l] * b[l]
		}
		b[i] /= a[i*f+i]
	}
	for i := f - 1; i >= 0; i-- { // Lᵀ·x = z
		b[i] /= a[i*f+i]
		for l := range i {
			b[l] -= a[i*f+l] * b[i]
		}
	}
	return true
}

// solveEach calls f for every system, on all cores; the systems after one that fails may be left out.
func solveEach(n int, f func(n int) error) error {
	return Blocks(context.Background(), n, 1, func() func(lo, hi int) error {
		return func(lo, _ int) error { return f(lo) }
	})
}

func singular(what string, n int) error { return fmt.Errorf("gpu: %s %d: %w", what, n, ErrSingular) }
