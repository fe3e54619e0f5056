package graph_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"llm4rec/gpu"
	"llm4rec/gpu/graph"
)

// Sizes of the networks under test: packed sequences of 3, 1 and 4 positions.
const (
	width   = 6
	classes = 7
)

var (
	starts  = []int32{0, 3, 4, 8}
	items   = []int32{1, 4, 1, 0, 6, -1, 2, 2}
	targets = []int32{2, 3, -1, 0, 6, 1, 5, 4}
)

// network has weights and what makes hidden vectors of them.
type network struct {
	weights map[string][2]int
	hidden  func(b *graph.Builder) graph.Node
}

func networks() map[string]network {
	x := func(b *graph.Builder) graph.Node { return b.Gather(b.Weight("table", classes, width), b.Ints("items")) }
	row := func(b *graph.Builder, name string, cols int) graph.Node { return b.Weight(name, 1, cols) }
	with := func(more map[string][2]int) map[string][2]int {
		out := map[string][2]int{"table": {classes, width}, "output": {classes, width}}
		for name, size := range more {
			out[name] = size
		}
		return out
	}
	attention := func(a graph.Attention) network {
		return network{with(map[string][2]int{"w": {width, 3 * width}, "b": {1, 3 * width}}), func(b *graph.Builder) graph.Node {
			qkv := b.Linear(x(b), b.Weight("w", width, 3*width), row(b, "b", 3*width))
			return b.Attend(qkv, b.Ints("starts"), a)
		}}
	}
	square := map[string][2]int{"w": {width, width}, "b": {1, width}}
	linear := func(b *graph.Builder, x graph.Node) graph.Node {
		return b.Linear(x, b.Weight("w", width, width), row(b, "b", width))
	}
	return map[string]network{
		"gather":   {with(nil), x},
		"sum":      {with(nil), func(b *graph.Builder) graph.Node { y := x(b); return b.Sum(y, b.Scale(y, .5), 2, -.7) }},
		"linear":   {with(square), func(b *graph.Builder) graph.Node { return linear(b, x(b)) }},
		"relu":     {with(square), func(b *graph.Builder) graph.Node { return b.Activate(linear(b, x(b)), gpu.ReLU) }},
		"gelu":     {with(square), func(b *graph.Builder) graph.Node { return b.Activate(linear(b, x(b)), gpu.GELU) }},
		"dropout":  {with(square), func(b *graph.Builder) graph.Node { return b.Dropout(linear(b, b.Dropout(x(b), .3)), .3) }},
		"residual": {with(square), func(b *graph.Builder) graph.Node { y := x(b); return b.Residual(y, linear(b, y), .3) }},
		"tied": {map[string][2]int{"output": {classes, width}}, func(b *graph.Builder) graph.Node {
			return b.Gather(b.Weight("output", classes, width), b.Ints("items"))
		}},
		"attention": attention(graph.Attention{Heads: 2, Causal: true, Longest: 4, Rate: .3}),
		"both ways": attention(graph.Attention{Heads: 3, Longest: 9}),
		"layer norm": {with(map[string][2]int{"gain": {1, width}, "bias": {1, width}}), func(b *graph.Builder) graph.Node {
			return b.LayerNorm(x(b), row(b, "gain", width), row(b, "bias", width), 1e-5)
		}},
		"recurrent": {with(map[string][2]int{"w": {width, 3 * width}, "b": {1, 3 * width}, "u": {width, 3 * width}, "bias": {1, 3 * width}}), func(b *graph.Builder) graph.Node {
			input := b.Linear(x(b), b.Weight("w", width, 3*width), row(b, "b", 3*width))
			return b.Recur(input, b.Weight("u", width, 3*width), row(b, "bias", 3*width), b.Ints("starts"))
		}},
		"beside": {with(map[string][2]int{"w": {width, 3 * width}, "b": {1, 3 * width}}), func(b *graph.Builder) graph.Node {
			y := x(b)
			qkv := b.Beside(b.Scale(y, .3), y, b.Weight("w", width, 3*width), row(b, "b", 3*width))
			return b.Attend(qkv, b.Ints("starts"), graph.Attention{Heads: 1, Causal: true, Longest: 4})
		}},
	}
}

