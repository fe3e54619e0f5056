package graph

import (
	"fmt"
	"hash"
	"hash/fnv"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"llm4rec/gpu"
)

// kernel is what an operation does on a device.
type kernel interface {
	name() string
	// shape is that of an output, given those of the operands.
	shape(which int, in []shape) shape
	// run computes the outputs; one that nothing uses is the zero Matrix.
	run(c *call) error
	// grads are the gradients by the operands, nil where there is none.
	grads(b *Builder, in []Node, out, grad Node) []Node
}

// shape is rows×cols. A loss is a scalar, which is 1×1 on the device.
type shape struct {
	rows, cols int
	scalar     bool
}

// call is one run of a kernel.
type call struct {
	device gpu.Device
	out    []gpu.Matrix
	in     []operand
	key    func(number int) gpu.Key // of what is drawn in this step
}

// operand is a matrix or a vector of integers.
type operand struct {
	gpu.Matrix
	ints gpu.Ints
}

// family is the nodes that one call of a kernel computes.
type family struct {
	number int
	kernel kernel
}

// op is one output of a family, as Gorgonia sees it.
type op struct {
	*family
	which    int
	operands []Node
	builder  *Builder
}

func (o *op) Arity() int { return len(o.operands) }

func (o *op) Type() hm.Type {
	types := make([]hm.Type, 0, len(o.operands)+1)
	for _, x := range o.operands {
		types = append(types, x.Type())
	}
	if o.result().scalar {
		return hm.NewFnType(append(types, tensor.Float32)...)
	}
	return hm.NewFnType(append(types, gorgonia.TensorType{Dims: 2, Of: tensor.Float32})...)
}

func (o *op) result() shape {
	in := make([]shape, len(o.operands))
	for n, x := range o.operands {
		in[n] = shapeOf(x)
	}
	return o.kernel.shape(o.which, in)
}

// shapeOf is the shape of a node; that of a vector of integers is its length.
func shapeOf(n Node) shape {
	switch s := n.Shape(); len(s) {
	case 0:
		return shape{1, 1, true}
	case 1:
		return shape{rows: s[0]}
	default:
		return shape{rows: s[0], cols: s[1]}
	}
}

func (o *op) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) {
	s := o.result()
	if s.scalar {
		return tensor.ScalarShape(), nil
	}
	return tensor.Shape{s.rows, s.cols}, nil
}

// Do is not how a program runs: Gorgonia's machines know no device.
func (o *op) Do(...gorgonia.Value) (gorgonia.Value, error) {
	return nil, fmt.Errorf("graph: %s runs in a compiled program only", o)
}

func (o *op) ReturnsPtr() bool     { return true }
func (o *op) CallsExtern() bool    { return true }
func (o *op) OverwritesInput() int { return -1 }
func (o *op) String() string       { return fmt.Sprintf("%s#%d.%d", o.kernel.name(), o.number, o.which) }

func (o *op) WriteHash(h hash.Hash) { _, _ = h.Write([]byte(o.String())) } // which never fails

func (o *op) Hashcode() uint32 {
	h := fnv.New32a()
	o.WriteHash(h)
	return h.Sum32()
}

// DiffWRT says that every matrix can be differentiated by, and no vector of integers.
func (o *op) DiffWRT(int) []bool {
	out := make([]bool, len(o.operands))
	for n, x := range o.operands {
		out[n] = x.Dtype() == tensor.Float32 && o.builder.inputs[x] == ""
	}
	return out
}

func (o *op) SymDiff(in gorgonia.Nodes, out, grad Node) (gorgonia.Nodes, error) {
	grads := o.kernel.grads(o.builder, in, out, grad)
	return grads, o.builder.err
}

var _ gorgonia.SDOp = (*op)(nil)
