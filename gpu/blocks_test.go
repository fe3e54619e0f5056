package gpu

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
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
