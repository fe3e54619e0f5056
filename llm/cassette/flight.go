package cassette

import (
	"context"
	"sync"

	"llm4rec/llm"
)

// flights lets those who ask the same at the same time share one answer. Unlike golang.org/x/sync/singleflight, it does not
// let the first one's cancellation be the others' failure.
type flights struct {
	mu    sync.Mutex
	calls map[digest]*flight
}

type flight struct {
	done chan struct{}
	resp llm.Response
	err  error
	left bool // the one who asked was cancelled
}

func (f *flights) do(ctx context.Context, key digest, ask func() (llm.Response, error)) (llm.Response, error) {
	for {
		f.mu.Lock()
		other, under := f.calls[key]
		if !under {
			own := &flight{done: make(chan struct{}), left: true}
			if f.calls == nil {
				f.calls = map[digest]*flight{}
			}
			f.calls[key] = own
			f.mu.Unlock()
			return f.lead(ctx, key, own, ask)
		}
		f.mu.Unlock()
		select {
		case <-ctx.Done():
			return llm.Response{}, context.Cause(ctx)
		case <-other.done:
		}
		if !other.left {
			resp := other.resp
			resp.Recorded = other.err == nil
			return resp, other.err
		}
	}
}

func (f *flights) lead(ctx context.Context, key digest, own *flight, ask func() (llm.Response, error)) (llm.Response, error) {
	defer func() {
		f.mu.Lock()
		delete(f.calls, key)
		f.mu.Unlock()
		close(own.done)
	}()
	own.resp, own.err = ask()
	own.left = own.err != nil && ctx.Err() != nil
	return own.resp, own.err
}
