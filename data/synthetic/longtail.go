package synthetic

// The laws of a long tail have the quantiles of MovieLens-20M at its size, with these exponents:
//
//	interactions of a user      least   25%  median   75%            most
//	    MovieLens-20M              20    35      68   155           9,254
//	    ours                       20    38      69   141           9,041
//	interactions of an item              25%  median   75%   90%    most
//	    MovieLens-20M                      3      18   205  >2,000  67,310
//	    ours                               4      21   204   1,390  68,042
//
// A power of the rank has either the head or the tail. The popularity is that of a head, items that half of the users
// take, times that of a tail.
const (
	longFloor = 7 // every user has this part of the mean

	activityExponent = 9. / 16
	activityHead     = 3000 // users over so many: where the power begins

	headExponent = 12. / 16
	headItems    = 10_000 // items over so many: where the head begins
	tailItems    = 5      // … and the tail, whose exponent is the skew
)

// ML20M has the size and the inequality of MovieLens-20M: 20 million interactions, made in seconds.
func ML20M() Config {
	return Config{Seed: 1, Users: 138_493, Items: 26_744, Interactions: 20_000_000, Skew: 4, Follow: 0.3, Ties: 0.4, LongTail: true}
}

// fallingFrom is 2^40 for rank 0, and falls as (rank + 1 + shift)^(-exponent).
func fallingFrom(rank int, shift, exponent float64) uint64 {
	return falling((float64(rank+1)+shift)/(1+shift), exponent)
}

func longPopularity(rank, items int, skew float64) uint64 {
	head := fallingFrom(rank, float64(items)/headItems, headExponent)
	tail := fallingFrom(rank, float64(items)/tailItems, skew)
	return max(1, (head>>20)*(tail>>8)>>20)
}

// longActivity is measured from that of the last user, so that there are many with hardly more than the floor.
func longActivity(rank, users int) uint64 {
	shift := float64(users) / activityHead
	return (fallingFrom(rank, shift, activityExponent) - fallingFrom(users, shift, activityExponent)) >> 8
}

// lessPopular is for every item the next in popularity. Who has everything of the preferred topics goes down from what is
// popular: items taken at random would fill the tail.
func lessPopular(rank []int) []int32 {
	order := make([]int32, len(rank))
	for i, r := range rank {
		order[r] = int32(i)
	}
	next := make([]int32, len(rank))
	for r, i := range order {
		next[i] = order[(r+1)%len(order)]
	}
	return next
}