// losses are the heads that end a network.
var losses = map[string]func(b *graph.Builder, h graph.Node) graph.Node{
	"softmax": func(b *graph.Builder, h graph.Node) graph.Node {
		return b.Softmax(h, b.Weight("output", classes, width), b.Ints("targets"), classes-1)
	},
	"sampled": func(b *graph.Builder, h graph.Node) graph.Node {
		return b.Sampled(h, b.Weight("output", classes, width), b.Ints("ids"), b.Constants("bias", classes, 1), gpu.Sampling{Classes: 3})
	},
	"logistic": func(b *graph.Builder, h graph.Node) graph.Node {
		return b.Sampled(h, b.Weight("output", classes, width), b.Ints("ids"), nil, gpu.Sampling{Classes: 3, Logistic: true, Beta: .4})
	},
}

// The gradient by every weight is held against central differences of the loss. The reference computes in float64 and
// rounds to float32 between operations, which limits how well they can agree.
func TestGradients(t *testing.T) {
	for name, n := range networks() {
		t.Run(name, func(t *testing.T) { check(t, n, "softmax") })
	}
	for loss := range losses {
		t.Run(loss, func(t *testing.T) { check(t, networks()["linear"], loss) })
	}
}

func check(t *testing.T, n network, loss string) {
	t.Helper()
	d := gpu.Reference()
	weights := graph.NewWeights(d)
	defer weights.Free()
	rng := rand.New(rand.NewPCG(4, uint64(len(n.weights)))) // no input of a ReLU is near its corner
	for _, name := range []string{"table", "output", "w", "b", "u", "gain", "bias"} {
		size, has := n.weights[name]
		if !has {
			continue
		}
		values := make([]float32, size[0]*size[1])
		for i := range values {
			values[i] = float32(.5 * rng.NormFloat64())
		}
		must(t, weights.Add(name, size[0], size[1], func(m gpu.Matrix) error { return d.Upload(m, values) }))
	}
	b := graph.New(true)
	p, err := b.Compile(losses[loss](b, n.hidden(b)), weights)
	must(t, err)
	defer p.Free()
	bias := gpu.OnHost(classes, 1, []float32{0, .1, -.2, .3, .1, 0, -.5})
	p.SetConstants("bias", bias)
	masked := make([]int32, len(targets))
	for i, x := range targets {
		masked[i] = x
		if x >= classes-1 {
			masked[i] = -1
		}
	}
	for name, x := range map[string][]int32{
		"items": items, "starts": starts, "targets": masked,
		"ids": {2, 1, 0, 3, 3, -1, -1, 2, 1, 0, 5, 5, 6, 1, 2, 1, 6, 0, 5, 5, 4, 4, -1, -1},
	} {
		must(t, p.SetInts(name, x))
	}
	run := func() float64 {
		must(t, p.Run(7, 3))
		x, err := p.Loss()
		must(t, err)
		return x
	}
	run()
	for _, w := range weights.All() {
		got, err := p.Gradient(w.Name)
		must(t, err)
		largest, worst := 0.0, 0.0
		for i := range got {
			difference := func(h float32) float64 {
				was := w.Value.Host[i]
				w.Value.Host[i] = was + h
				up := run()
				w.Value.Host[i] = was - h
				down := run()
				w.Value.Host[i] = was
				return (up - down) / (2 * float64(h))
			}
			want := (4*difference(1./512) - difference(1./256)) / 3 // Richardson's extrapolation
			largest, worst = max(largest, math.Abs(want)), max(worst, math.Abs(want-float64(got[i])))
		}
		if largest < 1e-3 {
			t.Errorf("%s: the gradient is nothing", w.Name)
		}
		if !(worst <= 5e-4+2e-3*largest) { // the loss itself is rounded to some 2⁻²³
			t.Errorf("%s: off by %g of %g", w.Name, worst, largest)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
