package gputest

import (
	"fmt"
	"math"
	"math/rand/v2"

	"llm4rec/gpu"
)

func topkChecks() []Check {
	patterns := []struct {
		name    string
		element func(rng *rand.Rand, column int) float32
	}{
		{"random", func(rng *rand.Rand, _ int) float32 { return float32(rng.NormFloat64()) }},
		{"ties", func(rng *rand.Rand, _ int) float32 { return float32(rng.IntN(3) - 1) }},
		{"equal", func(*rand.Rand, int) float32 { return .5 }},
		{"ascending", func(_ *rand.Rand, c int) float32 { return float32(c) - 100 }},
		{"descending", func(_ *rand.Rand, c int) float32 { return 100 - float32(c) }},
		{"special", func(rng *rand.Rand, _ int) float32 { // +0 and −0 are a tie
			zero, inf := float32(math.Copysign(0, -1)), float32(math.Inf(1))
			return []float32{nan, -nan, inf, -inf, 0, zero, math.MaxFloat32, math.SmallestNonzeroFloat32, 1}[rng.IntN(9)]
		}},
		{"nan", func(*rand.Rand, int) float32 { return nan }},
	}
	sizes := []struct{ rows, cols, k int }{
		{0, 5, 2}, {2, 0, 3}, {3, 5, 0}, {1, 1, 1}, {3, 7, 1}, {5, 31, 33}, {2, 33, 33}, {7, 257, 10}, {65, 100, 20},
		{3, 1000, 100}, {2, 4099, 1}, {2, 4099, 500}, {1, 40_001, 50}, {300, 3, 2}, {2, 2000, 2100},
	}
	exclusions := []string{"none", "some", "empty", "full"}
	var out []Check
	for _, p := range patterns {
		for _, s := range sizes {
			for _, e := range exclusions {
				name := fmt.Sprintf("%s,%dx%d,k=%d,exclude=%s", p.name, s.rows, s.cols, s.k, e)
				out = append(out, Check{"TopK", name, func(d gpu.Device) error {
					rng := random(s.cols)
					x := make([]float32, s.rows*s.cols)
					for i := range x {
						x[i] = p.element(rng, i%s.cols)
					}
					return topk(d, x, s.rows, s.cols, s.k, excluded(rng, e, s.rows, s.cols))
				}})
			}
		}
	}
	return out
}

// excluded returns a matrix that excludes that much of every row, nil for none.
func excluded(rng *rand.Rand, how string, rows, cols int) *gpu.CSR {
	lengths := make([]int, rows)
	for r := range lengths {
		switch how {
		case "none":
			return nil
		case "some": // a full row and an empty one among them
			lengths[r] = []int{cols, 0, min(1, cols), cols / 2, cols / 10, max(cols-1, 0)}[(r+3)%6]
		case "full":
			lengths[r] = cols
		}
	}
	m := sparse(rng, lengths, cols, false)
	return &m
}

func topk(d gpu.Device, x []float32, rows, cols, k int, exclude *gpu.CSR) error {
	compute := func(ids *[]int32) func(s *scope) []float32 {
		return func(s *scope) []float32 {
			mi, ms, mx := s.ints(make([]int32, rows*k)), s.alloc(rows, k), s.matrix(rows, cols, x)
			var mask *gpu.Sparse
			if exclude != nil {
				m := s.sparse(*exclude)
				mask = &m
			}
			s.ok(s.TopK(mi, ms, mx, mask))
			s.ok(at(same(s.download(mx), x), "x"))
			*ids = s.downloadInts(mi)
			return s.download(ms)
		}
	}
	var gotIDs, wantIDs []int32
	var got, want []float32
	err := within(d, func(s *scope) { got = compute(&gotIDs)(s) })
	if err == nil {
		err = within(gpu.Reference(), func(s *scope) { want = compute(&wantIDs)(s) })
	}
	if err == nil {
		err = at(sameInts(gotIDs, wantIDs), "ids")
	}
	if err == nil {
		err = at(same(got, want), "scores")
	}
	return err
}
