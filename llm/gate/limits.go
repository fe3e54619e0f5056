package gate

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"llm4rec/llm"
)

// usage is the tokens of a call. The cached ones are among the prompt's.
type usage struct{ prompt, cached, output int }

func (u usage) sum() int { return u.prompt + u.output }

// guess foretells the tokens of a call from those before it: of the prompt as many a byte as they had, of the answer as many as
// may come or, where that is not said, as many as ever came. At first it errs on the side of too many.
type guess struct {
	mu            sync.Mutex
	bytes, tokens int // of the prompts so far
	longest       int // answer so far
}

func size(r llm.Request) int {
	n := len(r.Schema)
	for _, m := range r.Messages {
		n += len(m.Role) + len(m.Content)
		for _, c := range m.ToolCalls {
			n += len(c.Name) + len(c.Arguments)
		}
	}
	for _, t := range r.Tools {
		n += len(t.Name) + len(t.Description) + len(t.Schema)
	}
	return n
}

func (g *guess) of(r llm.Request) usage {
	g.mu.Lock()
	defer g.mu.Unlock()
	bytes, tokens := 3, 1 // English has four bytes a token
	if g.bytes > 0 {
		bytes, tokens = g.bytes, g.tokens
	}
	u := usage{prompt: (size(r)*tokens + bytes - 1) / bytes, output: r.MaxTokens}
	if u.output == 0 {
		u.output = max(g.longest, 256)
	}
	return u
}

func (g *guess) saw(r llm.Request, u usage) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.bytes, g.tokens = g.bytes+size(r), g.tokens+u.prompt
	g.longest = max(g.longest, u.output)
}

// limits are those a minute. A second's worth may be used at once.
type limits struct {
	requests, tokens *rate.Limiter // nil: no limit

	mu   sync.Mutex
	owed int // tokens that were used beyond what was waited for; may be below 0
}

func newLimits(requests, tokens int) *limits {
	return &limits{requests: perMinute(requests), tokens: perMinute(tokens)}
}

func perMinute(n int) *rate.Limiter {
	if n == 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(float64(n)/60), max(1, n/60))
}

// wait waits until a call of so many tokens may be made.
func (l *limits) wait(ctx context.Context, tokens int) error {
	if err := take(ctx, l.requests, 1); err != nil || l.tokens == nil {
		return err
	}
	l.mu.Lock()
	n := max(0, tokens+l.owed)
	l.owed = min(0, tokens+l.owed)
	l.mu.Unlock()
	return take(ctx, l.tokens, n)
}

// take takes n in pieces, since a limiter gives no more at a time than may be used at once.
func take(ctx context.Context, l *rate.Limiter, n int) error {
	for l != nil && n > 0 {
		piece := min(n, l.Burst())
		if err := l.WaitN(ctx, piece); ctx.Err() != nil {
			return context.Cause(ctx)
		} else if err != nil { // the turn comes after the context's deadline
			return context.DeadlineExceeded
		}
		n -= piece
	}
	return nil
}

// charge counts a call that was made without waiting: those after it wait for it.
func (l *limits) charge(tokens int) {
	if l.requests != nil {
		l.requests.ReserveN(time.Now(), 1)
	}
	l.correct(tokens)
}

// correct adds to what was used, or takes from it.
func (l *limits) correct(tokens int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.owed += tokens
}
