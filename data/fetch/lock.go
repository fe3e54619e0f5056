package fetch

import (
	"context"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// lock waits until no other process works on the same target. The system frees the lock of a process that dies.
func lock(ctx context.Context, path string) (unlock func(), err error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx) // before a goroutine makes a file that nobody asks for any more
	}
	type held struct {
		unlock func()
		err    error
	}
	got := make(chan held, 1)
	go func() {
		unlock, err := lockedfile.MutexAt(path).Lock()
		got <- held{unlock, err}
	}()
	select {
	case h := <-got:
		return h.unlock, h.err
	case <-ctx.Done():
		// The system call cannot be broken off: what it gets in the end is given back.
		go func() {
			if h := <-got; h.err == nil {
				h.unlock()
			}
		}()
		return nil, context.Cause(ctx)
	}
}
