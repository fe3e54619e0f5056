package llm

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// Client answers one request. Where it fails, the error is an *Error or that of the context. It makes one call and does not
// try again: see [Do]. It may be called from many goroutines at once.
type Client interface {
	Generate(ctx context.Context, r Request) (Response, error)
}

// Chat is a client that says what answers.
type Chat interface {
	Client
	Identifier
}

// The roles of a message.
const (
	System    = "system"
	User      = "user"
	Assistant = "assistant"
	ToolRole  = "tool" // what a tool answered
)

// Message is one turn of a conversation.
type Message struct {
	Role    string `json:"role"`
	Content string `json:"content"`

	ToolCalls  []ToolCall `json:"tool_calls,omitempty"`   // of the assistant's
	ToolCallID string     `json:"tool_call_id,omitempty"` // of a tool's: the call that it answers
	ToolName   string     `json:"tool_name,omitempty"`    // and the tool
}

// Request is everything that determines an answer beside who gives it.
type Request struct {
	Messages    []Message       `json:"messages"`
	Schema      json.RawMessage `json:"schema,omitempty"` // a JSON schema that the answer must fit; nil: free text
	Tools       []Tool          `json:"tools,omitempty"`  // that the model may call; a model that cannot is an error of kind NoTools
	Temperature float64         `json:"temperature"`
	Seed        int64           `json:"seed"`                   // sent to the server, its lower 31 bits: not all take more
	MaxTokens   int             `json:"max_tokens,omitempty"`   // of the answer; 0: the server's limit
	TopLogprobs int             `json:"top_logprobs,omitempty"` // alternatives that come with each token of the answer; 0: no log-probabilities

	// Replica tells apart answers to the same question that are to be independent. It is not sent.
	Replica int64 `json:"replica,omitempty"`
}

// Key names a request to one who answers: equal for two requests exactly if the recorded answer to one is an answer to the
// other.
func (r Request) Key(id Identity) string {
	text, err := json.Marshal(struct {
		Identity string  `json:"identity"`
		Request  Request `json:"request"`
	}{id.Key(), r})
	if err != nil {
		panic(fmt.Sprintf("llm: a request has no JSON: %v", err)) // a schema that is none: the caller's bug
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Finish says why an answer ends.
type Finish string

// The ends of an answer.
const (
	Stop     Finish = "stop"     // the model had finished
	Length   Finish = "length"   // it ran into MaxTokens or its window, or was stopped because it repeated itself
	Filtered Finish = "filtered" // the provider withheld it, or the model refused by the provider's own sign
)

// Response is an answer, with what the server says of it. What it does not say is 0.
type Response struct {
	Text   string `json:"text"`
	Finish Finish `json:"finish"`

	ToolCalls []ToolCall `json:"tool_calls,omitempty"` // that the model wants made, in its order

	PromptTokens int `json:"prompt_tokens,omitempty"`
	CachedTokens int `json:"cached_tokens,omitempty"` // of the prompt's, which the server had seen before
	OutputTokens int `json:"output_tokens,omitempty"`

	Load       time.Duration `json:"load,omitempty"`        // until the model was in memory
	Prefill    time.Duration `json:"prefill,omitempty"`     // reading the prompt
	Decode     time.Duration `json:"decode,omitempty"`      // writing the answer
	FirstToken time.Duration `json:"first_token,omitempty"` // from the call to the first piece of the answer, where it was streamed
	Wall       time.Duration `json:"wall"`                  // of the call that succeeded, as seen from here

	Tokens []Token `json:"tokens,omitempty"` // of the answer, where log-probabilities were asked for

	// Recorded says that no server was asked: the answer, its times among it, is one that was given before.
	Recorded bool `json:"-"`
}

// Token is a piece of an answer.
type Token struct {
	Text    string        `json:"text"`
	Logprob float64       `json:"logprob"`
	Top     []Alternative `json:"top,omitempty"` // the likeliest in its place, best first
}

// Alternative is what might have stood in a token's place.
type Alternative struct {
	Text    string  `json:"text"`
	Logprob float64 `json:"logprob"`
}
