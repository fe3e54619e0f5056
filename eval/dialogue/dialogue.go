// Package dialogue measures conversations with a recommender: whether and when the wanted item was recommended, whether it is
// so every time, whether what was recommended is what was asked for, and what that took.
//
// Nobody who judges is asked: hits are ids, and constraints are predicates over the fields of items, counted before they come
// here.
package dialogue

// Kind is how a constraint comes to be known.
type Kind string

// The kinds of constraints.
const (
	Volunteered Kind = "volunteered" // said unasked, at the start
	OnAsk       Kind = "on ask"      // said to who asks for it
	Hidden      Kind = "hidden"      // said as the reason of a rejection alone
)

// Kinds are all of them, in order.
func Kinds() []Kind { return []Kind{Volunteered, OnAsk, Hidden} }

// Share is how many of how many.
type Share struct {
	Held int `json:"held"`
	Of   int `json:"of"`
}

// Add counts one more.
func (s *Share) Add(held bool) {
	s.Of++
	if held {
		s.Held++
	}
}

// Conversation is what there is to count of one. A failed one is a conversation without a hit.
type Conversation struct {
	User  int32
	Turns int // of the agent, that were played: at least 1, unless it failed in the first
	Rank  int // of the wanted item in the turn that ended the conversation, from 1; 0: it was never near enough to end it

	// Pairs of a recommended item and a constraint, of all turns: how many hold.
	ByKind map[Kind]Share
	Known  Share // whose constraint was said before the turn
	Items  Share // recommended items that hold all constraints

	Calls, PromptTokens, OutputTokens int // of models
	ToolCalls, ToolErrors             int
	Seconds                           float64 // that the user waited
}

// Hit tells whether the wanted item was among the first k of the items recommended in any turn: that very item, by its id.
// A conversation ends with the first turn that has it among the first K, so that for a k below this K a hit in a later
// turn is not known, and counts as none.
func (c Conversation) Hit(k int) bool { return c.Rank > 0 && c.Rank <= k }

// TurnsTo is the number of turns until the hit at k, and limit + 1 without one, which is how InteRecAgent counts (Huang et al.
// 2023, section 4.1): a system is not rewarded for giving up early.
func (c Conversation) TurnsTo(k, limit int) int {
	if c.Hit(k) {
		return c.Turns
	}
	return limit + 1
}

// Pass estimates the probability that all of k independent repeats succeed, from the successes among n repeats that were
// made: C(successes, k) / C(n, k), which is unbiased (τ-bench, Yao et al. 2024, section 3: pass^k). Of fewer than k repeats
// nothing can be said, and to ask is the caller's bug.
func Pass(successes, n, k int) float64 {
	if k < 1 || k > n || successes < 0 || successes > n {
		panic("dialogue: Pass wants 0 ≤ successes ≤ n and 1 ≤ k ≤ n")
	}
	p := 1.0
	for i := range k {
		p *= float64(max(0, successes-i)) / float64(n-i)
	}
	return p
}
