package data

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// Gram computes XᵀX of the matrix taken as binary, X = (value ≠ 0), one row at a time: counts[j] is the number of rows of
// X that hold both column i and column j, and counts[i] that of column i alone. f is called once for every column i, from
// several goroutines at once and in no particular order; it must not keep counts.
//
// The cost is Σ over rows of (entries)²; the memory one row of counts a core.
func (m *Matrix) Gram(ctx context.Context, f func(i int32, counts []int32)) error {
	t := m.Transpose()
	var next atomic.Int32
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), max(1, m.Cols)) {
		wg.Go(func() {
			counts := make([]int32, m.Cols)
			for i := next.Add(1) - 1; int(i) < m.Cols && ctx.Err() == nil; i = next.Add(1) - 1 {
				clear(counts)
				rows, _ := t.Row(i)
				for _, r := range rows {
					columns, _ := m.Row(r)
					for _, j := range columns {
						counts[j]++
					}
				}
				f(i, counts)
			}
		})
	}
	wg.Wait()
	return ctx.Err()
}
