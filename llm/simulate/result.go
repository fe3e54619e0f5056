package simulate

import (
	"maps"
	"slices"

	"llm4rec/eval/dialogue"
	"llm4rec/llm/agent"
)

// Outcome is how a conversation ended. All but Found are failures.
type Outcome string

// The ends of conversations.
const (
	Found       Outcome = "found"
	OutOfTurns  Outcome = "out of turns"
	AgentFailed Outcome = "agent failed" // with an error, where a bound or a useless answer would have been the turn's end
	UserFailed  Outcome = "user failed"  // with an error, or by leaving before its time
	Leaking     Outcome = "user leaked"  // an utterance named the wanted item, and was not passed on
)

// Result is what came of one conversation.
type Result struct {
	User        int32        `json:"user"`
	Target      int32        `json:"target"`
	Repeat      int          `json:"repeat"`
	Constraints []Constraint `json:"constraints,omitempty"`
	Outcome     Outcome      `json:"outcome"`
	Rank        int          `json:"rank,omitempty"` // of the target in the last turn; 0: it was not found
	Turns       []Exchange   `json:"turns"`

	// AtBest is how many items all constraints leave, had they been said: what a task gives away if the agent asks well.
	AtBest int `json:"at_best"`

	// Left is how many items of the catalogue were consistent with what had been said, and with what had been rejected before the
	// last turn: see Catalogue.Consistent. Where it is 1 the target was given away by its fields.
	Left     int           `json:"left"`
	Said     []Clause      `json:"said,omitempty"`
	Replaced map[Class]int `json:"replaced,omitempty"` // utterances of a language model
	Err      error         `json:"-"`                  // of a conversation that failed with one

	ByKind map[dialogue.Kind]dialogue.Share `json:"by_kind,omitempty"`
	Known  dialogue.Share                   `json:"known"`
	Items  dialogue.Share                   `json:"items"`
}

// Exchange is what a user said, and what the agent answered.
type Exchange struct {
	User  string       `json:"user"`
	Agent string       `json:"agent"`
	Items []int32      `json:"items,omitempty"`
	End   agent.End    `json:"end,omitempty"`
	Usage agent.Usage  `json:"usage"`
	Trace []agent.Step `json:"trace,omitempty"`

	// Of the items that the user reads, how many ought not to be there.
	Excluded int `json:"excluded,omitempty"`
	Unknown  int `json:"unknown,omitempty"`  // outside of the catalogue
	Repeated int `json:"repeated,omitempty"` // that the user has rejected before
}

// GivenAway tells whether nothing but the target was consistent with what had been revealed.
func (r Result) GivenAway() bool { return r.Left == 1 }

func newResult(t *Task, repeat int) Result {
	return Result{User: t.Visitor.User, Target: t.Target, Repeat: repeat, Constraints: t.Constraints, ByKind: map[dialogue.Kind]dialogue.Share{}}
}

// turn counts an answer of the agent, of which the user reads k items, knowing what had been said before.
func (r *Result) turn(t *Task, utterance string, turn agent.Turn, said []Clause, k int) {
	x := Exchange{User: utterance, Agent: turn.Text, Items: slices.Clone(turn.Items), End: turn.End, Usage: turn.Usage, Trace: turn.Trace}
	rejected := r.rejected(k)
	for _, i := range turn.Items[:min(len(turn.Items), k)] {
		if rejected[i] {
			x.Repeated++
		}
		if i < 0 || int(i) >= len(t.catalogue.Titles) {
			x.Unknown++ // and holds no constraint
		} else if slices.Contains(t.Visitor.Exclude, i) || !t.Visitor.Among(i) {
			x.Excluded++
		}
		all := true
		for _, c := range t.Constraints {
			holds := t.catalogue.Holds(c.Clause, i)
			all = all && holds
			share := r.ByKind[c.Kind]
			share.Add(holds)
			r.ByKind[c.Kind] = share
			if slices.Contains(said, c.Clause) {
				r.Known.Add(holds)
			}
		}
		if len(t.Constraints) > 0 {
			r.Items.Add(all)
		}
	}
	r.Turns = append(r.Turns, x)
}

func (r *Result) end(how Outcome, err error) {
	r.Outcome, r.Err = how, err
}

// close says what was left to choose from. The last turn's items were accepted, or nobody answered.
func (r *Result) close(t *Task, user User, k int) {
	last := len(r.Turns) - 1
	before := Result{Turns: r.Turns[:max(0, last)]}
	r.Said = slices.Clone(user.Said())
	r.Left = t.catalogue.Consistent(r.Said, slices.Collect(maps.Keys(before.rejected(k))), t.Visitor)
	wanted := make([]Clause, len(t.Constraints))
	for n, c := range t.Constraints {
		wanted[n] = c.Clause
	}
	r.AtBest = t.catalogue.Consistent(wanted, nil, t.Visitor)
	if x, ok := user.(Replacer); ok {
		r.Replaced = x.Replaced()
	}
}

// rejected are the items of all turns that the user has read.
func (r *Result) rejected(k int) map[int32]bool {
	out := map[int32]bool{}
	for _, x := range r.Turns {
		for _, i := range x.Items[:min(len(x.Items), k)] {
			out[i] = true
		}
	}
	return out
}

// Conversation is what there is to measure of it.
func (r Result) Conversation() dialogue.Conversation {
	out := dialogue.Conversation{User: r.User, Turns: len(r.Turns), Rank: r.Rank, ByKind: r.ByKind, Known: r.Known, Items: r.Items}
	for _, x := range r.Turns {
		out.Calls += x.Usage.Calls
		out.PromptTokens += x.Usage.PromptTokens
		out.OutputTokens += x.Usage.OutputTokens
		out.ToolCalls += x.Usage.ToolCalls
		out.ToolErrors += x.Usage.ToolErrors
		out.Seconds += x.Usage.Wall.Seconds()
	}
	return out
}
