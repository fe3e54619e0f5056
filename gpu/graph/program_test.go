package graph_test

import (
	"slices"
	"strings"
	"testing"

	"llm4rec/gpu"
	"llm4rec/gpu/graph"
)

// small has a table of the given weights and a loss over it, ready to run.
func small(t *testing.T, d gpu.Device) (*graph.Weights, *graph.Program) {
	t.Helper()
	weights := graph.NewWeights(d)
	must(t, weights.Add("table", classes, width, func(m gpu.Matrix) error { return d.Normal(m, 1, gpu.Key{Seed: 3}) }))
	b := graph.New(true)
	table := b.Weight("table", classes, width)
	p, err := b.Compile(b.Softmax(b.Dropout(b.Gather(table, b.Ints("items")), .5), table, b.Ints("targets"), classes), weights)
	must(t, err)
	set(t, p, len(items))
	return weights, p
}

func set(t *testing.T, p *graph.Program, n int) {
	t.Helper()
	must(t, p.SetInts("items", items[:n]))
	must(t, p.SetInts("targets", targets[:n]))
	must(t, p.SetInts("unused", targets))
}

// After the first steps, no step takes memory; at the end all is given back.
func TestMemory(t *testing.T) {
	d := gpu.CPU()
	before := d.InUse()
	weights, p := small(t, d)
	must(t, p.Run(1, 1))
	taken := d.InUse()
	for step := range 5 {
		set(t, p, len(items)-step)
		must(t, p.Run(1, step))
		must(t, p.Update(graph.Adam{Rate: .1, Beta1: .9, Beta2: .99, Epsilon: 1e-8, Clip: 1}))
	}
	if more := d.InUse() - taken; more != 4 { // the 1 of the gradient's length
		t.Errorf("steps took %d bytes", more)
	}
	must(t, p.Free())
	weights.Free()
	if after := d.InUse(); after != before {
		t.Errorf("%d bytes in use at the end, %d before", after, before)
	}
}

// A step draws other elements than the one before, and the same again where it is repeated.
func TestDraws(t *testing.T) {
	weights, p := small(t, gpu.CPU())
	defer weights.Free()
	gradient := func(step int) []float32 {
		must(t, p.Run(9, step))
		g, err := p.Gradient("table")
		must(t, err)
		return g
	}
	one, two, again := gradient(1), gradient(2), gradient(1)
	if slices.Equal(one, two) || !slices.Equal(one, again) {
		t.Error("what is dropped does not follow from the step")
	}
	must(t, p.Free())
}

func TestErrors(t *testing.T) {
	weights := graph.NewWeights(gpu.CPU())
	defer weights.Free()
	for _, name := range []string{"table", "other"} {
		must(t, weights.Add(name, classes, width, func(m gpu.Matrix) error { return gpu.CPU().Fill(m, 0) }))
	}
	for want, describe := range map[string]func(b *graph.Builder) graph.Node{
		"the network does not use the weight other": func(b *graph.Builder) graph.Node {
			table := b.Weight("table", classes, width)
			return b.Softmax(b.Gather(table, b.Ints("items")), table, b.Ints("targets"), classes)
		},
		"table: 7×5, and elsewhere (7, 6)": func(b *graph.Builder) graph.Node {
			b.Weight("table", classes, width)
			return b.Gather(b.Weight("table", classes, width-1), b.Ints("items"))
		},
		"an operand of linear is missing": func(b *graph.Builder) graph.Node {
			return b.Linear(b.Weight("table", classes, width), nil, nil)
		},
	} {
		b := graph.New(true)
		if _, err := b.Compile(describe(b), weights); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
