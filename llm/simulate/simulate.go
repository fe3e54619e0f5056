// Package simulate lets simulated users talk with agents, and counts what came of it.
//
// A user wants one item, which only the user knows. [Rules] answers from the item's fields and the user's history, by rules
// alone; [Model] has a language model put what it says into words. Neither utters the item's title or its id: a [Leak] looks at
// every utterance, and [Run] at every one again before an agent sees it.
package simulate

import (
	"context"

	"llm4rec/llm/agent"
)

// Case is who talks, and for what.
type Case struct {
	Visitor agent.Visitor // all that the agent is told
	Target  int32
}

// Simulator makes the users of conversations. It may be called from many goroutines at once.
type Simulator interface {
	// User is the one with a task, in the repeat of that number, who reads the first k items of what is recommended in a turn.
	User(t *Task, repeat, k int) User
}

// User is one side of one conversation, from one goroutine at a time.
type User interface {
	// Open is what is said first.
	Open() string
	// Reply answers a turn. The conversation is over where the wanted item is among the first k of it. An error is the context's, or
	// a caller's: what no other conversation can go better with.
	Reply(ctx context.Context, turn agent.Turn) (utterance string, over bool, err error)
	// Said is what has been revealed so far about the wanted item, beside the items that were rejected.
	Said() []Clause
}

// Replacer is a User some of whose utterances were not of use, so that others took their place.
type Replacer interface {
	Replaced() map[Class]int
}
