package suite

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"

	"llm4rec/llm"
	"llm4rec/llm/cassette"
	"llm4rec/llm/gate"
	"llm4rec/llm/openai"
	"llm4rec/llm/price"
	"llm4rec/llm/provider"
	"llm4rec/models"
)

// Calls says how language models are asked, by all rows of a run together. The zero value asks them and records nothing.
type Calls struct {
	Mode     cassette.Mode
	Cassette string // the file of recorded answers
	Parallel int    // calls at a time; 0: as many as are found to be of use

	RequestsPerMinute, TokensPerMinute int // 0: no limit
	Retry                              llm.Retry
	Tokens                             int          // that all calls may take; 0: no limit
	Dollars                            float64      // that they may cost; 0: no limit
	Prices                             *price.Table // nil: the standard one
	Log                                *slog.Logger

	once   sync.Once
	tape   *cassette.Cassette
	budget *gate.Budget
	err    error // of opening
}

// usualParallel bounds how many users are asked for at a time where the number of calls is measured.
const usualParallel = 64

// open opens the cassette when the first model is asked, so that runs without one leave no file.
func (c *Calls) open() error {
	c.once.Do(func() {
		c.budget = gate.NewBudget(c.Tokens, c.Dollars)
		if c.Mode == "" || c.Mode == cassette.Live {
			return
		}
		c.tape, c.err = cassette.Open(cassette.Config{Path: c.Cassette, Mode: c.Mode, Secrets: secrets(), Log: c.Log})
		if c.Mode == cassette.Replay && errors.Is(c.err, fs.ErrNotExist) {
			c.err = &models.Unavailable{Err: c.err, Remedy: replayRemedy}
		}
	})
	return c.err
}

// Close closes the cassette, if it was opened.
func (c *Calls) Close() error {
	if c.tape == nil {
		return nil
	}
	return c.tape.Close()
}

// shortestKey is how long a key is at least: what servers that want none are given may stand in any answer.
const shortestKey = 8

// secrets are the keys that the environment holds for the usual variable. Those of other variables are kept out of answers by
// their adapters.
func secrets() []string {
	if key := os.Getenv(openai.DefaultKeyVariable); len(key) >= shortestKey {
		return []string{key}
	}
	return nil
}

// line is a way to a model: recorded answers first, then the gate to its server.
type line struct {
	llm.Chat
	gate  *gate.Gate   // nil in a replay
	price *price.Price // nil: unknown
}

// Chat is a way to a model for what is no row of an experiment.
func (c *Calls) Chat(config provider.Chat) (llm.Chat, error) {
	to, err := c.to(config)
	if err != nil {
		return nil, err
	}
	return to.Chat, nil
}

// key is that of who answers at a model.
func (c *Calls) key(config provider.Chat) (string, error) {
	to, err := c.to(config)
	if err != nil {
		return "", err
	}
	id, err := to.Identity(context.Background())
	return id.Key(), err
}

// to makes a line to a model.
func (c *Calls) to(config provider.Chat) (*line, error) {
	if c == nil {
		c = &Calls{}
	}
	if err := c.open(); err != nil {
		return nil, err
	}
	prices := cmp.Or(c.Prices, price.Standard())
	out := &line{}
	if p, known := prices.Of(config.Name(), time.Now()); known {
		out.price = &p
	}
	if c.Mode == cassette.Replay {
		out.Chat = replayed{c.tape.Wrap(config.Name(), nil)}
		return out, nil
	}
	chat, err := config.New()
	if err != nil {
		return nil, err
	}
	if out.price == nil && c.Dollars > 0 {
		return nil, &models.Unavailable{Err: fmt.Errorf("no price of %s at %s is known, so no budget in dollars covers it", config.Model, config.Name().BaseURL),
			Remedy: "give one by --prices, or run its rows without --budget-dollars"}
	}
	out.gate, err = gate.New(chat, gate.Config{
		Parallel: c.Parallel, Most: usualParallel, RequestsPerMinute: c.RequestsPerMinute, TokensPerMinute: c.TokensPerMinute,
		Retry: c.Retry, Price: out.price, Budget: c.budget, Log: c.Log,
	})
	if err != nil {
		return nil, err
	}
	out.Chat = present{out.gate, config, c.Dollars == 0 && out.price != nil && out.price.Dollars(1, 0, 1) > 0}
	if c.tape != nil {
		out.Chat = c.tape.Wrap(config.Name(), out.Chat)
	}
	return out, nil
}

// crowd is how many users are asked for at a time: twice the calls, so that the next one waits when a call ends.
func (c *Calls) crowd() int {
	if c == nil || c.Parallel == 0 {
		return 2 * usualParallel
	}
	return 2 * c.Parallel
}

// present asks once whether the model is at hand: a server that is not there should not be waited for. It says what to do then.
type present struct {
	llm.Chat
	config provider.Chat
	unpaid bool // it costs dollars, and nobody said how many
}

func (p present) Identity(ctx context.Context) (llm.Identity, error) {
	id, err := p.config.Identity(ctx)
	if err == nil && p.unpaid {
		err = &models.Unavailable{Err: fmt.Errorf("%s costs money", p.config.Model), Remedy: "say how much the run may spend, by --budget-dollars"}
	}
	return id, err
}

const replayRemedy = "run without --llm replay where the model is at hand, or name another --cassette"

// replayed says so of a model without recorded answers.
type replayed struct{ llm.Chat }

func (r replayed) Identity(ctx context.Context) (llm.Identity, error) {
	id, err := r.Chat.Identity(ctx)
	var failed *llm.Error
	if errors.As(err, &failed) {
		err = &models.Unavailable{Err: err, Remedy: replayRemedy}
	}
	if err != nil {
		return id, fmt.Errorf("replay: %w", err)
	}
	return id, nil
}
