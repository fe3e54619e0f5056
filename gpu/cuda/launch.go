//go:build nvidia

package cuda

import (
	"embed"
	"fmt"
	"io/fs"
	"math"
	"unsafe"

	"gorgonia.org/cu"
)

// The kernels in PTX, which the driver compiles for its GPU. The names end in .ptx; see 'make ptx'.
//
//go:embed kernels/*.ptx
var kernels embed.FS

func (d *device) loadKernels() error {
	files, err := fs.Glob(kernels, "kernels/*.ptx")
	if err != nil {
		return err
	}
	for _, name := range files {
		text, err := kernels.ReadFile(name)
		if err != nil {
			return err
		}
		m, err := cu.LoadData(string(text))
		if err != nil {
			return fmt.Errorf("%s: %w (the kernels need compute capability 7.0 and a driver of CUDA 11.8 or later)", name, err)
		}
		d.modules = append(d.modules, m)
	}
	return nil
}

// function finds a kernel in the modules.
func (d *device) function(name string) (cu.Function, error) {
	if f, ok := d.functions[name]; ok {
		return f, nil
	}
	var err error
	for _, m := range d.modules {
		var f cu.Function
		if f, err = m.Function(name); err == nil {
			d.functions[name] = f
			return f, nil
		}
	}
	return cu.Function{}, fmt.Errorf("kernel %s: %w", name, err)
}

// grid is how many blocks of how many threads run a kernel.
type grid struct{ x, y, threads int }

const threads = 256

// each is a grid for kernels whose threads go through n elements with the stride of the grid.
func each(n int) grid { return grid{min((n+threads-1)/threads, 1<<16), 1, threads} }

// blocks is a grid of n blocks.
func blocks(n, threads int) grid { return grid{n, 1, threads} }

// launch runs a kernel. Every parameter takes 8 bytes: an int, a uint64, a float64 or an address. An empty grid is nothing
// to do.
func (d *device) launch(name string, g grid, parameters ...any) error {
	if g.x == 0 || g.y == 0 {
		return nil
	}
	f, err := d.function(name)
	if err != nil {
		return err
	}
	words, pointers := make([]uint64, len(parameters)), make([]unsafe.Pointer, len(parameters))
	for n, p := range parameters {
		switch p := p.(type) {
		case int:
			words[n] = uint64(p)
		case uint64:
			words[n] = p
		case float64:
			words[n] = math.Float64bits(p)
		case uintptr:
			words[n] = uint64(p)
		default:
			panic(fmt.Sprintf("cuda: parameter %d of %s is a %T", n, name, p))
		}
		pointers[n] = unsafe.Pointer(&words[n])
	}
	if err := f.Launch(g.x, g.y, 1, g.threads, 1, 1, 0, d.stream, pointers); err != nil {
		return fmt.Errorf("kernel %s: %w", name, err)
	}
	return nil
}

// with takes memory for as long as f asks for work on it.
func (d *device) with(bytes []int, f func(at []uintptr) error) error {
	at := make([]uintptr, 0, len(bytes))
	defer func() {
		for _, a := range at {
			d.give(a)
		}
	}()
	for _, n := range bytes {
		a, err := d.take(int64(n))
		if err != nil {
			return err
		}
		at = append(at, a)
	}
	return f(at)
}
