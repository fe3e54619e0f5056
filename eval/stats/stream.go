package stats

import (
	"encoding/binary"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
)

// stream is the randomness of one resample. ChaCha8 rather than PCG: keys that differ in one bit give unrelated
// streams, so that resamples may be numbered.
func stream(seed uint64, resample int) *rand.ChaCha8 {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	binary.LittleEndian.PutUint64(key[8:], uint64(resample))
	return rand.NewChaCha8(key)
}

// parallel calls work(0) … work(n−1) on all cores. Every worker gets a function, and with it scratch space, of its own.
func parallel(n int, worker func() (work func(int))) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			work := worker()
			for r := next.Add(1) - 1; r < int64(n); r = next.Add(1) - 1 {
				work(int(r))
			}
		})
	}
	wg.Wait()
}
