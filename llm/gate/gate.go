// Package gate is how calls go to a server: so many at a time, so many a minute, for so much money, again where they failed,
// and not at all once the server is gone. It counts what happens.
//
// Answers that are recorded belong before the gate (see package cassette): they cost nothing and wait for nobody.
package gate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"llm4rec/llm"
	"llm4rec/llm/price"
)

// Config says how calls go.
type Config struct {
	// Parallel is how many calls the server works on at a time; 0 has that measured. Then it is 1 at first, and doubles for as
	// long as the server gets at least a tenth more done, up to Most. No answer depends on it.
	Parallel int
	Most     int // of a measured Parallel; 0: 64

	RequestsPerMinute int // 0: no limit, as of TokensPerMinute
	TokensPerMinute   int // of prompts and answers: as estimated before a call, and corrected after it

	Retry  llm.Retry    // its Notify is called too
	Price  *price.Price // nil: unknown
	Budget *Budget      // nil: none. Several gates may share one
	Log    *slog.Logger // nil: the default logger
}

// Gate is a chat behind a gate. It does not look at answers: what of them is of no use is the caller's to find out.
type Gate struct {
	chat   llm.Chat
	config Config
	slots  *slots
	limits *limits
	guess  guess

	mu     sync.Mutex
	tally  tally
	inARow int   // calls that have failed since one succeeded
	dead   error // the last failure of a server that is gone
}

var _ llm.Chat = (*Gate)(nil)

// New puts a gate before a chat. A budget in dollars needs a price.
func New(chat llm.Chat, c Config) (*Gate, error) {
	switch {
	case c.Parallel < 0 || c.Most < 0 || c.RequestsPerMinute < 0 || c.TokensPerMinute < 0:
		return nil, errors.New("gate: a limit is below 0")
	case c.Budget != nil && c.Budget.limit.dollars > 0 && c.Price == nil:
		return nil, errors.New("gate: a budget in dollars, but no price is known")
	}
	c.Log = cmp.Or(c.Log, slog.Default())
	g := &Gate{chat: chat, config: c, slots: fixed(c.Parallel), limits: newLimits(c.RequestsPerMinute, c.TokensPerMinute)}
	if c.Parallel == 0 {
		g.slots = measured(cmp.Or(c.Most, 64))
	}
	return g, nil
}

// Identity is the chat's.
func (g *Gate) Identity(ctx context.Context) (llm.Identity, error) {
	return llm.Do(ctx, g.config.Retry, g.chat.Identity)
}

// Generate waits for its turn and asks, several times where that may help. The error is an *llm.Error, an *Exhausted or that of
// the context.
func (g *Gate) Generate(ctx context.Context, r llm.Request) (resp llm.Response, err error) {
	if err := g.slots.acquire(ctx); err != nil {
		return resp, g.untried(err)
	}
	defer func() {
		g.slots.release(resp, err)
		runtime.Gosched() // the next call is on its way before what comes after this one is done
	}()
	if err := g.gone(); err != nil {
		return resp, g.untried(err)
	}
	usage := g.guess.of(r)
	reserved := g.cost(usage)
	if err := g.config.Budget.reserve(ctx, reserved); err != nil {
		return resp, g.untried(err)
	}
	c := &call{gate: g, usage: usage}
	defer func() { g.config.Budget.settle(reserved, c.spent) }()
	if err := g.limits.wait(ctx, usage.sum()); err != nil {
		return resp, g.untried(err)
	}
	resp, err = llm.Do(ctx, c.retry(), func(ctx context.Context) (llm.Response, error) { return c.try(ctx, r) })
	if err == nil {
		c.answered(r, resp)
	}
	g.fared(ctx, resp, err)
	return resp, err
}

// untried counts a call that was not made.
func (g *Gate) untried(err error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tally.untried++
	return err
}

// gone is the error of calls to a server that is.
func (g *Gate) gone() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.dead == nil {
		return nil
	}
	return &llm.Error{Kind: kindOf(g.dead), Message: fmt.Sprintf("not asked any more, since calls fail: %v", g.dead), Err: g.dead}
}

// fared notes how a call ended. No more are made where the next one cannot go better. A request that is refused is answered,
// in a way: the server is there.
func (g *Gate) fared(ctx context.Context, resp llm.Response, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case err == nil:
		g.inARow = 0
		g.tally.answered(resp)
		return
	case ctx.Err() != nil:
		g.tally.untried++
		return
	}
	kind := kindOf(err)
	count(&g.tally.failures, kind)
	if kind == llm.Refused || kind == llm.NoTools {
		g.inARow = 0
		return
	}
	g.inARow++
	if g.inARow >= llm.MostInARow || kind == llm.Denied || kind == llm.NotFound {
		g.dead = err
	}
}

// kindOf is the kind of any error of a client: one that is not typed is no better than garbage.
func kindOf(err error) llm.Kind {
	if failed := (*llm.Error)(nil); errors.As(err, &failed) {
		return failed.Kind
	}
	return llm.Garbage
}

// cost is what the tokens cost.
func (g *Gate) cost(u usage) amount {
	a := amount{tokens: u.sum()}
	if g.config.Price != nil {
		a.dollars = g.config.Price.Dollars(u.prompt, u.cached, u.output)
	}
	return a
}

// call is one request on its way.
type call struct {
	gate  *Gate
	usage usage // as estimated
	spent amount
}

// retry is the caller's, and counts. Trying again does not wait for the limits, having waited already, but counts there.
func (c *call) retry() llm.Retry {
	retry, notify := c.gate.config.Retry, c.gate.config.Retry.Notify
	retry.Notify = func(err *llm.Error, wait time.Duration) {
		c.gate.mu.Lock()
		count(&c.gate.tally.retries, err.Kind)
		c.gate.mu.Unlock()
		c.gate.slots.strained()
		c.gate.limits.charge(c.usage.sum())
		c.gate.config.Log.Warn("a call failed, trying again", "error", err, "wait", wait.Round(time.Millisecond))
		if notify != nil {
			notify(err, wait)
		}
	}
	return retry
}

// try makes one call.
func (c *call) try(ctx context.Context, r llm.Request) (llm.Response, error) {
	begin := c.gate.begin()
	resp, err := c.gate.chat.Generate(ctx, r)
	end := c.gate.end()
	if err == nil && resp.Wall == 0 {
		resp.Wall = end.Sub(begin)
	}
	// What cannot be read, or came too late, may have been written all the same, and will be billed.
	if kind := kindOf(err); err != nil && (kind == llm.Garbage || kind == llm.Timeout) {
		c.spent = c.spent.plus(c.gate.cost(c.usage))
	}
	return resp, err
}

// answered puts the true count in the estimate's place.
func (c *call) answered(r llm.Request, resp llm.Response) {
	used := usage{resp.PromptTokens, resp.CachedTokens, resp.OutputTokens}
	if used.sum() == 0 { // the server does not tell
		used = c.usage
	} else {
		c.gate.guess.saw(r, used)
	}
	c.spent = c.spent.plus(c.gate.cost(used))
	c.gate.limits.correct(used.sum() - c.usage.sum())
}
