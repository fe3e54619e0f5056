// Package gpu is what models compute on: today the CPU, with its BLAS.
//
// Results that must not depend on the machine are not taken from the BLAS alone: its kernels differ between types of
// CPU in the last bits. See package dense for how ranks are made independent of them.
package gpu

import (
	"errors"
	"fmt"
	"sync"

	"gonum.org/v1/gonum/blas/blas32"
	"gonum.org/v1/gonum/blas/blas64"
)

// ErrNoCUDA is wrapped by the error of [Open] where a CUDA device was asked for and cannot be had.
var ErrNoCUDA = errors.New("cuda is not built into this program")

// Device is a place to compute. It is safe for concurrent use.
type Device struct{ blas string }

// Open returns the device of that name: "cpu", or "auto" for the best there is. A device that is asked for by name and
// cannot be had is an error, never replaced.
func Open(name string) (*Device, error) {
	switch name {
	case "auto", "cpu":
		return CPU(), nil
	case "cuda":
		return nil, fmt.Errorf("gpu: device %q: %w", name, ErrNoCUDA)
	}
	return nil, fmt.Errorf("gpu: unknown device %q (known: auto, cpu, cuda)", name)
}

// CPU returns the CPU. The first call makes its BLAS the one behind gonum's blas32, blas64, lapack64 and mat, with one
// thread a call: parallelism comes from goroutines over blocks of fixed size ([Blocks]), so that a result does not
// depend on their number. Call it before anything uses those packages.
func CPU() *Device { return openCPU() }

var openCPU = sync.OnceValue(func() *Device {
	b32, b64, description := cpuBLAS()
	blas32.Use(b32)
	blas64.Use(b64)
	return &Device{description}
})

// Name is the name that [Open] takes.
func (d *Device) Name() string { return "cpu" }

// Kind is the kind of machine: "cpu".
func (d *Device) Kind() string { return "cpu" }

// BLAS describes the library behind the device's matrix products.
func (d *Device) BLAS() string { return d.blas }
