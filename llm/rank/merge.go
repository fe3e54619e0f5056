package rank

import (
	"cmp"
	"math"
	"slices"
)

// merge makes one order of those of several rounds. Candidates are 0, 1, …, as the first stage has them.
func merge(rounds [][]int, how string) []int {
	switch {
	case len(rounds) == 1:
		return rounds[0]
	case how == "kemeny":
		return kemeny(rounds)
	default:
		return borda(rounds)
	}
}

// ranks are the places of an order's candidates in it.
func ranks(order []int) []int {
	out := make([]int, len(order))
	for r, x := range order {
		out[x] = r
	}
	return out
}

// borda orders by the sum of ranks, then as the first stage does.
func borda(rounds [][]int) []int {
	sum := make([]int, len(rounds[0]))
	for _, order := range rounds {
		for r, x := range order {
			sum[x] += r
		}
	}
	return slices.SortedFunc(slices.Values(slices.Sorted(slices.Values(rounds[0]))), func(a, b int) int {
		return cmp.Or(cmp.Compare(sum[a], sum[b]), cmp.Compare(a, b))
	})
}

// exactly is how many candidates are few enough to try all their sets.
const exactly = 8

// kemeny is the order with the fewest contradicted pairs over all rounds (Kemeny 1959). Of several with as few, it is that
// which is first by the first stage's order. It is exact up to 8 candidates. Finding it is NP-hard: beyond, it is Borda's order
// after moving single candidates for as long as that helps.
func kemeny(rounds [][]int) []int {
	n := len(rounds[0])
	against := make([][]int, n) // against[a][b]: rounds that put b before a
	for a := range against {
		against[a] = make([]int, n)
	}
	for _, order := range rounds {
		for r, b := range order {
			for _, a := range order[r+1:] {
				against[a][b]++
			}
		}
	}
	if n <= exactly {
		return exact(against)
	}
	return descend(borda(rounds), against)
}

// exact finds, for every set, the least cost of ordering it, from that of its subsets.
func exact(against [][]int) []int {
	n := len(against)
	first := func(a, set int) int { // cost of a before the rest of the set
		cost := 0
		for b := range n {
			if set&(1<<b) != 0 {
				cost += against[a][b]
			}
		}
		return cost
	}
	least, head := make([]int, 1<<n), make([]int, 1<<n)
	for set := 1; set < 1<<n; set++ {
		least[set] = math.MaxInt
		for a := range n {
			if set&(1<<a) == 0 {
				continue
			}
			if cost := first(a, set) + least[set&^(1<<a)]; cost < least[set] {
				least[set], head[set] = cost, a
			}
		}
	}
	var out []int
	for set := 1<<n - 1; set > 0; set &^= 1 << head[set] {
		out = append(out, head[set])
	}
	return out
}

// descend moves single candidates to wherever fewer pairs are contradicted, until no move helps.
func descend(order []int, against [][]int) []int {
	for moved := true; moved; {
		moved = false
		for from := range order {
			to, gain := from, 0
			for _, step := range []int{-1, 1} {
				sum := 0
				for at := from + step; at >= 0 && at < len(order); at += step {
					before, after := order[from], order[at]
					if step < 0 {
						before, after = after, before
					}
					sum += against[before][after] - against[after][before]
					if sum > gain {
						to, gain = at, sum
					}
				}
			}
			if gain > 0 {
				x := order[from]
				order = slices.Insert(slices.Delete(order, from, from+1), to, x)
				moved = true
			}
		}
	}
	return order
}

// smoothing is the constant of reciprocal rank fusion (Cormack, Clarke & Büttcher, SIGIR 2009).
const smoothing = 60

// fuse orders by 1/(60 + r) + w/(60 + f), r a candidate's rank in the order and f that of the first stage, from 1.
func fuse(order []int, weight float64) []int {
	if weight == 0 {
		return order
	}
	score := make([]float64, len(order))
	for r, x := range order {
		score[x] = 1/float64(smoothing+r+1) + weight/float64(smoothing+x+1)
	}
	return slices.SortedFunc(slices.Values(order), func(a, b int) int {
		return cmp.Or(cmp.Compare(score[b], score[a]), cmp.Compare(a, b))
	})
}
