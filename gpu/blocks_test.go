package gpu

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestBlocks(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, workers := range []int{1, 3} {
		runtime.GOMAXPROCS(workers)
		for _, n := range []int{0, 1, 7, 8, 9, 100} {
			seen := make([]int32, n)
			err := Blocks(t.Context(), n, 8, func() func(lo, hi int) error {
				return func(lo, hi int) error {
					for i := lo; i < hi; i++ {
						atomic.AddInt32(&seen[i], 1)
					}
					return nil
				}
			})
			for i, count := range seen {
				if err != nil || count != 1 {
					t.Fatalf("n=%d: %d visited %d times, %v", n, i, count, err)
				}
			}
		}
	}
	want := errors.New("body")
	if err := Blocks(t.Context(), 9, 2, func() func(int, int) error { return func(int, int) error { return want } }); !errors.Is(err, want) {
		t.Errorf("got %v, want the body's error", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := Blocks(ctx, 9, 2, func() func(int, int) error { return func(int, int) error { t.Error("called"); return nil } })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

// A panic of any thread is the caller's, which comes back only when all have left.
func TestBlocksPanic(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	for bad := range 8 {
		var inside atomic.Int32
		func() {
			defer func() {
				if p := recover(); p != "bad" || inside.Load() != 0 {
					t.Errorf("block %d: recovered %v with %d inside", bad, p, inside.Load())
				}
			}()
			_ = Blocks(t.Context(), 8, 1, func() func(lo, hi int) error {
				return func(n, _ int) error {
					inside.Add(1)
					defer inside.Add(-1)
					time.Sleep(time.Millisecond)
					if n == bad {
						panic("bad")
					}
					return nil
				}
			})
		}()
	}
}

// Blocks may be called by a body, and by many at once.
func TestBlocksWithinBlocks(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(3))
	var group sync.WaitGroup
	var visited atomic.Int64
	for range 5 {
		group.Go(func() {
			err := Blocks(t.Context(), 20, 1, func() func(lo, hi int) error {
				return func(int, int) error {
					return Blocks(t.Context(), 30, 4, func() func(lo, hi int) error {
						return func(lo, hi int) error {
							visited.Add(int64(hi - lo))
							return nil
						}
					})
				}
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if visited.Load() != 5*20*30 {
		t.Errorf("%d visited, want %d", visited.Load(), 5*20*30)
	}
}

// As many threads as GOMAXPROCS work at once.
func TestBlocksUsesAllWorkers(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	meet := make(chan struct{}, 4)
	err := Blocks(t.Context(), 4, 1, func() func(lo, hi int) error {
		return func(int, int) error {
			for meet <- struct{}{}; len(meet) < 4; { // nobody leaves before all are there
				runtime.Gosched()
			}
			return nil
		}
	})
	if err != nil {
		t.Error(err)
	}
}
