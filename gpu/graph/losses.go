package graph

import "llm4rec/gpu"

// Softmax is the mean cross-entropy of the targets among the first classes rows of E, which is tied to nothing: it may be
// the table of inputs. A loss is where a gradient begins.
func (b *Builder) Softmax(h, e, targets Node, classes int) Node {
	return b.add(softmax{classes: classes}, h, e, targets)
}

// Sampled is a loss over few classes a position; bias may be nil. See [gpu.Sampling].
func (b *Builder) Sampled(h, e, ids, bias Node, p gpu.Sampling) Node {
	operands := []Node{h, e, ids}
	if bias != nil {
		operands = append(operands, bias)
	}
	return b.add(sampled{p: p}, operands...)
}

// loss is a family of three: the loss and its gradients by h and E, made in one call. The gradients are those of the loss
// itself, so it must be what is differentiated, and not a part of a sum.
type loss struct{}

func (loss) shape(which int, in []shape) shape {
	if which == 0 {
		return shape{1, 1, true}
	}
	return in[which-1]
}

func (loss) grads(b *Builder, in []Node, out, _ Node) []Node {
	f := out.Op().(*op).family
	grads := make([]Node, len(in))
	grads[0], grads[1] = b.apply(f, 1, in...), b.apply(f, 2, in...)
	return grads
}

type softmax struct {
	loss
	classes int
}

func (softmax) name() string { return "softmax" }
func (k softmax) run(c *call) error {
	return c.device.Softmax(c.out[0], c.out[1], c.out[2], c.in[0].Matrix, c.in[1].Matrix, c.in[2].ints, k.classes)
}

type sampled struct {
	loss
	p gpu.Sampling
}

func (sampled) name() string { return "sampled" }
func (k sampled) run(c *call) error {
	p := k.p
	if len(c.in) == 4 {
		p.Bias = c.in[3].Matrix
	}
	return c.device.Sampled(c.out[0], c.out[1], c.out[2], c.in[0].Matrix, c.in[1].Matrix, c.in[2].ints, p)
}
