package simulate

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"llm4rec/llm/agent"
)

// Config says how conversations are played.
type Config struct {
	Turns    int // of the agent, at most
	K        int // items of a turn that the user reads
	Repeats  int // conversations with each user
	Parallel int // conversations at a time

	// Ended is told each result when its conversation has ended, from one goroutine at a time and in any order; nil: nobody is.
	Ended func(Result)
}

// Validate says what is wrong.
func (c Config) Validate() error {
	if c.Turns < 1 || c.K < 1 || c.Repeats < 1 || c.Parallel < 1 {
		return fmt.Errorf("simulate: want turns, k, repeats and parallel of at least 1, got %d, %d, %d and %d", c.Turns, c.K, c.Repeats, c.Parallel)
	}
	return nil
}

// Run plays the conversations of all tasks, and returns what came of them in the order of the tasks, a task's repeats one after
// the other. A conversation that fails is a result. When the context ends, those that had ended are returned with its error, and
// the others leave nothing behind.
func Run(ctx context.Context, host agent.Host, users Simulator, tasks []*Task, c Config) ([]Result, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	out := make([]*Result, len(tasks)*c.Repeats)
	next := make(chan int)
	var mu sync.Mutex
	var workers sync.WaitGroup
	for range min(c.Parallel, len(out)) {
		workers.Go(func() {
			for n := range next {
				t, repeat := tasks[n/c.Repeats], n%c.Repeats
				r, err := play(ctx, host, users.User(t, repeat, c.K), t, repeat, c)
				if err != nil {
					continue // the context's
				}
				mu.Lock()
				out[n] = &r
				if c.Ended != nil {
					c.Ended(r)
				}
				mu.Unlock()
			}
		})
	}
	for n := range out {
		if ctx.Err() != nil {
			break
		}
		next <- n
	}
	close(next)
	workers.Wait()
	var ended []Result
	for _, r := range out {
		if r != nil {
			ended = append(ended, *r)
		}
	}
	if len(ended) < len(out) {
		return ended, context.Cause(ctx)
	}
	return ended, nil
}

// play is one conversation. The error is the context's.
func play(ctx context.Context, host agent.Host, user User, t *Task, repeat int, c Config) (Result, error) {
	v := t.Visitor
	v.Replica = int64(repeat)
	r := newResult(t, repeat)
	talk := host.Open(v)
	utterance := user.Open()
	for {
		if t.leak.In(utterance) {
			// No user here does that. Whoever makes another learns of it, and no agent of the title.
			r.end(Leaking, nil)
			break
		}
		known := slices.Clone(user.Said())
		turn, err := talk.Say(ctx, utterance)
		if ctx.Err() != nil {
			return r, context.Cause(ctx)
		}
		r.turn(t, utterance, turn, known, c.K)
		if err != nil {
			r.end(AgentFailed, err)
			break
		}
		if place := slices.Index(turn.Items[:min(len(turn.Items), c.K)], t.Target); place >= 0 {
			r.Rank = place + 1
			r.end(Found, nil)
			break
		}
		if len(r.Turns) == c.Turns {
			r.end(OutOfTurns, nil)
			break
		}
		var over bool
		utterance, over, err = user.Reply(ctx, turn)
		if ctx.Err() != nil {
			return r, context.Cause(ctx)
		}
		if err != nil || over {
			r.end(UserFailed, err)
			break
		}
	}
	r.close(t, user, c.K)
	return r, nil
}
