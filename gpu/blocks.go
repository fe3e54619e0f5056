package gpu

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// Blocks cuts 0…n−1 into blocks of the given size and calls a worker's body on each, on as many threads as GOMAXPROCS.
// worker is called once a thread and returns its body, so that a body may own a workspace. The blocks do not depend on
// the number of workers: a body that writes what belongs to its block alone gives the same result on any number. It
// returns the first error, which stops the rest, or the context's.
//
// The caller works too, and is joined by those [helpers] that are idle: where many call at once there are not more
// threads than cores that work, and a body may call Blocks.
func Blocks(ctx context.Context, n, size int, worker func() func(lo, hi int) error) error {
	if n < 0 || size < 1 {
		panic(badBlocks)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	w := &work{ctx: ctx, n: n, size: size, count: (n + size - 1) / size, worker: worker}
	if workers := min(w.count, runtime.GOMAXPROCS(0)); workers > 1 {
		var free func()
		w.core, free = bind()
		defer free()
		helpers.open(w, workers-1)
		w.lead()
	} else {
		w.run()
	}
	if w.panicked != nil {
		panic(w.panicked)
	}
	return w.err
}

// Even is a size for [Blocks] that cuts n into as many blocks for every worker, of at most that many. It depends on the number
// of workers, so it is for bodies whose results do not depend on the blocks.
func Even(n, most int) int {
	workers := runtime.GOMAXPROCS(0)
	each := max(1, (n+workers*most-1)/(workers*most)) // blocks a worker
	return max(1, (n+workers*each-1)/(workers*each))
}

const badBlocks = "gpu: blocks of at least one out of at least none are needed"

// work is one call of Blocks.
type work struct {
	ctx            context.Context
	n, size, count int
	worker         func() func(lo, hi int) error
	next           atomic.Int64 // block

	core   int // of the caller
	wanted int // helpers that may still join; the pool's
	active sync.WaitGroup

	mutex    sync.Mutex
	err      error // the first
	panicked any   // of a helper
}

// run takes blocks until there are none, or one failed.
func (w *work) run() {
	var body func(lo, hi int) error
	for {
		b := int(w.next.Add(1)) - 1
		if b >= w.count {
			return
		}
		err := w.ctx.Err()
		if err == nil {
			if body == nil {
				body = w.worker()
			}
			err = body(b*w.size, min((b+1)*w.size, w.n))
		}
		if err != nil {
			w.stop(func() {
				if w.err == nil {
					w.err = err
				}
			})
			return
		}
	}
}

// stop takes what is left, and records why.
func (w *work) stop(record func()) {
	w.next.Store(int64(w.count))
	w.mutex.Lock()
	defer w.mutex.Unlock()
	record()
}

// lead is run for the caller: it stays until all have left, also where it panics.
func (w *work) lead() {
	defer func() {
		w.next.Store(int64(w.count))
		helpers.close(w)
		w.active.Wait()
	}()
	w.run()
}

// help is run for a helper, whose panic is the caller's to see.
func (w *work) help() {
	defer w.active.Done()
	defer func() {
		if p := recover(); p != nil {
			w.stop(func() { w.panicked = p })
		}
	}()
	w.run()
}
