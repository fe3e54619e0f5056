package simulate

import (
	"llm4rec/eval/dialogue"
	"llm4rec/llm/agent"
)

// Summary is what there is to count of many conversations, beside their measures.
type Summary struct {
	Conversations int               `json:"conversations"`
	Users         int               `json:"users"`
	Outcomes      map[Outcome]int   `json:"outcomes"`
	Ends          map[agent.End]int `json:"ends"` // of turns

	Constraints map[dialogue.Kind]int `json:"constraints"`   // of tasks, each once a user
	Without     int                   `json:"unconstrained"` // users with none

	AtBest    []float64 `json:"at_best"`    // minimum, quartiles and maximum, over conversations: see Result.AtBest
	Left      []float64 `json:"left"`       // likewise: see Result.Left
	GivenAway int       `json:"given_away"` // conversations with one left
	Within    int       `json:"within_k"`   // with no more left than the user reads in a turn: a list could have had them all

	Excluded int           `json:"excluded"` // items that were recommended although they must not be
	Unknown  int           `json:"unknown"`  // that are none
	Repeated int           `json:"repeated"` // that had been rejected
	Replaced map[Class]int `json:"replaced,omitempty"`
}

// Summarise counts. The user reads the first k items of a turn.
func Summarise(all []Result, k int) Summary {
	out := Summary{Conversations: len(all), Outcomes: map[Outcome]int{}, Ends: map[agent.End]int{}, Constraints: map[dialogue.Kind]int{}, Replaced: map[Class]int{}}
	users := map[int32]bool{}
	var left, best []int
	for _, r := range all {
		if !users[r.User] {
			users[r.User] = true
			for _, c := range r.Constraints {
				out.Constraints[c.Kind]++
			}
			if len(r.Constraints) == 0 {
				out.Without++
			}
		}
		out.Outcomes[r.Outcome]++
		for _, x := range r.Turns {
			out.Ends[x.End]++
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
	out.Users = len(users)
	out.AtBest, out.Left = dialogue.Quantiles(best, 0, .25, .5, .75, 1), dialogue.Quantiles(left, 0, .25, .5, .75, 1)
	return out
}

// Conversations are what there is to measure of results.
func Conversations(all []Result) []dialogue.Conversation {
	out := make([]dialogue.Conversation, len(all))
	for n, r := range all {
		out[n] = r.Conversation()
	}
	return out
}
