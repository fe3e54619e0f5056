package sasrec

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"

	"llm4rec/gpu"
	"llm4rec/gpu/graph"
	"llm4rec/models/sequential"
)

// golden is testdata/pytorch.json: what an independent model in PyTorch, in float64, makes of the same weights.
type golden struct {
	Cases []goldenCase `json:"cases"`
}

type goldenCase struct {
	Name   string `json:"name"`
	Config struct {
		Items      int     `json:"items"`
		Hidden     int     `json:"hidden"`
		Heads      int     `json:"heads"`
		Blocks     int     `json:"blocks"`
		Inner      int     `json:"inner"`
		MaxLength  int     `json:"max_length"`
		Norm       string  `json:"norm"`
		Activation string  `json:"activation"`
		Epsilon    float64 `json:"epsilon"`
		Tied       bool    `json:"tied"`
		Causal     bool    `json:"causal"`
		Loss       string  `json:"loss"`
		Beta       float64 `json:"beta"`
	} `json:"config"`
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

// config is the case's in our terms; the weights that begin differ anyway.
func (c goldenCase) config() Config {
	d := Default()
	d.Blocks, d.Heads, d.Hidden, d.Inner = c.Config.Blocks, c.Config.Heads, c.Config.Hidden, c.Config.Inner
	d.MaxLength, d.Norm, d.Activation, d.Epsilon = c.Config.MaxLength, c.Config.Norm, c.Config.Activation, c.Config.Epsilon
	d.Tied, d.Dropout, d.Scale = c.Config.Tied, 0, c.Config.Norm == "kang"
	if !c.Config.Causal {
		d.Masked = .5
	}
	return d
}

func TestPyTorch(t *testing.T) {
	text, err := os.ReadFile("testdata/pytorch.json")
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatal(err)
	}
	if len(g.Cases) == 0 {
		t.Fatal("no cases")
	}
	for _, d := range []gpu.Device{gpu.Reference(), gpu.CPU()} {
		for _, c := range g.Cases {
			t.Run(d.Name()+" "+c.Name, func(t *testing.T) { c.check(t, d) })
		}
	}
}

func (c goldenCase) check(t *testing.T, d gpu.Device) {
	t.Helper()
	weights := graph.NewWeights(d)
	defer weights.Free()
	n := network{c.config()}
	for _, w := range n.Weights(c.Config.Items) {
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
	hidden, err := b.Compile(n.Describe(b, c.Config.Items), weights)
	must(t, err)
	c.run(t, hidden)
	got := make([]float32, hidden.Result().Len)
	must(t, d.Download(got, hidden.Result()))
	near(t, "hidden", got, c.Hidden)

	b = graph.New(true)
	output := b.Weight(n.Output(), c.Config.Items, c.Config.Hidden)
	h := n.Describe(b, c.Config.Items)
	var loss graph.Node
	if c.Config.Loss == "softmax" {
		loss = b.Softmax(h, output, b.Ints("targets"), c.Config.Items)
	} else {
		var bias graph.Node
		if c.Bias != nil {
			bias = b.Constants("bias", c.Config.Items, 1)
		}
		loss = b.Sampled(h, output, b.Ints("ids"), bias, gpu.Sampling{
			Classes: len(c.IDs) / (len(c.Hidden) / c.Config.Hidden), Logistic: c.Config.Loss != "sampled", Beta: float32(c.Config.Beta),
		})
	}
	p, err := b.Compile(loss, weights)
	must(t, err)
	c.run(t, p)
	value, err := p.Loss()
	must(t, err)
	near(t, "loss", []float32{float32(value)}, []float64{c.Loss})
	for name, want := range c.Gradients {
		got, err := p.Gradient(name)
		must(t, err)
		near(t, "gradient of "+name, got, want)
	}
	must(t, p.Free())
	must(t, hidden.Free())
}

// run sets all inputs and runs; positions count from the newest.
func (c goldenCase) run(t *testing.T, p *graph.Program) {
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
		t.Fatal(fmt.Errorf("unexpected: %w", err))
	}
}
