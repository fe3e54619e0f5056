package graph

import "llm4rec/gpu"

// Gather is the rows of a table with these numbers; a negative number is a row of zeros.
func (b *Builder) Gather(table, rows Node) Node { return b.add(gather{}, table, rows) }

type gather struct{}

func (gather) name() string                  { return "gather" }
func (gather) shape(_ int, in []shape) shape { return shape{rows: in[1].rows, cols: in[0].cols} }
func (gather) run(c *call) error             { return c.device.Gather(c.out[0], c.in[0].Matrix, c.in[1].ints) }
func (gather) grads(b *Builder, in []Node, _, dy Node) []Node {
	return []Node{b.add(scatter{}, dy, in[1], in[0]), nil}
}

// scatter is the gradient of gather by the table: dy, rows and the table are its operands, of which the table lends only
// its shape. The compiler turns the sum of it and another gradient into one addition in place.
type scatter struct{ last }

func (scatter) name() string                  { return "scatter" }
func (scatter) shape(_ int, in []shape) shape { return in[2] }
func (k scatter) run(c *call) error {
	if err := c.device.Fill(c.out[0], 0); err != nil {
		return err
	}
	return k.into(c)
}

func (scatter) into(c *call) error {
	return c.device.ScatterAdd(c.out[0], c.in[0].Matrix, c.in[1].ints)
}

// Activate is f(x), element by element.
func (b *Builder) Activate(x Node, f gpu.Activation) Node { return b.add(activate{f: f}, x) }

type activate struct {
	one
	f gpu.Activation
}

func (activate) name() string        { return "activate" }
func (k activate) run(c *call) error { return c.device.Activate(c.out[0], c.in[0].Matrix, k.f) }
func (k activate) grads(b *Builder, in []Node, _, dy Node) []Node {
	return []Node{b.add(activateGrad{f: k.f}, in[0], dy)}
}

type activateGrad struct {
	one
	last
	f gpu.Activation
}

func (activateGrad) name() string { return "activate grad" }
func (k activateGrad) run(c *call) error {
	return c.device.ActivateGrad(c.out[0], c.in[0].Matrix, c.in[1].Matrix, k.f)
}

// Dropout is x with elements set to zero, and the others scaled; while not training it is x.
func (b *Builder) Dropout(x Node, rate float32) Node {
	if !b.Training || rate == 0 {
		return x
	}
	return b.add(drop{rate: rate, number: b.stream()}, x)
}

// Residual is r + x after dropout.
func (b *Builder) Residual(r, x Node, rate float32) Node {
	if !b.Training || rate == 0 {
		return b.Sum(r, x, 1, 1)
	}
	return b.add(drop{rate: rate, number: b.stream()}, x, r)
}

// stream numbers what is drawn, so that no two dropouts draw the same.
func (b *Builder) stream() int {
	b.numbers++
	return b.numbers
}

type drop struct {
	one
	rate   float32
	number int
}

func (drop) name() string { return "drop" }
func (k drop) run(c *call) error {
	var r gpu.Matrix
	if len(c.in) == 2 {
		r = c.in[1].Matrix
	}
	return c.device.Drop(c.out[0], c.in[0].Matrix, r, gpu.Dropout{Rate: k.rate, Key: c.key(k.number)})
}

func (k drop) grads(b *Builder, in []Node, _, dy Node) []Node {
	return []Node{b.add(k, dy), dy}[:len(in)]
}

// LayerNorm normalises every row.
func (b *Builder) LayerNorm(x, gain, bias Node, epsilon float32) Node {
	return b.add(layerNorm{epsilon: epsilon}, x, gain, bias)
}

type layerNorm struct {
	one
	epsilon float32
}

func (layerNorm) name() string { return "layer norm" }
func (k layerNorm) run(c *call) error {
	return c.device.LayerNorm(c.out[0], c.in[0].Matrix, c.in[1].Matrix, c.in[2].Matrix, k.epsilon)
}

func (k layerNorm) grads(b *Builder, in []Node, _, dy Node) []Node {
	b.numbers++
	f := &family{b.numbers, layerNormGrad{epsilon: k.epsilon}}
	out := make([]Node, 3)
	for which := range out {
		out[which] = b.apply(f, which, in[0], in[1], dy)
	}
	return out
}

// layerNormGrad is the gradients by x, gain and bias.
type layerNormGrad struct {
	last
	epsilon float32
}

func (layerNormGrad) name() string                      { return "layer norm grad" }
func (layerNormGrad) shape(which int, in []shape) shape { return in[min(which, 1)] }
func (k layerNormGrad) run(c *call) error {
	return c.device.LayerNormGrad(c.out[0], c.out[1], c.out[2], c.in[0].Matrix, c.in[1].Matrix, c.in[2].Matrix, k.epsilon)
}

// Attention says how positions see each other; Longest is at least the length of any sequence.
type Attention struct {
	Heads   int
	Causal  bool
	Longest int
	Rate    float32 // of dropout of the weights, while training
}

// Attend is multi-head attention of queries, keys and values side by side, in the sequences that begin at these rows.
func (b *Builder) Attend(qkv, starts Node, a Attention) Node {
	if !b.Training {
		a.Rate = 0
	}
	return b.add(attend{Attention: a, number: b.stream()}, qkv, starts)
}

type attend struct {
	Attention
	number int
}

func (attend) name() string                  { return "attend" }
func (attend) shape(_ int, in []shape) shape { return shape{rows: in[0].rows, cols: in[0].cols / 3} }
func (k attend) run(c *call) error {
	return c.device.Attend(c.out[0], c.in[0].Matrix, c.in[1].ints, k.spec(c))
}

func (k attend) spec(c *call) gpu.Attention {
	return gpu.Attention{Heads: k.Heads, Causal: k.Causal, Longest: k.Longest, Dropout: gpu.Dropout{Rate: k.Rate, Key: c.key(k.number)}}
}

func (k attend) grads(b *Builder, in []Node, _, dy Node) []Node {
	return []Node{b.add(attendGrad{attend: k}, in[0], dy, in[1]), nil}
}

type attendGrad struct {
	one
	last
	attend attend
}

func (attendGrad) name() string { return "attend grad" }
func (k attendGrad) run(c *call) error {
	return c.device.AttendGrad(c.out[0], c.in[0].Matrix, c.in[1].Matrix, c.in[2].ints, k.attend.spec(c))
}
