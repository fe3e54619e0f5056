// Package sequentialtest holds networks against what another implementation makes of the same weights.
package sequentialtest

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"llm4rec/gpu"
	"llm4rec/gpu/graph"
	"llm4rec/models/sequential"
)

// golden is a case of a file of golden values, as scripts of bench/peers write them in float64.
type golden struct {
	Name   string
	Config json.RawMessage // that of the network
	Sizes  sizes           `json:"-"`

	Sequences, Targets [][]int32
	IDs                []int32 // of all positions, packed
	Bias               []float32
	Weights            map[string]struct {
		Rows, Cols int
		Values     []float32
	}
	Hidden    []float64
	Loss      float64
	Gradients map[string][]float64
}

// sizes is what every configuration has.
type sizes struct {
	Items, Hidden int
	Loss          string // "" is softmax
	Beta          float64
}

// Golden checks the hidden vectors, losses and gradients of all cases of a file to 1e-4, on every device that needs no
// hardware. network makes a case's network.
func Golden(t *testing.T, path string, network func(config json.RawMessage) (sequential.Network, error)) {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	var file struct{ Cases []golden }
	must(t, json.Unmarshal(text, &file))
	if len(file.Cases) == 0 {
		t.Fatal("no cases")
	}
	for _, d := range []gpu.Device{gpu.Reference(), gpu.CPU()} {
		for _, c := range file.Cases {
			t.Run(d.Name()+" "+c.Name, func(t *testing.T) {
				must(t, json.Unmarshal(c.Config, &c.Sizes))
				n, err := network(c.Config)
				must(t, err)
				c.check(t, d, n)
			})
		}
	}
}

func (c golden) check(t *testing.T, d gpu.Device, n sequential.Network) {
	t.Helper()
	items := c.Sizes.Items
	weights := graph.NewWeights(d)
	defer weights.Free()
	for _, w := range n.Weights(items) {
		given, has := c.Weights[w.Name]
		if !has || given.Rows != w.Rows || given.Cols != w.Cols {
			t.Fatalf("%s: %d×%d here, %d×%d there", w.Name, w.Rows, w.Cols, given.Rows, given.Cols)
		}
		must(t, weights.Add(w.Name, w.Rows, w.Cols, func(m gpu.Matrix) error { return d.Upload(m, given.Values) }))
	}
	if len(weights.All()) != len(c.Weights) {
		t.Fatalf("%d weights here, %d there", len(weights.All()), len(c.Weights))
	}

	b := graph.New(false)
	hidden, err := b.Compile(n.Describe(b, items), weights)
	must(t, err)
	c.run(t, hidden)
	got := make([]float32, hidden.Result().Len)
	must(t, d.Download(got, hidden.Result()))
	near(t, "hidden", got, c.Hidden)

	b = graph.New(true)
	output := b.Weight(n.Output(), items, c.Sizes.Hidden)
	h := n.Describe(b, items)
	var loss graph.Node
	if c.Sizes.Loss == "softmax" || c.Sizes.Loss == "" {
		loss = b.Softmax(h, output, b.Ints("targets"), items)
	} else {
		var bias graph.Node
		if c.Bias != nil {
			bias = b.Constants("bias", items, 1)
		}
		loss = b.Sampled(h, output, b.Ints("ids"), bias, gpu.Sampling{
			Classes: len(c.IDs) / (len(c.Hidden) / c.Sizes.Hidden), Logistic: c.Sizes.Loss != "sampled", Beta: float32(c.Sizes.Beta),
		})
	}
	p, err := b.Compile(loss, weights)
	must(t, err)
	c.run(t, p)
	value, err := p.Loss()
	must(t, err)
	near(t, "loss", []float32{float32(value)}, []float64{c.Loss})
	if len(c.Gradients) != len(c.Weights) {
		t.Errorf("%d gradients of %d weights", len(c.Gradients), len(c.Weights))
	}
	for name, want := range c.Gradients {
		got, err := p.Gradient(name)
		must(t, err)
		near(t, "gradient of "+name, got, want)
	}
	must(t, p.Free())
	must(t, hidden.Free())
}

// run sets all inputs and runs; positions count from the newest.
func (c golden) run(t *testing.T, p *graph.Program) {
	t.Helper()
	var items, positions, targets []int32
	starts := []int32{0}
	for s, sequence := range c.Sequences {
		items, targets = append(items, sequence...), append(targets, c.Targets[s]...)
		for n := range sequence {
			positions = append(positions, int32(len(sequence)-1-n))
		}
		starts = append(starts, int32(len(items)))
	}
	for name, x := range map[string][]int32{
		sequential.Items: items, sequential.Positions: positions, sequential.Starts: starts, "targets": targets, "ids": c.IDs,
	} {
		must(t, p.SetInts(name, x))
	}
	if c.Bias != nil {
		p.SetConstants("bias", gpu.OnHost(len(c.Bias), 1, c.Bias))
	}
	must(t, p.Run(0, 0))
}

func near(t *testing.T, what string, got []float32, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", what, len(got), len(want))
	}
	size := 0.0
	for _, x := range want {
		size = max(size, math.Abs(x))
	}
	for i, x := range want {
		if d := math.Abs(float64(got[i]) - x); !(d <= 1e-4*size) {
			t.Errorf("%s, element %d: got %g, want %g", what, i, got[i], x)
			return
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal("unexpected:", err)
	}
}
