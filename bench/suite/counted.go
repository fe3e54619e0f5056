package suite

import (
	"context"
	"maps"
	"slices"
	"sync"

	"llm4rec/llm"
	"llm4rec/llm/explain"
)

// counted is a chat that counts what its answers took, for those who use it without counting.
type counted struct {
	llm.Chat
	mu   sync.Mutex
	seen explain.Report
}

func (c *counted) Generate(ctx context.Context, r llm.Request) (llm.Response, error) {
	resp, err := c.Chat.Generate(ctx, r)
	c.mu.Lock()
	defer c.mu.Unlock()
	x := &c.seen
	x.Calls++
	if err != nil {
		x.Failures++
		return resp, err
	}
	if resp.Recorded {
		x.Recorded++
	}
	if x.Answers == nil {
		x.Answers = map[explain.Class]int{}
	}
	x.Answers[explain.Class(resp.Finish)]++
	x.PromptTokens, x.CachedTokens, x.OutputTokens = x.PromptTokens+resp.PromptTokens, x.CachedTokens+resp.CachedTokens, x.OutputTokens+resp.OutputTokens
	x.Walls = append(x.Walls, resp.Wall)
	return resp, nil
}

// report is what was counted so far.
func (c *counted) report() explain.Report {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := c.seen
	out.Answers = maps.Clone(out.Answers)
	out.Walls = slices.Sorted(slices.Values(out.Walls))
	return out
}
