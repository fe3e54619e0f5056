package graph

import (
	"cmp"
	"fmt"

	"llm4rec/gpu"
)

// Weights are the named matrices that a network learns, on a device, with what the optimiser keeps of each.
type Weights struct {
	Device gpu.Device
	list   []*Weight
	steps  int
}

// Weight is one of them. Its moments are the zero Matrix until it is learned.
type Weight struct {
	Name          string
	Value         gpu.Matrix
	first, second gpu.Matrix // moments
	gradient      gpu.Matrix
}

// NewWeights returns none yet.
func NewWeights(d gpu.Device) *Weights { return &Weights{Device: d} }

// Add makes a weight and fills it.
func (w *Weights) Add(name string, rows, cols int, fill func(m gpu.Matrix) error) error {
	if w.find(name) != nil {
		panic("graph: two weights are called " + name)
	}
	m, err := w.Device.Alloc(rows, cols)
	if err != nil {
		return fmt.Errorf("graph: %s: %w", name, err)
	}
	w.list = append(w.list, &Weight{Name: name, Value: m})
	return fill(m)
}

func (w *Weights) find(name string) *Weight {
	for _, x := range w.list {
		if x.Name == name {
			return x
		}
	}
	return nil
}

// All are the weights, in the order in which they were added.
func (w *Weights) All() []*Weight { return w.list }

// learn takes memory for what the optimiser needs.
func (w *Weights) learn(x *Weight) (err error) {
	for _, m := range []*gpu.Matrix{&x.first, &x.second, &x.gradient} {
		if m.Len == x.Value.Len {
			continue
		}
		if *m, err = w.Device.Alloc(x.Value.Rows, x.Value.Cols); err != nil {
			return fmt.Errorf("graph: %s: %w", x.Name, err)
		}
		if err := w.Device.Fill(*m, 0); err != nil {
			return err
		}
	}
	return nil
}

// Values brings the values to the host, in order.
func (w *Weights) Values() ([][]float32, error) {
	return w.download(func(x *Weight) []gpu.Matrix { return []gpu.Matrix{x.Value} })
}

// State is all that training goes on from: values and moments of every weight. The number of steps is [Weights.Steps].
func (w *Weights) State() ([][]float32, error) {
	return w.download(func(x *Weight) []gpu.Matrix { return []gpu.Matrix{x.Value, x.first, x.second} })
}

func (w *Weights) download(of func(x *Weight) []gpu.Matrix) (out [][]float32, err error) {
	for _, x := range w.list {
		for _, m := range of(x) {
			host := make([]float32, m.Len)
			err = cmp.Or(err, w.Device.Download(host, m))
			out = append(out, host)
		}
	}
	return out, err
}

// Steps is how often the weights were updated.
func (w *Weights) Steps() int { return w.steps }

// Restore takes up what State returned after that many steps.
func (w *Weights) Restore(state [][]float32, steps int) error {
	w.steps = steps
	for n, x := range w.list {
		if err := w.learn(x); err != nil {
			return err
		}
		for k, m := range []gpu.Matrix{x.Value, x.first, x.second} {
			if err := w.Device.Upload(m, state[3*n+k]); err != nil {
				return err
			}
		}
	}
	return nil
}

// Free gives the memory back.
func (w *Weights) Free() {
	for _, x := range w.list {
		w.Device.Free(x.Value, x.first, x.second, x.gradient)
	}
	w.list = nil
}

// Adam is an optimiser's step: [gpu.Adam] without what follows from the number of steps.
type Adam struct {
	Rate, Beta1, Beta2, Epsilon, Decay float64
	// Clip is the largest length of all gradients together; what is longer is scaled down to it (Pascanu, Mikolov & Bengio
	// 2013). 0 clips nothing. It needs the length, and so waits for the device.
	Clip float64
}
