package synthetic

import (
	"math"
	"math/rand/v2"
	"slices"
	"sort"
)

// falling is a weight that falls as x^(-skew), with skew rounded to sixteenths, as an integer of at most 2^40.
// The sixteenth root is four square roots, so that no library's pow has a say in the bits.
func falling(x, skew float64) uint64 {
	root := math.Sqrt(math.Sqrt(math.Sqrt(math.Sqrt(x))))
	v := float64(1 << 40)
	for range int(math.Round(16 * skew)) {
		v /= root
	}
	return max(1, uint64(v))
}

// urn draws numbers 0…n-1 in proportion to integer weights.
type urn struct {
	upTo []uint64 // sum of the weights of 0…i
}

func (u *urn) add(weight uint64) {
	if len(u.upTo) > 0 {
		weight += u.upTo[len(u.upTo)-1]
	}
	u.upTo = append(u.upTo, weight)
}

func (u *urn) draw(r *rand.Rand) int {
	x := r.Uint64N(u.upTo[len(u.upTo)-1])
	return sort.Search(len(u.upTo), func(i int) bool { return u.upTo[i] > x })
}

// popularity weighs items by rank, at most 2^32: two thousand million items fit.
func popularity(c Config, rank int) uint64 {
	if c.LongTail {
		return longPopularity(rank, c.Items, c.Skew)
	}
	// The shift by n/50 keeps the head from being on everyone's list.
	return max(1, falling(float64(rank+1+c.Items/50), c.Skew)>>8)
}

// activity is how many interactions each user has: a fifth of the mean, and a share of the rest that falls with the
// user's rank. No user gets more than half of the items.
func activity(c Config) []int {
	floor := max(1, c.Interactions/c.Users/5)
	if c.LongTail {
		floor = max(1, c.Interactions/c.Users/longFloor)
	}
	rest := c.Interactions - floor*c.Users
	weights := make([]uint64, c.Users) // at most 2^32: times 2^31 interactions fits
	var sum uint64
	for rank := range weights {
		if c.LongTail {
			weights[rank] = longActivity(rank, c.Users)
		} else {
			weights[rank] = falling(float64(rank+1+c.Users/30), 1) >> 8
		}
		sum += weights[rank]
	}
	stream(c.Seed, "activity").Shuffle(len(weights), func(i, j int) { weights[i], weights[j] = weights[j], weights[i] })

	most := c.Items / 2
	lengths := make([]int, c.Users)
	left := c.Interactions
	for u, w := range weights {
		lengths[u] = min(most, floor+int(uint64(rest)*w/sum))
		left -= lengths[u]
	}
	for left > 0 { // what rounding and the limit left over goes round, one each
		for u := range lengths {
			if left > 0 && lengths[u] < most {
				lengths[u]++
				left--
			}
		}
	}
	return lengths
}

// ranks gives every one of n items a different popularity rank.
func ranks(n int, r *rand.Rand) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	r.Shuffle(n, func(i, j int) { out[i], out[j] = out[j], out[i] })
	return slices.Clip(out)
}
