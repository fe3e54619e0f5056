package gpu

import (
	"context"
	"runtime"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// Blocks cuts 0…n−1 into blocks of the given size and calls a worker's body on each, on as many goroutines as
// GOMAXPROCS. worker is called once a goroutine and returns its body, so that a body may own a workspace. The blocks
// do not depend on the number of workers: a body that writes what belongs to its block alone gives the same result on
// any number. It returns the first error, which stops the rest, or the context's.
func Blocks(ctx context.Context, n, size int, worker func() func(lo, hi int) error) error {
	if n < 0 || size < 1 {
		panic(badBlocks)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	count := (n + size - 1) / size
	var next atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for range min(count, runtime.GOMAXPROCS(0)) {
		group.Go(func() error {
			body := worker()
			for {
				b := int(next.Add(1)) - 1
				if b >= count {
					return nil
				}
				if err := ctx.Err(); err != nil {
					return err
				}
				if err := body(b*size, min((b+1)*size, n)); err != nil {
					return err
				}
			}
		})
	}
	return group.Wait()
}

const badBlocks = "gpu: blocks of at least one out of at least none are needed"
