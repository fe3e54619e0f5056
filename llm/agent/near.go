package agent

import (
	"cmp"
	"math"
	"slices"

	"llm4rec/data"
	"llm4rec/llm/agent/condition"
)

// near is the collaborative memory: which items users took together, in training.
type near struct {
	users  *data.Matrix // users × items
	takers *data.Matrix // items × users
}

func newNear(train *data.Train) *near {
	return &near{train.UserItem(), train.UserItem().Transpose()}
}

// taste scores all items by the sum of item-kNN's cosines with some: users who have both / √(users of the one · users of the
// other).
func (n *near) taste(seeds []int32) []float64 {
	out := make([]float64, n.users.Cols)
	count := make([]int32, n.users.Cols)
	for _, s := range seeds {
		own, _ := n.takers.Row(s)
		var touched []int32
		for _, u := range own {
			items, _ := n.users.Row(u)
			for _, i := range items {
				if count[i]++; count[i] == 1 {
					touched = append(touched, i)
				}
			}
		}
		for _, i := range touched {
			other, _ := n.takers.Row(i)
			out[i] += float64(count[i]) / math.Sqrt(float64(len(own))*float64(len(other)))
			count[i] = 0
		}
	}
	return out
}

// content scores items by what they have in common with some: of each set, the values shared / √(values of the one · values of
// the other).
func content(table *condition.Table, seeds, items []int32) map[int32]float64 {
	out := make(map[int32]float64, len(items))
	for _, name := range table.Names() {
		if table.Kind(name) != condition.Set {
			continue
		}
		for _, s := range seeds {
			own := table.Of(name, s)
			if len(own) == 0 {
				continue
			}
			for _, i := range items {
				other := table.Of(name, i)
				shared := 0
				for _, v := range other {
					if slices.Contains(own, v) {
						shared++
					}
				}
				if shared > 0 {
					out[i] += float64(shared) / math.Sqrt(float64(len(own))*float64(len(other)))
				}
			}
		}
	}
	return out
}

// best sorts items by a score, then by id.
func best(items []int32, score func(int32) float64) {
	slices.SortFunc(items, func(a, b int32) int { return cmp.Or(cmp.Compare(score(b), score(a)), cmp.Compare(a, b)) })
}
