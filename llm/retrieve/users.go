package retrieve

import (
	"context"
	"math"
	"math/rand/v2"

	"llm4rec/models"
)

// history is what a user vector is made of: distinct items, the newest first, with weights.
type history struct {
	items   []int32
	weights []float64
}

func (c Config) history(q models.Query, items int) history {
	var h history
	c.Recency.Weigh(q.History, items, func(i int32, w float64) {
		if c.Users == "harmonic" {
			w = 1 / float64(len(h.items)+1)
		}
		h.items, h.weights = append(h.items, i), append(h.weights, w)
	})
	return h
}

// combine are a history's queries: one vector, or those of its groups. A history without items has none.
func (c Config) combine(x vectors, h history, user int32) [][]float32 {
	if len(h.items) == 0 {
		return nil
	}
	switch c.Users {
	case "max":
		return [][]float32{largest(x, h)}
	case "centroids":
		return c.centroids(x, h, user)
	default:
		return [][]float32{mean(x, h)}
	}
}

// mean is Σ w·x / Σ w.
func mean(x vectors, h history) []float32 {
	sum, total := make([]float64, x.dim), 0.0
	for n, i := range h.items {
		for d, v := range x.row(int(i)) {
			sum[d] += h.weights[n] * float64(v)
		}
		total += h.weights[n]
	}
	out := make([]float32, x.dim)
	for d, v := range sum {
		out[d] = float32(v / total)
	}
	return out
}

// largest has, of every element, the largest w·x.
func largest(x vectors, h history) []float32 {
	out := make([]float32, x.dim)
	for n, i := range h.items {
		for d, v := range x.row(int(i)) {
			if y := float32(h.weights[n]) * v; n == 0 || y > out[d] {
				out[d] = y
			}
		}
	}
	return out
}

// centroidRounds end a grouping that has not settled; a dozen vectors do in a few.
const centroidRounds = 20

// centroids groups the items by k-means (Lloyd 1982), from seeds as k-means++ draws them (Arthur & Vassilvitskii 2007). The
// draw depends on the seed and the user. There are as many groups as distinct vectors at most.
func (c Config) centroids(x vectors, h history, user int32) [][]float32 {
	r := rand.New(rand.NewPCG(c.Seed, uint64(uint32(user))<<8|streamCentroids))
	centres := [][]float32{x.row(int(h.items[r.IntN(len(h.items))]))}
	for len(centres) < c.Centroids {
		far, total := make([]float64, len(h.items)), 0.0
		for n, i := range h.items {
			_, far[n] = nearest(centres, x.row(int(i)))
			total += far[n]
		}
		if total == 0 {
			break
		}
		at, drawn := 0, r.Float64()*total
		for n, d := range far {
			if d > 0 {
				at = n
			}
			if drawn -= d; drawn < 0 {
				break
			}
		}
		centres = append(centres, x.row(int(h.items[at])))
	}
	group := make([]int, len(h.items))
	for range centroidRounds {
		parts := make([]history, len(centres))
		moved := false
		for n, i := range h.items {
			g, _ := nearest(centres, x.row(int(i)))
			moved = moved || g != group[n]
			group[n] = g
			parts[g].items, parts[g].weights = append(parts[g].items, i), append(parts[g].weights, h.weights[n])
		}
		for g, p := range parts {
			if len(p.items) > 0 {
				centres[g] = mean(x, p)
			}
		}
		if !moved {
			break
		}
	}
	return centres
}

// nearest is the centre at the least distance, and its square.
func nearest(centres [][]float32, v []float32) (int, float64) {
	at, least := 0, math.Inf(1)
	for n, c := range centres {
		sum := 0.0
		for d := range v {
			e := float64(v[d]) - float64(c[d])
			sum += e * e
		}
		if sum < least {
			at, least = n, sum
		}
	}
	return at, least
}

// spoken are the queries' histories as texts: those of their items in a row.
func (m *model) spoken(ctx context.Context, histories []history) (vectors, error) {
	texts := make([]string, len(histories))
	for n, h := range histories {
		for k := range h.items {
			if m.config.Order == "oldest" {
				k = len(h.items) - 1 - k
			}
			if texts[n] != "" {
				texts[n] += " "
			}
			texts[n] += m.texts[h.items[k]]
		}
	}
	x, err := m.embedder.embed(ctx, prefixed(m.config.QueryPrefix, texts))
	if err != nil {
		return vectors{}, err
	}
	if m.config.Normalize {
		x.normalize()
	}
	return m.axes.turn(x), nil
}
