package llmtest

import (
	"context"
	"sync"
	"time"

	"llm4rec/llm"
)

// Fake is a client that answers by a function, and keeps what it was asked: for tests of what is asked, where no server is needed.
type Fake struct {
	Answer func(llm.Request) (llm.Response, error)
	mu     sync.Mutex
	Asked  []llm.Request
}

// Generate answers.
func (f *Fake) Generate(_ context.Context, r llm.Request) (llm.Response, error) {
	f.mu.Lock()
	f.Asked = append(f.Asked, r)
	f.mu.Unlock()
	return f.Answer(r)
}

// Saying always says the same, in a second, with 100 tokens of prompt, ten of them cached, and 20 of the answer.
func Saying(text string) *Fake {
	return &Fake{Answer: func(llm.Request) (llm.Response, error) {
		return llm.Response{Text: text, Finish: llm.Stop, PromptTokens: 100, CachedTokens: 10, OutputTokens: 20, Wall: time.Second}, nil
	}}
}

var _ llm.Client = (*Fake)(nil)
