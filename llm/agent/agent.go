// Package agent lets language models drive the recommendation pipeline through tools, within bounds, and talk with the user for
// whom they do it.
//
// A conversation has a bus: the items that may still be recommended, in an order. Tools narrow and order it by conditions, by
// likeness, by the retrievers and rankers of the harness; a model sees how many are left and the first of them, by id, and ends a
// turn by recommending some, none, or asking the user. What items and users say is data, cleaned and between marks, and what a
// tool must not do it refuses, whatever a model was talked into: ids outside the catalogue, of items that the user had, or that
// the conditions in force rule out.
//
// Four planners let a model use them: react, a call at a time; plan, all calls in one answer (and another plan where that fails);
// inspire, which tries several calls from each state of the bus and keeps what it explored (RecMind, Wang et al. 2024); alone has
// no tools. scripted has no model: it reads conditions out of the user's words and calls the same tools; it is the floor that an
// agent has to beat, and what answers when a bound is hit and no retriever can. A critic may send an answer back (InteRecAgent,
// Huang et al. 2023, reflection).
//
// Differences from those papers: a branch of inspire is one call, not a whole path; the bus is ids and not text; the critic sees
// what tools answered, in short, and not the prompts.
package agent

import (
	"context"
	"encoding/json"
	"slices"
	"time"
)

// Visitor is the user of a conversation: what the harness knows of them, and nothing that came after.
type Visitor struct {
	User    int32   // below 0: a stranger, of whom nothing is kept
	History []int32 // of training and validation, oldest first
	Exclude []int32 // items that must not be recommended
	Times   []int64 // of the history; may be nil
	At      int64   // when the conversation is held, in the data's time; may be 0

	Candidates []int32 // all that may be recommended, ascending; nil: the whole catalogue

	// Replica tells apart conversations with the same user that are to be independent, as in llm.Request.
	Replica int64
}

// Among tells whether an item is one of the candidates.
func (v Visitor) Among(item int32) bool {
	_, is := slices.BinarySearch(v.Candidates, item)
	return is || v.Candidates == nil
}

// Host opens conversations. It may be called from many goroutines at once; conversations share nothing but the catalogue, the
// models and what is stored of their own user.
type Host interface {
	Open(v Visitor) Conversation
}

// Conversation is one user's talk with an agent, from one goroutine at a time.
type Conversation interface {
	// Say answers what the user says. A bound that is hit, or an answer of a model that is of no use, is no error: it is the
	// turn's End. An error is the context's, or that of a caller: a model that does not exist, or does not call tools.
	Say(ctx context.Context, utterance string) (Turn, error)
}

// Teller is a conversation that tells of each step when it has been taken, from the goroutine that asks.
type Teller interface {
	Tell(ctx context.Context, utterance string, told func(Step)) (Turn, error)
}

// Turn is an agent's answer.
type Turn struct {
	Text     string   `json:"text"`            // that the user reads
	Items    []int32  `json:"items,omitempty"` // recommended, best first; empty: the agent asked, or talked
	End      End      `json:"end"`             // how the turn came to its end
	Fallback Fallback `json:"fallback,omitempty"`
	Trace    []Step   `json:"trace"` // what the agent did for it
	Usage    Usage    `json:"usage"` // what that took
}

// Usage is what one turn took.
type Usage struct {
	Calls        int           `json:"calls"` // of models, those that failed among them
	PromptTokens int           `json:"prompt_tokens"`
	OutputTokens int           `json:"output_tokens"`
	ToolCalls    int           `json:"tool_calls"`
	ToolErrors   int           `json:"tool_errors"` // of these, answered with an error
	Wall         time.Duration `json:"wall"`
	Model        time.Duration `json:"model"` // of that, in the calls of models; of a recorded one, when it was recorded
}

// End is how a turn ended.
type End string

// The ends of turns. After all but the first three the items are a fallback's.
const (
	Recommended    End = "recommended"
	Asked          End = "asked" // or talked
	None           End = "none"  // nothing fits, says the agent
	BoundSteps     End = "bound-steps"
	BoundCalls     End = "bound-calls"
	BoundTokens    End = "bound-tokens"
	BoundTime      End = "bound-time"
	ToolErrors     End = "tool-errors" // too many in a row
	CriticRejected End = "critic-rejected"
	Refused        End = "refused"     // by the model, or its provider
	CallFailed     End = "call-failed" // of a model
	Unreadable     End = "unreadable"  // of a model without tools: nothing that it names is an item
)

// Answered says whether the turn is as the agent meant it.
func (e End) Answered() bool { return e == Recommended || e == Asked || e == None }

// Fallback is what recommended in an agent's place.
type Fallback string

// The fallbacks.
const (
	ByRetriever Fallback = "retriever" // the best of the bus
	ByPolicy    Fallback = "scripted"
)

// Who took a step.
const (
	ByActor    = "actor"
	ByCritic   = "critic"
	ByTool     = "tool"
	ByFallback = "fallback"
)

// Step is one thing that an agent did: a call of a model or of a tool.
type Step struct {
	By     string `json:"by"`
	Prompt string `json:"prompt,omitempty"` // SHA-256 of the prompt's file, of a model's call
	Asked  string `json:"asked,omitempty"`  // the key of the request, which is that of its recorded answer
	Text   string `json:"text,omitempty"`   // that the model wrote

	Tool      string          `json:"tool,omitempty"`
	Arguments json.RawMessage `json:"arguments,omitempty"`
	Result    string          `json:"result,omitempty"`
	Error     string          `json:"error,omitempty"` // as the model was told, or of the call

	PromptTokens int           `json:"prompt_tokens,omitempty"`
	OutputTokens int           `json:"output_tokens,omitempty"`
	Recorded     bool          `json:"recorded,omitempty"`
	Wall         time.Duration `json:"wall"`          // of a recorded answer: when it was recorded
	Bus          int           `json:"bus,omitempty"` // how many candidates there are after it
}
