package graph

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"time"

	"llm4rec/gpu"
)

// Program is a compiled network: calls to a device in a fixed order. It must not be run by two goroutines at once; several
// programs may share weights that none of them updates.
type Program struct {
	// Observe, where it is set, is told how long every call took. It waits for the device after each.
	Observe func(kernel string, took time.Duration)

	device    gpu.Device
	weights   *Weights
	learned   []*Weight
	code      []*instruction
	buffers   []gpu.Matrix
	ints      map[string]*ints
	constants map[string]gpu.Matrix
	root      slot
	actual    [][2]int   // rows and columns of what is in a buffer
	ones      gpu.Matrix // weights of the rows of a matrix of one row, for the length of gradients
}

// ints is an input on the device, and how much of it is in use.
type ints struct {
	memory gpu.Ints
	used   int
}

// SetInts sets an input.
func (p *Program) SetInts(name string, values []int32) error {
	x := p.ints[name]
	if x == nil {
		return nil // the network does not use it
	}
	if x.memory.Len < len(values) {
		p.device.Free(x.memory)
		x.memory = gpu.Ints{}
		m, err := p.device.AllocInts(len(values) + len(values)/8)
		if err != nil {
			return fmt.Errorf("graph: %s: %w", name, err)
		}
		x.memory = m
	}
	x.used = len(values)
	return p.device.UploadInts(x.memory.Head(x.used), values)
}

// SetConstants sets an input of numbers. The matrix stays the caller's.
func (p *Program) SetConstants(name string, m gpu.Matrix) { p.constants[name] = m }

// Run computes the network for the inputs that are set. seed and step say what dropout draws.
func (p *Program) Run(seed uint64, step int) error {
	if p.actual == nil {
		p.actual = make([][2]int, len(p.buffers))
	}
	key := func(number int) gpu.Key { return gpu.Key{Seed: seed, Stream: uint64(step)<<20 | uint64(number)} }
	for _, i := range p.code {
		if err := p.call(i, key); err != nil {
			return fmt.Errorf("graph: %s: %w", i.kernel.name(), err)
		}
	}
	return nil
}

// call finds the operands and outputs of an instruction, and runs it.
func (p *Program) call(i *instruction, key func(number int) gpu.Key) error {
	c := &i.call
	c.device, c.key, c.in, c.out, i.sizes = p.device, key, c.in[:0], c.out[:0], i.sizes[:0]
	for _, s := range i.in {
		x, size := p.operand(s)
		c.in, i.sizes = append(c.in, x), append(i.sizes, size)
	}
	for n, s := range i.out {
		m, err := p.output(s, i.shape(n, i.sizes))
		if err != nil {
			return err
		}
		c.out = append(c.out, m)
	}
	return p.observed(i.kernel.name(), func() error { return i.run(c) })
}

func (p *Program) observed(kernel string, run func() error) error {
	if p.Observe == nil {
		return run()
	}
	begin := time.Now()
	err := cmp.Or(run(), p.device.Sync())
	p.Observe(kernel, time.Since(begin))
	return err
}

func (p *Program) operand(s slot) (operand, shape) {
	switch {
	case s.weight != nil:
		m := s.weight.Value
		if s.grad {
			m = s.weight.gradient
		}
		return operand{Matrix: m}, shape{rows: m.Rows, cols: m.Cols}
	case s.buffer >= 0:
		size := p.actual[s.buffer]
		return operand{Matrix: p.buffers[s.buffer].As(size[0], size[1])}, shape{rows: size[0], cols: size[1]}
	default:
		if x := p.ints[s.input]; x != nil {
			return operand{ints: x.memory.Head(x.used)}, shape{rows: x.used}
		}
		m, set := p.constants[s.input]
		if !set {
			panic("graph: the input " + s.input + " is not set")
		}
		return operand{Matrix: m}, shape{rows: m.Rows, cols: m.Cols}
	}
}

// output is where a result goes. A buffer that is too small is replaced by a larger one; after some steps none is.
func (p *Program) output(s slot, to shape) (gpu.Matrix, error) {
	switch {
	case s.buffer == none:
		return gpu.Matrix{}, nil
	case s.weight != nil:
		return s.weight.gradient, nil
	}
	if need := to.rows * to.cols; p.buffers[s.buffer].Len < need {
		p.device.Free(p.buffers[s.buffer])
		p.buffers[s.buffer] = gpu.Matrix{}
		m, err := p.device.Alloc(1, need+need/8)
		if err != nil {
			return gpu.Matrix{}, err
		}
		p.buffers[s.buffer] = m
	}
	p.actual[s.buffer] = [2]int{to.rows, to.cols}
	return p.buffers[s.buffer].As(to.rows, to.cols), nil
}

// Result is the value of the network after Run. It is overwritten by the next.
func (p *Program) Result() gpu.Matrix {
	x, _ := p.operand(p.root)
	return x.Matrix
}

// Loss waits for the result, a loss.
func (p *Program) Loss() (float64, error) {
	var x [1]float32
	err := p.device.Download(x[:], p.Result())
	return float64(x[0]), err
}

// ErrNotFinite says that a training has diverged.
var ErrNotFinite = errors.New("the gradient is not finite: lower the learning rate")

// Update makes a step of the optimiser with the gradients of the last Run.
func (p *Program) Update(a Adam) error {
	clip := 1.0
	if a.Clip > 0 {
		norm, err := p.norm()
		if err != nil {
			return err
		}
		if math.IsNaN(norm) || math.IsInf(norm, 0) {
			return fmt.Errorf("graph: %w", ErrNotFinite)
		}
		clip = min(1, a.Clip/norm)
	}
	p.weights.steps++
	t := float64(p.weights.steps)
	step := gpu.Adam{
		Rate: float32(a.Rate), Beta1: float32(a.Beta1), Beta2: float32(a.Beta2), Epsilon: float32(a.Epsilon), Decay: float32(a.Decay),
		Clip: float32(clip), Unbias1: float32(1 - math.Pow(a.Beta1, t)), Unbias2: float32(1 - math.Pow(a.Beta2, t)),
	}
	for _, w := range p.learned {
		err := p.observed("adam", func() error { return p.device.Adam(w.Value, w.gradient, w.first, w.second, step) })
		if err != nil {
			return fmt.Errorf("graph: %s: %w", w.Name, err)
		}
	}
	return nil
}

// norm is the length of all gradients together.
func (p *Program) norm() (float64, error) {
	if p.ones.Len == 0 {
		m, err := p.device.Alloc(1, 1)
		if err != nil {
			return 0, err
		}
		p.ones = m
		if err := p.device.Fill(m, 1); err != nil {
			return 0, err
		}
	}
	total := 0.0
	for _, w := range p.learned {
		square, err := p.device.SquaredNorm(w.gradient.As(1, w.gradient.Len), p.ones)
		if err != nil {
			return 0, err
		}
		total += square
	}
	return math.Sqrt(total), nil
}

// Gradient brings the gradient of a weight to the host: for tests.
func (p *Program) Gradient(name string) ([]float32, error) {
	for _, w := range p.learned {
		if w.Name == name {
			out := make([]float32, w.gradient.Len)
			return out, p.device.Download(out, w.gradient)
		}
	}
	return nil, errors.New("graph: there is no gradient of " + name)
}

// Free gives the program's memory back; the weights stay.
func (p *Program) Free() error {
	err := p.device.Sync()
	for _, b := range p.buffers {
		p.device.Free(b)
	}
	for _, x := range p.ints {
		p.device.Free(x.memory)
	}
	p.device.Free(p.ones)
	*p = Program{}
	return err
}
