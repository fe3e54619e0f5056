package graph

import (
	"errors"
	"fmt"
	"slices"

	"gorgonia.org/tensor"

	"llm4rec/gpu"
)

// slot is where a value is during a step.
type slot struct {
	buffer int // number of the program's buffer, or −1
	weight *Weight
	input  string
	grad   bool // the weight's gradient, not its value
}

// instruction is a call of a kernel. What it needs while it runs is kept from run to run.
type instruction struct {
	kernel  kernel
	run     func(c *call) error // the kernel's run, or, of one that adds in place, its into
	shape   func(which int, in []shape) shape
	in, out []slot

	call  call
	sizes []shape
}

// compiler makes a program of a differentiated graph.
type compiler struct {
	b       *Builder
	program *Program
	order   []Node
	uses    map[Node]int // reads that are still to come
	places  map[Node]slot
	members map[int][]Node // of a family
	emitted map[int]bool
	free    []int // buffers, by number
	grads   map[Node]*Weight
}

// Compile makes a program that computes the node, and, where it is a loss of a training network, the gradients by all
// weights and their update. The weights that it names must be there.
func (b *Builder) Compile(root Node, weights *Weights) (*Program, error) {
	if b.err != nil {
		return nil, b.err
	}
	p := &Program{weights: weights, device: weights.Device, ints: map[string]*ints{}, constants: map[string]gpu.Matrix{}}
	c := &compiler{b: b, program: p, uses: map[Node]int{}, places: map[Node]slot{}, members: map[int][]Node{}, emitted: map[int]bool{}, grads: map[Node]*Weight{}}
	roots := []Node{root}
	if b.Training {
		nodes, err := c.learned(weights)
		if err != nil {
			return nil, err
		}
		grads, err := b.gradient(root, nodes)
		if err != nil {
			return nil, err
		}
		for n, g := range grads {
			if c.grads[g] != nil {
				return nil, fmt.Errorf("graph: %s and %s have one gradient", c.grads[g].Name, b.weights[nodes[n]])
			}
			c.grads[g] = weights.find(b.weights[nodes[n]])
		}
		roots = append(roots, grads...)
	}
	for _, r := range roots {
		c.visit(r, map[Node]bool{})
	}
	for _, r := range roots {
		c.uses[r]++ // outlives the program
	}
	for _, n := range c.order {
		if err := c.emit(n); err != nil {
			return nil, err
		}
	}
	p.root = c.places[root]
	return p, nil
}

// learned are the nodes of the weights, in the weights' order.
func (c *compiler) learned(weights *Weights) ([]Node, error) {
	var out []Node
	for _, w := range weights.All() {
		n, named := c.b.names[w.Name]
		if !named || c.b.weights[n] == "" {
			return nil, errors.New("graph: the network does not use the weight " + w.Name)
		}
		if err := weights.learn(w); err != nil {
			return nil, err
		}
		c.program.learned = append(c.program.learned, w)
		out = append(out, n)
	}
	return out, nil
}

// visit puts what a node needs, then the node, into the order; operands come in theirs, so that it is always the same one.
func (c *compiler) visit(n Node, open map[Node]bool) {
	if open[n] || slices.Contains(c.order, n) {
		return
	}
	open[n] = true
	for _, x := range c.operands(n) {
		c.visit(x, open)
		c.uses[x]++
	}
	c.order = append(c.order, n)
	if o, ok := n.Op().(*op); ok {
		c.members[o.number] = append(c.members[o.number], n)
	}
}

func (c *compiler) operands(n Node) []Node {
	if n.Op() == nil || isConstant(n) {
		return nil
	}
	return c.b.operands(n)
}

// isConstant recognises the 1 that the gradient of a loss begins with.
func isConstant(n Node) bool { return n.Op() != nil && n.Op().Arity() == 0 }

func (c *compiler) emit(n Node) error {
	switch o := n.Op().(type) {
	case nil:
		return c.leaf(n)
	case *op:
		return c.call(n, o)
	default:
		if isConstant(n) {
			return nil
		}
		return c.accumulate(n)
	}
}

func (c *compiler) leaf(n Node) error {
	if name := c.b.weights[n]; name != "" {
		w := c.program.weights.find(name)
		if w == nil {
			return errors.New("graph: there is no weight " + name)
		}
		if s := shapeOf(n); s.rows != w.Value.Rows || s.cols != w.Value.Cols {
			return fmt.Errorf("graph: the weight %s is %d×%d, want %d×%d", name, w.Value.Rows, w.Value.Cols, s.rows, s.cols)
		}
		c.places[n] = slot{buffer: -1, weight: w}
		return nil
	}
	name := c.b.inputs[n]
	c.places[n] = slot{buffer: -1, input: name}
	if n.Dtype() == tensor.Int32 {
		c.program.ints[name] = &ints{}
	}
	return nil
}

