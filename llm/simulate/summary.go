package simulate

import "llm4rec/eval/dialogue"

// Summary is what there is to count of many conversations, beside their measures.
type Summary struct {
	Outcomes map[Outcome]int

	AtBest    []float64 // minimum, quartiles and maximum, over conversations: see Result.AtBest
	Left      []float64 // likewise: see Result.Left
	GivenAway int       // conversations with one left
	Within    int       // with no more left than the user reads in a turn: a list could have had them all

	Excluded int // items that were recommended although they must not be
	Unknown  int // that are none
	Repeated int // that had been rejected
	Replaced map[Class]int
}

// Summarise counts. The user reads the first k items of a turn.
func Summarise(all []Result, k int) Summary {
	out := Summary{Outcomes: map[Outcome]int{}, Replaced: map[Class]int{}}
	var left, best []int
	for _, r := range all {
		out.Outcomes[r.Outcome]++
		for _, x := range r.Turns {
			out.Excluded += x.Excluded
			out.Unknown += x.Unknown
			out.Repeated += x.Repeated
		}
		left, best = append(left, r.Left), append(best, r.AtBest)
		if r.GivenAway() {
			out.GivenAway++
		}
		if r.Left <= k {
			out.Within++
		}
		for class, n := range r.Replaced {
			out.Replaced[class] += n
		}
	}
	out.AtBest, out.Left = dialogue.Quantiles(best, 0, .25, .5, .75, 1), dialogue.Quantiles(left, 0, .25, .5, .75, 1)
	return out
}
