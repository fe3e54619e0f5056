// Package agent lets language models drive the recommendation pipeline through tools, within bounds, and talk with the user for
// whom they do it.
package agent

import (
	"context"
	"time"
)

// Visitor is the user of a conversation: what the harness knows of them, and nothing that came after.
type Visitor struct {
	User    int32
	History []int32 // of training and validation, oldest first
	Exclude []int32 // items that must not be recommended

	// Replica tells apart conversations with the same user that are to be independent, as in llm.Request.
	Replica int64
}

// Host opens conversations. It may be called from many goroutines at once; conversations share nothing but the catalogue, the
// models and what is stored of their own user.
type Host interface {
	Open(v Visitor) Conversation
}

// Conversation is one user's talk with an agent, from one goroutine at a time.
type Conversation interface {
	// Say answers what the user says. A bound that is hit, or an answer of a model that is of no use, is no error: it is the
	// turn's End. An error is the context's, or that of a caller.
	Say(ctx context.Context, utterance string) (Turn, error)
}

// Turn is an agent's answer.
type Turn struct {
	Text  string  // that the user reads
	Items []int32 // recommended, best first; empty: the agent asked, or talked
	End   End     // how the turn came to its end
	Trace []Step  // what the agent did for it
	Usage Usage   // what that took
}

// Usage is what one turn took.
type Usage struct {
	Calls        int           `json:"calls"` // of models, those that failed among them
	PromptTokens int           `json:"prompt_tokens"`
	OutputTokens int           `json:"output_tokens"`
	ToolCalls    int           `json:"tool_calls"`
	ToolErrors   int           `json:"tool_errors"` // of these, answered with an error
	Wall         time.Duration `json:"wall"`
	Model        time.Duration `json:"model"` // of Wall, in which at least one model was at work
}

// End is how a turn ended.
type End string

// Step is one thing that an agent did: a call of a model or of a tool.
type Step struct{}
