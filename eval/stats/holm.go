package stats

import (
	"cmp"
	"slices"
)

// Holm adjusts p-values for their number by Holm's step-down procedure (Scandinavian Journal of Statistics 6, 1979):
// with p₍₁₎ ≤ … ≤ p₍ₘ₎, the adjusted p₍ᵢ₎ is the maximum over j ≤ i of min(1, (m − j + 1) p₍ⱼ₎). Rejecting where the
// adjusted value is at most α keeps the probability of any false rejection at most α, whatever depends on what.
func Holm(p []float64) []float64 {
	order := make([]int, len(p))
	for n := range order {
		order[n] = n
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	out := make([]float64, len(p))
	var highest float64
	for rank, n := range order {
		highest = max(highest, min(1, float64(len(p)-rank)*p[n]))
		out[n] = highest
	}
	return out
}
