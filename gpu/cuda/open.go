//go:build nvidia

package cuda

import (
	"errors"
	"fmt"
	"runtime"
	"sync"

	"gorgonia.org/cu"

	"llm4rec/gpu"
	"llm4rec/gpu/cuda/driver"
	"llm4rec/gpu/cuda/nvml"
)

// device is a GPU. CUDA's contexts belong to threads of the operating system: one goroutine, which keeps its thread, makes
// all calls, and they are asked of it by [device.do]. The work itself goes to one stream, and is done in the order of the
// calls.
type device struct {
	number  int
	about   string
	calls   chan func()
	closed  chan struct{}
	closing sync.Once
	board   func() (nvml.Board, error) // what counts its energy

	// What follows belongs to the goroutine.
	gpu       cu.Device
	retained  bool // its context
	stream    cu.Stream
	modules   []cu.Module
	functions map[string]cu.Function
	blas      blas
	pool      pool
	flag      uintptr // an int32: the lowest number of a matrix without a decomposition

	memory accounts
}

// Open opens GPU number n of those that the driver counts. The error wraps [gpu.ErrNoDevice] where there is none that can be
// used.
func Open(n int) (gpu.Device, error) {
	if err := driver.Init(); err != nil {
		return nil, fmt.Errorf("cuda: %w: %w", gpu.ErrNoDevice, err)
	}
	count, err := cu.NumDevices()
	if err != nil {
		return nil, fmt.Errorf("cuda: %w: %w", gpu.ErrNoDevice, err)
	}
	if n < 0 || n >= count {
		return nil, fmt.Errorf("cuda: %w: number %d of %d (they are counted from 0)", gpu.ErrNoDevice, n, count)
	}
	d := &device{number: n, calls: make(chan func()), closed: make(chan struct{}), functions: map[string]cu.Function{}, memory: accounts{live: map[uintptr]int64{}}}
	d.board = sync.OnceValues(d.findBoard)
	go d.serve()
	if err := d.do(d.start); err != nil {
		_ = d.do(d.release) // of what was taken; why it was not all is said
		d.stop()
		return nil, fmt.Errorf("cuda: %w: %w", gpu.ErrNoDevice, err)
	}
	return d, nil
}

// serve makes the calls.
func (d *device) serve() {
	runtime.LockOSThread() // and never back: the thread ends with the goroutine
	for {
		select {
		case call := <-d.calls:
			call()
		case <-d.closed:
			return
		}
	}
}

// do makes a call on the device's thread, and says of an error whose it is.
func (d *device) do(f func() error) error {
	done := make(chan error, 1)
	select {
	case d.calls <- func() { done <- f() }:
		err := <-done
		var full *gpu.OutOfMemory
		if err == nil || errors.As(err, &full) { // which names the device
			return err
		}
		return fmt.Errorf("%s: %w", d.Name(), err)
	case <-d.closed:
		return fmt.Errorf("%s: it is closed", d.Name())
	}
}

// stop ends the goroutine.
func (d *device) stop() { d.closing.Do(func() { close(d.closed) }) }

// start takes the GPU's context, loads the kernels and cuBLAS.
func (d *device) start() (err error) {
	if d.gpu, err = cu.GetDevice(d.number); err != nil {
		return err
	}
	context, err := d.gpu.RetainPrimaryCtx()
	if err != nil {
		return fmt.Errorf("context: %w", err)
	}
	d.retained = true
	if err := cu.SetCurrentContext(context); err != nil {
		return fmt.Errorf("context: %w", err)
	}
	if d.stream, err = cu.MakeStream(cu.NonBlocking); err != nil {
		return fmt.Errorf("stream: %w", err)
	}
	if err := d.loadKernels(); err != nil {
		return err
	}
	if d.blas, err = openBLAS(d.stream); err != nil {
		return err
	}
	if d.flag, err = d.take(4); err != nil {
		return err
	}
	d.about, err = d.describe()
	return err
}

func (d *device) describe() (string, error) {
	name, err := d.gpu.Name()
	if err != nil {
		return "", err
	}
	total, err := d.gpu.TotalMem()
	if err != nil {
		return "", err
	}
	major, err := d.gpu.Attribute(cu.ComputeCapabilityMajor)
	if err != nil {
		return "", err
	}
	minor, err := d.gpu.Attribute(cu.ComputeCapabilityMinor)
	if err != nil {
		return "", err
	}
	version := cu.Version()
	return fmt.Sprintf("%s, %.1f GiB, compute capability %d.%d, CUDA driver %d.%d, %s", name, float64(total)/(1<<30), major, minor,
		version/1000, version%1000/10, d.blas), nil
}

func (d *device) Name() string  { return fmt.Sprintf("cuda:%d", d.number) }
func (d *device) Kind() string  { return "cuda" }
func (d *device) About() string { return d.about }

// Sync waits for the stream. A kernel that failed is an error of whatever waits for it first, and of all that follows: the
// context is lost with it.
func (d *device) Sync() error { return d.do(d.stream.Synchronize) }

// Close may be called again.
func (d *device) Close() error {
	select {
	case <-d.closed:
		return nil
	default:
	}
	err := d.do(d.release)
	d.stop()
	return err
}

// release gives back what start took, as far as it came.
func (d *device) release() error {
	var first error
	keep := func(err error) {
		if first == nil {
			first = err
		}
	}
	if d.stream != (cu.Stream{}) {
		keep(d.stream.Synchronize())
	}
	d.blas.close()
	d.give(d.flag)
	keep(d.pool.empty())
	for _, m := range d.modules {
		keep(m.Unload())
	}
	if d.stream != (cu.Stream{}) {
		keep(d.stream.Destroy())
	}
	if d.retained {
		keep(d.gpu.ReleasePrimaryCtx())
	}
	return first
}
