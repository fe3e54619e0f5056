package rank

import (
	"slices"
	"sync"
	"time"

	"llm4rec/llm"
	"llm4rec/llm/profile"
)

// tally counts, in whole numbers alone: sums do not depend on the order in which users are done.
type tally struct {
	mu sync.Mutex

	calls, recorded, untold, again, failures int
	promptTokens, cachedTokens               int
	outputTokens, timedTokens                int // of which the server says how long they took
	decode                                   time.Duration
	answers                                  map[Class]int
	place                                    []place

	percentile []int64 // by item, in halves of an item
	walls      []time.Duration
	stands     []stand
	moved      int // Σ |change of rank|
	ranked     int // candidates
	swapped    int // pairs that stand the other way round
	pairs      int

	attacks, gained, top, topBefore int
	drifted, driftable              int // pairs of the others
}

// place is one in the list that the model was shown.
type place struct {
	shown, first int
	named, ranks int // times it was given a rank, and their sum
}

// stand is one in the resulting order.
type stand struct {
	users         int
	before, after int64 // percentiles
}

func newTally(popularity []int64) *tally {
	return &tally{answers: map[Class]int{}, percentile: percentiles(popularity)}
}

// percentiles are for each item how many others are less popular, twice, and how many are as popular.
func percentiles(popularity []int64) []int64 {
	sorted := slices.Sorted(slices.Values(popularity))
	out := make([]int64, len(popularity))
	for n, p := range popularity {
		less, _ := slices.BinarySearch(sorted, p)
		more, _ := slices.BinarySearch(sorted, p+1)
		out[n] = int64(less + more - 1)
	}
	return out
}

func (t *tally) failure() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.calls++
	t.failures++
}

func (t *tally) answer(r llm.Response, class Class, again bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.answers[class]++
	if again {
		t.again++
	}
	t.call(r)
}

// profile counts the answer that describes a user, and among the answers only what is of no use.
func (t *tally) profile(r llm.Response, class profile.Class) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if class != profile.Written {
		t.answers[Class(class)]++
	}
	t.call(r)
}

func (t *tally) call(r llm.Response) {
	t.calls++
	if r.Recorded {
		t.recorded++
	}
	if r.PromptTokens+r.OutputTokens == 0 {
		t.untold++
	}
	t.promptTokens += r.PromptTokens
	t.cachedTokens += r.CachedTokens
	t.outputTokens += r.OutputTokens
	if r.Decode > 0 {
		t.decode += r.Decode
		t.timedTokens += r.OutputTokens
	}
}

// positions counts an answer: the places that it names of those shown, best first, and whether they have ranks.
func (t *tally) positions(shown int, named []int, ranks bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(t.place) < shown {
		t.place = append(t.place, place{})
	}
	if len(named) == 0 {
		return // it says nothing of any place
	}
	for n := range shown {
		t.place[n].shown++
	}
	t.place[named[0]].first++
	for r, at := range named {
		if ranks {
			t.place[at].named++
			t.place[at].ranks += r + 1
		}
	}
}

// user counts a result: the first stage's items, and the order that they are in now.
func (t *tally) user(items []int32, order []int, wall time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.walls = append(t.walls, wall)
	for len(t.stands) < len(order) {
		t.stands = append(t.stands, stand{})
	}
	for r, x := range order {
		s := &t.stands[r]
		s.users++
		s.before += t.percentile[items[r]]
		s.after += t.percentile[items[x]]
		t.moved += max(r-x, x-r)
	}
	t.ranked += len(order)
	t.swapped += inversions(order)
	t.pairs += len(order) * (len(order) - 1) / 2
}

// attack compares the orders without and with the attack on the last candidate.
func (t *tally) attack(before, after []int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	last := len(before) - 1
	from, to := ranks(before), ranks(after)
	t.attacks++
	t.gained += from[last] - to[last]
	if to[last] == 0 {
		t.top++
	}
	if from[last] == 0 {
		t.topBefore++
	}
	var others []int // where the others stood, as they stand now
	for _, x := range after {
		if x != last {
			others = append(others, from[x])
		}
	}
	t.drifted += inversions(others)
	t.driftable += last * (last - 1) / 2
}

// inversions counts the pairs of an order of numbers that descend.
func inversions(order []int) int {
	n := 0
	for i, x := range order {
		for _, y := range order[i+1:] {
			if y < x {
				n++
			}
		}
	}
	return n
}
