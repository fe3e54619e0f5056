//go:build nvidia

package cuda

import (
	"errors"

	"gorgonia.org/cu"

	"llm4rec/gpu"
)

// pool keeps memory that was given back, by its size, for cuMemAlloc and cuMemFree wait for the whole device. What is given
// back may be taken at once: whoever had it asked for its work on the stream before.
type pool struct {
	sizes map[uintptr]int64 // of all that is out
	idle  map[int64][]uintptr
}

// Sizes are rounded up so that later ones fit: to 512 bytes, large ones to 2 MiB.
const (
	smallUnit = 512
	largeUnit = 2 << 20
)

func rounded(bytes int64) int64 {
	unit := int64(smallUnit)
	if bytes > largeUnit {
		unit = largeUnit
	}
	return (bytes + unit - 1) / unit * unit
}

// take returns memory of at least that many bytes, 0 for none.
func (d *device) take(bytes int64) (uintptr, error) {
	if bytes == 0 {
		return 0, nil
	}
	p, size := &d.pool, rounded(bytes)
	if p.sizes == nil {
		p.sizes, p.idle = map[uintptr]int64{}, map[int64][]uintptr{}
	}
	if idle := p.idle[size]; len(idle) > 0 {
		at := idle[len(idle)-1]
		p.idle[size] = idle[:len(idle)-1]
		p.sizes[at] = size
		return at, nil
	}
	at, err := cu.MemAlloc(size)
	if errors.Is(err, cu.OutOfMemory) {
		if err := p.empty(); err != nil {
			return 0, err
		}
		at, err = cu.MemAlloc(size)
	}
	if errors.Is(err, cu.OutOfMemory) {
		free, total, err := cu.MemInfo()
		if err != nil {
			return 0, err
		}
		return 0, &gpu.OutOfMemory{Device: d.Name(), Asked: bytes, Free: free, Total: total}
	}
	if err != nil {
		return 0, err
	}
	p.sizes[uintptr(at)] = size
	return uintptr(at), nil
}

// give takes memory back; 0 is none.
func (d *device) give(at uintptr) {
	if at == 0 {
		return
	}
	p := &d.pool
	size, out := p.sizes[at]
	if !out {
		panic(badFree)
	}
	delete(p.sizes, at)
	p.idle[size] = append(p.idle[size], at)
}

// empty gives all that is idle back to the driver.
func (p *pool) empty() error {
	var errs []error
	for size, idle := range p.idle {
		for _, at := range idle {
			errs = append(errs, cu.MemFree(cu.DevicePtr(at)))
		}
		delete(p.idle, size)
	}
	return errors.Join(errs...)
}

const badFree = "cuda: what is freed was not allocated here"
