package synthetic

import (
	"math/bits"
	"math/rand/v2"
)

// visitor is a user on the way through the catalogue.
type visitor struct {
	mark    int32  // user + 1
	prefers [3]int // topics
	mood    int    // the topic of the moment, or everything
	last    int32  // item, or -1
	now     int64
	w       *catalogue
	taker   []int32 // for each item the mark of the last user who took it
	r       *rand.Rand
}

func newVisitor(user int32, w *catalogue, taker []int32, r *rand.Rand) *visitor {
	u := &visitor{mark: user + 1, last: -1, now: start + int64(r.Uint64N(period)), w: w, taker: taker, r: r}
	for n := range u.prefers {
		u.prefers[n] = w.topics.draw(r)
	}
	return u
}

// next takes one more item.
func (u *visitor) next(c Config) (item int32, rating float32, time int64) {
	u.wait(c.Ties)
	item = u.choose(c.Follow)
	u.taker[item] = u.mark
	u.last = item
	return item, u.rate(item), u.now
}

// wait lets time pass: mostly a minute or less, sometimes days until the next session.
func (u *visitor) wait(ties float64) {
	switch {
	case u.last < 0 || u.r.Float64() < ties:
	case u.r.Uint64N(80) == 0:
		u.now += 43_200 + int64(u.r.Uint64N(20*86_400))
	default:
		u.now += 1 + int64(u.r.Uint64N(90))
	}
}

// choose follows the last item, or draws by taste until there is an item that the user can take.
func (u *visitor) choose(follow float64) int32 {
	if u.last >= 0 && u.r.Float64() < follow {
		first := bits.TrailingZeros64(u.r.Uint64() | 1<<(successors-1)) // 0 with probability 1/2, 1 with 1/4, …
		for k := first; k < successors; k++ {
			if i := u.w.next[int(u.last)*successors+k]; u.can(i) {
				return i
			}
		}
	}
	i := u.taste()
	for range 30 {
		if u.can(i) {
			return i
		}
		i = u.taste()
	}
	// The user has nearly everything of the preferred topics: take the next free item, at worst one that has not
	// appeared yet. A user takes at most half of the items, so there is one.
	for range u.taker {
		if i = u.w.instead[i]; u.can(i) {
			return i
		}
	}
	for u.taker[i] == u.mark {
		i = u.w.instead[i]
	}
	return i
}

func (u *visitor) can(i int32) bool { return u.taker[i] != u.mark && u.w.appears[i] <= u.now }

// taste draws by popularity from the topic that the user is in the mood for, or from everything. The mood lasts for
// five draws on average, so that recent items tell more than old ones.
func (u *visitor) taste() int32 {
	if u.last < 0 || u.r.Uint64N(5) == 0 {
		u.mood = u.anyMood()
	}
	if u.mood == everything || len(u.w.byTopic[u.mood].items) == 0 { // in a tiny catalogue a topic may have no item
		return int32(u.w.all.draw(u.r))
	}
	s := &u.w.byTopic[u.mood]
	return s.items[s.urn.draw(u.r)]
}

const everything = -1

// anyMood is one of the preferred topics, with weights 4, 2 and 1, or everything, with weight 2.
func (u *visitor) anyMood() int {
	switch n := u.r.Uint64N(9); {
	case n < 4:
		return u.prefers[0]
	case n < 6:
		return u.prefers[1]
	case n < 7:
		return u.prefers[2]
	}
	return everything
}

// rate gives one to five stars, more for the preferred topics.
func (u *visitor) rate(item int32) float32 {
	stars := [3][6]float32{{1, 2, 3, 3, 4, 4}, {2, 3, 3, 4, 4, 5}, {3, 4, 4, 4, 5, 5}}
	liking := 0
	for _, t := range u.prefers {
		if int(u.w.main[item]) == t || int(u.w.second[item]) == t {
			liking = 1
		}
	}
	if int(u.w.main[item]) == u.prefers[0] {
		liking = 2
	}
	return stars[liking][u.r.Uint64N(6)]
}
