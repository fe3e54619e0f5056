package profile

import (
	"cmp"
	"math"
	"slices"

	"llm4rec/models"
)

// Liked is an item that similar users took.
type Liked struct {
	Item  int32
	Users int // how many of them
}

// Liked are what the users took whose training interactions have the greatest cosine with the history, the user left out:
//
//	cos(u, v) = |I_u ∩ I_v| / √(|I_u|·|I_v|)
//
// over sets of items (user-based collaborative filtering, Herlocker et al., SIGIR 1999, without ratings). An item's score is the
// sum of the cosines of those who took it; ties are by item. What the history has is not among them, nor what must not be
// recommended.
func (m *Memory) Liked(q models.Query) []Liked {
	if m.config.Liked == 0 {
		return nil
	}
	x := m.takers()
	history := m.known(q.History)
	slices.Sort(history)
	history = slices.Compact(history)
	common := map[int32]int{}
	for _, item := range history {
		users, _ := x.by.Row(item)
		for _, u := range users {
			if u != q.User {
				common[u]++
			}
		}
	}
	type neighbour struct {
		user   int32
		cosine float64
	}
	near := make([]neighbour, 0, len(common))
	for u, n := range common {
		items, _ := x.of.Row(u)
		near = append(near, neighbour{u, float64(n) / math.Sqrt(float64(len(history))*float64(len(items)))})
	}
	slices.SortFunc(near, func(a, b neighbour) int { return cmp.Or(cmp.Compare(b.cosine, a.cosine), cmp.Compare(a.user, b.user)) })
	near = near[:min(len(near), cmp.Or(m.config.Neighbours, usualNeighbours))]
	scores, users := map[int32]float64{}, map[int32]int{}
	for _, v := range near {
		items, _ := x.of.Row(v.user)
		for _, item := range items {
			if _, has := slices.BinarySearch(history, item); !has && !slices.Contains(q.Exclude, item) {
				scores[item] += v.cosine
				users[item]++
			}
		}
	}
	out := make([]Liked, 0, len(scores))
	for item := range scores {
		out = append(out, Liked{item, users[item]})
	}
	slices.SortFunc(out, func(a, b Liked) int {
		return cmp.Or(cmp.Compare(scores[b.Item], scores[a.Item]), cmp.Compare(a.Item, b.Item))
	})
	return out[:min(len(out), m.config.Liked)]
}
