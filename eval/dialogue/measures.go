package dialogue

import (
	"fmt"
	"slices"
)

// Measure is one number for each user for whom it is defined. Its mean is that over users, and so should its interval be:
// conversations with one user are not independent.
type Measure struct {
	Name   string
	Users  []int32 // ascending
	Values []float64
}

// Mean over users; 0 without any.
func (m Measure) Mean() float64 {
	if len(m.Values) == 0 {
		return 0
	}
	sum := 0.0
	for _, v := range m.Values {
		sum += v
	}
	return sum / float64(len(m.Values))
}

// Seconds is the measure that differs whenever conversations are held anew.
const Seconds = "seconds a turn"

// Measures are, for hits at k and conversations of at most so many turns:
//
//	hit@k               share of a user's repeats with a hit: see Conversation.Hit
//	turns               mean of TurnsTo
//	pass^1 … pass^r     Pass, up to the largest number of repeats; a user with fewer than that is not in it
//	satisfied KIND      share of the pairs of recommended item and constraint of that kind that hold
//	satisfied known     the same of the constraints that had been said by then
//	satisfied all       share of the recommended items that hold all constraints
//	tool errors         share of the calls of tools
//	calls, prompt tokens, output tokens, tool calls and seconds a turn
//
// Hits and turns are means over a user's repeats. Shares are of what all repeats of the user have together, because some
// repeats have nothing to be a share of; a user without any is not in the measure. So with what is by turn.
func Measures(all []Conversation, k, limit int) []Measure {
	byUser := map[int32][]Conversation{}
	repeats := 0
	for _, c := range all {
		byUser[c.User] = append(byUser[c.User], c)
		repeats = max(repeats, len(byUser[c.User]))
	}
	users := make([]int32, 0, len(byUser))
	for u := range byUser {
		users = append(users, u)
	}
	slices.Sort(users)
	var out []Measure
	add := func(name string, value func([]Conversation) (v float64, defined bool)) {
		m := Measure{Name: name}
		for _, u := range users {
			if v, defined := value(byUser[u]); defined {
				m.Users, m.Values = append(m.Users, u), append(m.Values, v)
			}
		}
		out = append(out, m)
	}
	ratio := func(name string, above, below func(Conversation) float64) {
		add(name, func(own []Conversation) (float64, bool) {
			a, b := sum(own, above), sum(own, below)
			if b == 0 {
				return 0, false
			}
			return a / b, true
		})
	}
	one := func(Conversation) float64 { return 1 }
	turns := func(c Conversation) float64 { return float64(c.Turns) }

	ratio(fmt.Sprintf("hit@%d", k), func(c Conversation) float64 { return indicator(c.Hit(k)) }, one)
	ratio("turns", func(c Conversation) float64 { return float64(c.TurnsTo(k, limit)) }, one)
	for n := 1; n <= repeats; n++ {
		add(fmt.Sprintf("pass^%d", n), func(own []Conversation) (float64, bool) {
			if len(own) < n {
				return 0, false
			}
			return Pass(int(sum(own, func(c Conversation) float64 { return indicator(c.Hit(k)) })), len(own), n), true
		})
	}
	share := func(name string, of func(Conversation) Share) {
		ratio("satisfied "+name, func(c Conversation) float64 { return float64(of(c).Held) }, func(c Conversation) float64 { return float64(of(c).Of) })
	}
	for _, kind := range Kinds() {
		share(string(kind), func(c Conversation) Share { return c.ByKind[kind] })
	}
	share("known", func(c Conversation) Share { return c.Known })
	share("all", func(c Conversation) Share { return c.Items })
	ratio("tool errors", func(c Conversation) float64 { return float64(c.ToolErrors) }, func(c Conversation) float64 { return float64(c.ToolCalls) })
	ratio("calls a turn", func(c Conversation) float64 { return float64(c.Calls) }, turns)
	ratio("prompt tokens a turn", func(c Conversation) float64 { return float64(c.PromptTokens) }, turns)
	ratio("output tokens a turn", func(c Conversation) float64 { return float64(c.OutputTokens) }, turns)
	ratio("tool calls a turn", func(c Conversation) float64 { return float64(c.ToolCalls) }, turns)
	ratio(Seconds, func(c Conversation) float64 { return c.Seconds }, turns)
	return out
}

// Quantiles of numbers, which need not be sorted, by linear interpolation between order statistics; nil of none.
func Quantiles(values []int, at ...float64) []float64 {
	if len(values) == 0 {
		return nil
	}
	sorted := slices.Sorted(slices.Values(values))
	out := make([]float64, len(at))
	for n, q := range at {
		if !(q >= 0 && q <= 1) {
			panic("dialogue: a quantile is between 0 and 1")
		}
		place := q * float64(len(sorted)-1)
		lo := int(place)
		hi := min(lo+1, len(sorted)-1)
		out[n] = float64(sorted[lo]) + (place-float64(lo))*float64(sorted[hi]-sorted[lo])
	}
	return out
}

func sum(all []Conversation, of func(Conversation) float64) float64 {
	s := 0.0
	for _, c := range all {
		s += of(c)
	}
	return s
}

func indicator(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