// call emits the call of a family, where its first member stands.
func (c *compiler) call(n Node, o *op) error {
	operands := c.operands(n)
	if c.emitted[o.number] {
		c.done(operands)
		return nil
	}
	if _, lazy := o.kernel.(scatter); lazy && c.uses[n] == 1 && c.grads[n] == nil {
		return nil // the sum that it is part of adds it in place
	}
	c.emitted[o.number] = true
	i := &instruction{kernel: o.kernel, run: o.kernel.run, shape: o.kernel.shape, in: c.slots(operands)}
	outputs := 0
	for _, m := range c.members[o.number] {
		outputs = max(outputs, m.Op().(*op).which+1)
	}
	i.out = make([]slot, outputs)
	for w := range i.out {
		i.out[w].buffer = none
	}
	for _, m := range c.members[o.number] {
		i.out[m.Op().(*op).which] = c.place(m)
	}
	c.program.code = append(c.program.code, i)
	c.done(operands)
	return nil
}

// none is the buffer of an output that nothing uses.
const none = -2

// place finds a place for an output: the gradient of a weight, or a buffer that nothing needs any more.
func (c *compiler) place(n Node) slot {
	s := slot{buffer: -1}
	if w := c.grads[n]; w != nil {
		s.weight, s.grad = w, true
	} else if len(c.free) > 0 {
		s.buffer = c.free[len(c.free)-1]
		c.free = c.free[:len(c.free)-1]
	} else {
		s.buffer = len(c.program.buffers)
		c.program.buffers = append(c.program.buffers, gpu.Matrix{})
	}
	c.places[n] = s
	return s
}

// done frees the buffers of operands that nothing reads any more.
func (c *compiler) done(operands []Node) {
	for _, x := range operands {
		if c.uses[x]--; c.uses[x] == 0 && c.places[x].buffer >= 0 {
			c.free = append(c.free, c.places[x].buffer)
		}
	}
}

func (c *compiler) slots(nodes []Node) []slot {
	var out []slot
	for _, n := range nodes {
		if s, known := c.places[n]; known {
			out = append(out, s)
		}
	}
	return out
}

// accumulate emits a sum of two gradients, which Gorgonia makes: of what is read more than once. A gather's gradient is
// added to the other in place.
func (c *compiler) accumulate(n Node) error {
	operands := c.operands(n)
	if len(operands) != 2 || shapeOf(operands[0]) != shapeOf(operands[1]) {
		return fmt.Errorf("graph: %s is none of this package's operations", n.Op())
	}
	a, b := operands[0], operands[1]
	if c.lazy(a) {
		a, b = b, a
	}
	if !c.lazy(b) {
		k := sum{alpha: 1, beta: 1}
		c.program.code = append(c.program.code, &instruction{kernel: k, run: k.run, shape: k.shape, in: c.slots(operands), out: []slot{c.place(n)}})
		c.done(operands)
		return nil
	}
	if c.lazy(a) {
		if err := c.force(a); err != nil {
			return err
		}
	}
	to := c.places[a]
	if c.uses[a] > 1 || c.grads[n] != nil || to.buffer < 0 {
		to = c.place(n)
		k := scale{alpha: 1}
		c.program.code = append(c.program.code, &instruction{kernel: k, run: k.run, shape: k.shape, in: c.slots([]Node{a}), out: []slot{to}})
		c.done([]Node{a})
	} else {
		c.uses[a]-- // its buffer is now the sum's
		c.places[n] = to
	}
	k := scatter{}
	add := c.operands(b)
	c.program.code = append(c.program.code, &instruction{kernel: k, run: k.into, shape: k.shape, in: c.slots(add), out: []slot{to}})
	c.done(add)
	return nil
}

// lazy says whether a node is a gather's gradient that nothing has computed.
func (c *compiler) lazy(n Node) bool {
	o, ok := n.Op().(*op)
	if !ok {
		return false
	}
	_, is := o.kernel.(scatter)
	return is && !c.emitted[o.number]
}

// force computes a gather's gradient on its own.
func (c *compiler) force(n Node) error {
	c.uses[n]++
	err := c.call(n, n.Op().(*op))
	c.uses[n]--
	return err
}
