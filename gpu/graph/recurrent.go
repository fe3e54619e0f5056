package graph

// Recur is the states of a gated recurrent unit, of inputs rows×3d, in the sequences that begin at these rows: see
// [llm4rec/gpu.Neural]. u is d×3d, bias 1×3d.
func (b *Builder) Recur(x, u, bias, starts Node) Node { return b.add(recur{}, x, u, bias, starts) }

type recur struct{}

func (recur) name() string                  { return "recur" }
func (recur) shape(_ int, in []shape) shape { return shape{rows: in[0].rows, cols: in[1].rows} }
func (recur) run(c *call) error {
	return c.device.Recur(c.out[0], c.in[0].Matrix, c.in[1].Matrix, c.in[2].Matrix, c.in[3].ints)
}

func (recur) grads(b *Builder, in []Node, out, dy Node) []Node {
	b.numbers++
	f := &family{b.numbers, recurGrad{}}
	grads := make([]Node, len(in)) // none by starts
	for which := range 3 {
		grads[which] = b.apply(f, which, in[0], in[1], in[2], out, dy, in[3])
	}
	return grads
}

// recurGrad is the gradients by x, u and bias.
type recurGrad struct{ last }

func (recurGrad) name() string                      { return "recur grad" }
func (recurGrad) shape(which int, in []shape) shape { return in[which] }
func (recurGrad) run(c *call) error {
	x, u, bias, y, dy := c.in[0].Matrix, c.in[1].Matrix, c.in[2].Matrix, c.in[3].Matrix, c.in[4].Matrix
	return c.device.RecurGrad(c.out[0], c.out[1], c.out[2], x, u, bias, y, dy, c.in[5].ints)
}
