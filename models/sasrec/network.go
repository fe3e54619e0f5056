package sasrec

import (
	"fmt"
	"math"

	"llm4rec/gpu"
	"llm4rec/gpu/graph"
	"llm4rec/models/sequential"
)

// network is the encoder.
type network struct{ Config }

func (n network) Output() string {
	if n.Tied {
		return "item"
	}
	return "output"
}

func (n network) Weights(items int) []sequential.Weight {
	d, inner := n.Hidden, n.inner()
	var out []sequential.Weight
	table := func(name string, rows int) {
		out = append(out, sequential.Weight{Name: name, Rows: rows, Cols: d, SD: n.sd(d)})
	}
	norm := func(name string) {
		out = append(out, sequential.Weight{Name: name + ".gain", Rows: 1, Cols: d, Mean: 1}, sequential.Weight{Name: name + ".bias", Rows: 1, Cols: d})
	}
	layer := func(name string, rows, cols int) {
		out = append(out, sequential.Weight{Name: name + ".weight", Rows: rows, Cols: cols, SD: n.sd(rows)}, sequential.Weight{Name: name + ".bias", Rows: 1, Cols: cols})
	}
	table("item", items)
	if !n.Tied {
		table("output", items)
	}
	if n.Positions != "none" {
		table("position", n.MaxLength)
	}
	if n.Norm == "post" {
		norm("in")
	}
	for b := range n.Blocks {
		block := fmt.Sprintf("block%d.", b)
		norm(block + "norm1")
		layer(block+"qkv", d, 3*d)
		layer(block+"out", d, d)
		norm(block + "norm2")
		layer(block+"inner", d, inner)
		layer(block+"outer", inner, d)
	}
	if n.Norm != "post" {
		norm("final")
	}
	return out
}

// sd is the standard deviation of what so many numbers are multiplied by.
func (n network) sd(rows int) float64 {
	if n.InitSD > 0 {
		return n.InitSD
	}
	return 1 / math.Sqrt(float64(rows))
}

// describer holds what the parts of a description share.
type describer struct {
	network
	b    *graph.Builder
	rate float32
}

func (n network) Describe(b *graph.Builder, items int) graph.Node {
	d := describer{n, b, float32(n.Dropout)}
	scale := float32(1)
	if n.Scale {
		scale = float32(math.Sqrt(float64(n.Hidden)))
	}
	x := b.Gather(b.Weight("item", items, n.Hidden), b.Ints(sequential.Items))
	if n.Positions == "none" {
		x = b.Scale(x, scale)
	} else {
		x = b.Sum(x, b.Gather(b.Weight("position", n.MaxLength, n.Hidden), b.Ints(sequential.Positions)), scale, 1)
	}
	if n.Norm == "post" {
		x = d.norm("in", x)
	}
	x = b.Dropout(x, d.rate)
	for number := range n.Blocks {
		x = d.block(fmt.Sprintf("block%d.", number), x)
	}
	if n.Norm != "post" {
		x = d.norm("final", x)
	}
	return x
}

func (d describer) block(name string, x graph.Node) graph.Node {
	switch d.Norm {
	case "pre":
		y := d.norm(name+"norm1", x)
		x = d.b.Residual(x, d.attend(name, y, y), d.rate)
		return d.b.Residual(x, d.feed(name, d.norm(name+"norm2", x)), d.rate)
	case "post":
		x = d.norm(name+"norm1", d.b.Residual(x, d.attend(name, x, x), d.rate))
		return d.norm(name+"norm2", d.b.Residual(x, d.feed(name, x), d.rate))
	default:
		q := d.norm(name+"norm1", x)
		y := d.norm(name+"norm2", d.b.Residual(q, d.attend(name, q, x), 0))
		return d.b.Residual(y, d.feed(name, y), d.rate)
	}
}

func (d describer) attend(name string, q, x graph.Node) graph.Node {
	w, bias := d.layer(name+"qkv", d.Hidden, 3*d.Hidden)
	var qkv graph.Node
	if q == x {
		qkv = d.b.Linear(x, w, bias)
	} else {
		qkv = d.b.Beside(q, x, w, bias)
	}
	a := graph.Attention{Heads: d.Heads, Causal: d.Masked == 0, Longest: d.MaxLength, Rate: d.rate}
	return d.linear(name+"out", d.b.Attend(qkv, d.b.Ints(sequential.Starts), a), d.Hidden, d.Hidden)
}

func (d describer) feed(name string, x graph.Node) graph.Node {
	f := gpu.ReLU
	if d.Activation == "gelu" {
		f = gpu.GELU
	}
	x = d.linear(name+"inner", x, d.Hidden, d.inner())
	if d.Norm == "kang" {
		x = d.b.Dropout(x, d.rate)
	}
	return d.linear(name+"outer", d.b.Activate(x, f), d.inner(), d.Hidden)
}

func (d describer) norm(name string, x graph.Node) graph.Node {
	return d.b.LayerNorm(x, d.b.Weight(name+".gain", 1, d.Hidden), d.b.Weight(name+".bias", 1, d.Hidden), float32(d.Epsilon))
}

func (d describer) layer(name string, rows, cols int) (w, bias graph.Node) {
	return d.b.Weight(name+".weight", rows, cols), d.b.Weight(name+".bias", 1, cols)
}

func (d describer) linear(name string, x graph.Node, rows, cols int) graph.Node {
	w, bias := d.layer(name, rows, cols)
	return d.b.Linear(x, w, bias)
}
