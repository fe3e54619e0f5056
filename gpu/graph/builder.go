// Package graph trains networks that are described as Gorgonia expressions, on a [gpu.Device].
//
// A [Builder] makes a Gorgonia graph of operations of its own, each of which is one operation of the device, or a few.
// Gorgonia differentiates it symbolically. The result is compiled once into a [Program]: a list of calls to the device in a
// fixed order, with buffers planned so that a step takes no new memory of the device.
//
// Gorgonia gives an operation one output. Operations with several, such as a loss with its gradients, are families of
// nodes with a number in common, which the compiler makes into one call. Gorgonia merges nodes that are equal: every
// operation has a number of its own, so that two dropouts of one value differ.
//
// Sequences are packed: the positions of a batch follow each other in the rows of a matrix. The number of rows differs from
// batch to batch, while Gorgonia wants to know it: the graph has a placeholder, the program the real one.
package graph

import (
	"errors"
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Node is a value of the graph.
type Node = *gorgonia.Node

// anyRows stands for a number of rows that a batch decides.
const anyRows = 1 << 20

// Builder describes a network. The first error is kept and returned by [Builder.Compile]; what is built after it is nil.
type Builder struct {
	// Training says whether dropout drops.
	Training bool

	graph    *gorgonia.ExprGraph
	children map[Node][]Node // in the order of the operands, which Gorgonia does not say
	inputs   map[Node]string
	weights  map[Node]string
	names    map[string]Node
	numbers  int
	err      error
}

// New returns an empty builder.
func New(training bool) *Builder {
	return &Builder{
		Training: training, graph: gorgonia.NewGraph(), children: map[Node][]Node{}, inputs: map[Node]string{},
		weights: map[Node]string{}, names: map[string]Node{},
	}
}

// Ints is an input of integers, known by its name.
func (b *Builder) Ints(name string) Node {
	n, known := b.named(name)
	if known {
		return n
	}
	n = gorgonia.NewVector(b.graph, tensor.Int32, gorgonia.WithName(name), gorgonia.WithShape(anyRows))
	b.inputs[n], b.names[name] = name, n
	return n
}

// Constants is an input of numbers that a caller sets, and nothing is learned about.
func (b *Builder) Constants(name string, rows, cols int) Node {
	n := b.matrix(name, rows, cols)
	if b.err == nil {
		b.inputs[n] = name
	}
	return n
}

// Weight is a matrix of weights of that name in [Weights].
func (b *Builder) Weight(name string, rows, cols int) Node {
	n := b.matrix(name, rows, cols)
	if b.err == nil {
		b.weights[n] = name
	}
	return n
}

func (b *Builder) matrix(name string, rows, cols int) Node {
	n, known := b.named(name)
	if known {
		if b.err == nil && !n.Shape().Eq(tensor.Shape{rows, cols}) {
			b.fail(fmt.Errorf("graph: %s: %d×%d, and elsewhere %v", name, rows, cols, n.Shape()))
		}
		return n
	}
	n = gorgonia.NewMatrix(b.graph, tensor.Float32, gorgonia.WithName(name), gorgonia.WithShape(rows, cols))
	b.names[name] = n
	return n
}

func (b *Builder) named(name string) (Node, bool) {
	n, known := b.names[name]
	return n, known || b.err != nil
}

func (b *Builder) fail(err error) { b.err = errors.Join(b.err, err) }

// apply makes a node of an operation, output number which of its family.
func (b *Builder) apply(f *family, which int, operands ...Node) Node {
	if b.err != nil {
		return nil
	}
	for _, x := range operands {
		if x == nil {
			b.fail(errors.New("graph: an operand of " + f.kernel.name() + " is missing"))
			return nil
		}
	}
	n, err := gorgonia.ApplyOp(&op{f, which, operands, b}, operands...)
	if err != nil {
		b.fail(fmt.Errorf("graph: %s: %w", f.kernel.name(), err))
		return nil
	}
	b.children[n] = operands
	return n
}

// add makes a node of a new family with one output that the network uses.
func (b *Builder) add(k kernel, operands ...Node) Node {
	b.numbers++
	return b.apply(&family{b.numbers, k}, 0, operands...)
}

// operands are a node's, in order. The sums of gradients are Gorgonia's own nodes: their order does not matter.
func (b *Builder) operands(n Node) []Node {
	if known, ok := b.children[n]; ok {
		return known
	}
	var out []Node
	for children := b.graph.From(n.ID()); children.Next(); {
		out = append(out, children.Node().(Node))
	}
	if len(out) == 1 {
		out = append(out, out[0]) // a value added to itself
	}
	b.children[n] = out
	return out
}

// gradient differentiates the loss by the weights, in order of the result's names.
func (b *Builder) gradient(loss Node, weights []Node) ([]Node, error) {
	grads, err := gorgonia.Grad(loss, weights...)
	if err = errors.Join(b.err, err); err != nil {
		return nil, fmt.Errorf("graph: gradients: %w", err)
	}
	return grads, nil
}
