package perf

import (
	"testing"

	"llm4rec/models/als"
)

// By hand, for 10 users, 5 items, 20 entries and 2 or 3 factors.
func TestHalf(t *testing.T) {
	cg := als.Config{Factors: 2, Solver: als.ConjugateGradient, CGSteps: 3}
	exact := als.Config{Factors: 3, Solver: als.Cholesky}
	for _, c := range []struct {
		name          string
		config        als.Config
		rows, columns int
		want          Work
	}{
		// YᵀY: 5·4. Four passes over 10 products of 2·4 and 20 entries of 4·2, with 8 bytes each.
		{"users by cg", cg, 10, 5, Work{20 + 4*(80+160), 4 * 160}},
		{"items by cg", cg, 5, 10, Work{40 + 4*(40+160), 4 * 160}},
		// YᵀY: 5·9. Once, 20 entries of 9 + 6, and 10 rows of 27/3 + 2·9.
		{"users exactly", exact, 10, 5, Work{45 + 300 + 270, 240}},
	} {
		if got := half(c.config, c.rows, c.columns, 20); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestLimitIsTheSlowerOfTwo(t *testing.T) {
	s := Speed{Flops: 100, Bytes: 10}
	for want, w := range map[float64]Work{2: {200, 10}, 5: {200, 50}, 3: {300, 30}} {
		if got := s.Limit(w); got != want {
			t.Errorf("%+v at %+v: %v seconds, want %v", w, s, got, want)
		}
	}
}
