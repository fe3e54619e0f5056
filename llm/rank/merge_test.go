package rank

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestMergeByHand(t *testing.T) {
	for name, c := range map[string]struct {
		rounds        [][]int
		borda, kemeny []int
	}{
		"one round":  {[][]int{{2, 0, 1}}, []int{2, 0, 1}, []int{2, 0, 1}},
		"a tie":      {[][]int{{1, 0}, {0, 1}}, []int{0, 1}, []int{0, 1}},
		"a majority": {[][]int{{2, 1, 0}, {2, 0, 1}, {1, 2, 0}}, []int{2, 1, 0}, []int{2, 1, 0}}, // sums of ranks 5, 3, 1
		// Three of five prefer 0 to 1, and all but one prefer one of them to 2. Borda's sums are 4, 3, 8: it rewards that 1 is
		// never last. 0 before 1 contradicts two, 1 before 0 three.
		"Condorcet's winner loses by Borda": {[][]int{{0, 1, 2}, {0, 1, 2}, {0, 1, 2}, {1, 2, 0}, {1, 2, 0}}, []int{1, 0, 2}, []int{0, 1, 2}},
		// A cycle: 0 before 1, 1 before 2 and 2 before 0, by two of three. Every rotation contradicts four pairs, and the first wins.
		"a cycle": {[][]int{{0, 1, 2}, {1, 2, 0}, {2, 0, 1}}, []int{0, 1, 2}, []int{0, 1, 2}},
	} {
		if got := merge(c.rounds, "borda"); !slices.Equal(got, c.borda) {
			t.Errorf("%s: Borda %v, want %v", name, got, c.borda)
		}
		if got := merge(c.rounds, "kemeny"); !slices.Equal(got, c.kemeny) {
			t.Errorf("%s: Kemeny %v, want %v", name, got, c.kemeny)
		}
	}
}

// contradicted counts, over all rounds, the pairs that stand the other way round.
func contradicted(order []int, rounds [][]int) int {
	n := 0
	for _, other := range rounds {
		at := ranks(other)
		for i, a := range order {
			for _, b := range order[i+1:] {
				if at[b] < at[a] {
					n++
				}
			}
		}
	}
	return n
}

// The exact order is the best of all permutations, and the search is never worse than Borda.
func TestKemeny(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 50 {
		n := 3 + r.IntN(3)
		var rounds [][]int
		for range 3 + r.IntN(3) {
			rounds = append(rounds, r.Perm(n))
		}
		best := []int(nil)
		permute(firstN(n), 0, func(p []int) {
			if best == nil || contradicted(p, rounds) < contradicted(best, rounds) || contradicted(p, rounds) == contradicted(best, rounds) && slices.Compare(p, best) < 0 {
				best = slices.Clone(p)
			}
		})
		if got := kemeny(rounds); !slices.Equal(got, best) {
			t.Errorf("%v: %v, want %v", rounds, got, best)
		}
	}
	for range 20 {
		var rounds [][]int
		for range 5 {
			rounds = append(rounds, r.Perm(20))
		}
		got := kemeny(rounds)
		if contradicted(got, rounds) > contradicted(borda(rounds), rounds) {
			t.Errorf("%v is worse than Borda's", got)
		}
		if slices.Sort(got); !slices.Equal(got, firstN(20)) {
			t.Errorf("no permutation: %v", got)
		}
	}
}

func permute(p []int, at int, f func([]int)) {
	if at == len(p) {
		f(p)
		return
	}
	for n := at; n < len(p); n++ {
		p[at], p[n] = p[n], p[at]
		permute(p, at+1, f)
		p[at], p[n] = p[n], p[at]
	}
}

func TestFuse(t *testing.T) {
	order := []int{2, 0, 1}
	if got := fuse(order, 0); !slices.Equal(got, order) {
		t.Errorf("no weight: %v", got)
	}
	// 0: 1/62 + w/61, 1: 1/63 + w/62, 2: 1/61 + w/63.
	if got := fuse(order, .4); !slices.Equal(got, []int{2, 0, 1}) {
		t.Errorf("a small weight: %v", got)
	}
	if got := fuse(order, 1); !slices.Equal(got, []int{0, 2, 1}) {
		t.Errorf("equal weights: %v", got)
	}
	if got := fuse(order, 1000); !slices.Equal(got, []int{0, 1, 2}) {
		t.Errorf("a great weight: %v", got)
	}
}
