package graph

import (
	"cmp"

	"llm4rec/gpu"
)

// one is the embedding of what most kernels have in common: an output, whose shape is that of the first operand.
type one struct{}

func (one) shape(_ int, in []shape) shape { return in[0] }

// last is the embedding of kernels that occur in gradients alone.
type last struct{}

func (last) grads(*Builder, []Node, Node, Node) []Node { return nil }

// Linear is x·W + b.
func (b *Builder) Linear(x, w, bias Node) Node { return b.add(linear{}, x, w, bias) }

type linear struct{}

func (linear) name() string                  { return "linear" }
func (linear) shape(_ int, in []shape) shape { return shape{rows: in[0].rows, cols: in[1].cols} }
func (linear) run(c *call) error {
	y, x, w := c.out[0], c.in[0].Matrix, c.in[1].Matrix
	return cmp.Or(c.device.Gemm(y.Tile(), x.Tile(), w.Tile(), 1, 0, 1), c.device.AddRow(y, c.in[2].Matrix))
}

func (linear) grads(b *Builder, in []Node, _, dy Node) []Node {
	return []Node{b.add(product{transB: true}, dy, in[1]), b.add(product{transA: true}, in[0], dy), b.add(columnSums{}, dy)}
}

// product is A·B with one of them transposed.
type product struct {
	last
	transA, transB bool
}

func (product) name() string { return "product" }
func (p product) shape(_ int, in []shape) shape {
	if p.transA {
		return shape{rows: in[0].cols, cols: in[1].cols}
	}
	return shape{rows: in[0].rows, cols: in[1].rows}
}

func (p product) run(c *call) error {
	x, y := c.in[0].Tile(), c.in[1].Tile()
	x.Trans, y.Trans = p.transA, p.transB
	return c.device.Gemm(c.out[0].Tile(), x, y, 1, 0, 1)
}

type columnSums struct{ last }

func (columnSums) name() string                  { return "column sums" }
func (columnSums) shape(_ int, in []shape) shape { return shape{rows: 1, cols: in[0].cols} }
func (columnSums) run(c *call) error             { return c.device.ColumnSums(c.out[0], c.in[0].Matrix) }

// Beside is q·W + b in the first d columns, and x·W + b in the rest, for W d×n: the queries of an attention come from other
// values than its keys and values.
func (b *Builder) Beside(q, x, w, bias Node) Node { return b.add(beside{}, q, x, w, bias) }

type beside struct{}

func (beside) name() string                  { return "beside" }
func (beside) shape(_ int, in []shape) shape { return shape{rows: in[0].rows, cols: in[2].cols} }
func (beside) run(c *call) error {
	y, w := c.out[0], c.in[2].Matrix
	d := c.in[0].Cols
	return cmp.Or(
		c.device.Gemm(columns(y, 0, d), c.in[0].Tile(), columns(w, 0, d), 1, 0, 1),
		c.device.Gemm(columns(y, d, y.Cols), c.in[1].Tile(), columns(w, d, y.Cols), 1, 0, 1),
		c.device.AddRow(y, c.in[3].Matrix))
}

// columns are those from lo to hi−1.
func columns(m gpu.Matrix, lo, hi int) gpu.Tile {
	return gpu.Tile{M: m, Rows: m.Rows, Cols: hi - lo, Offset: lo, Stride: m.Cols}
}

func (beside) grads(b *Builder, in []Node, _, dy Node) []Node {
	return []Node{
		b.add(besideByX{first: true}, dy, in[2], in[0]), b.add(besideByX{}, dy, in[2], in[0]),
		b.add(besideByW{}, in[0], in[1], dy), b.add(columnSums{}, dy),
	}
}

// besideByX is the gradient by q, or by x; its operands are dy, W and q.
type besideByX struct {
	last
	first bool
}

func (besideByX) name() string                  { return "beside by x" }
func (besideByX) shape(_ int, in []shape) shape { return in[2] }
func (k besideByX) run(c *call) error {
	lo, hi := c.out[0].Cols, c.in[0].Cols
	if k.first {
		lo, hi = 0, lo
	}
	return c.device.Gemm(c.out[0].Tile(), columns(c.in[0].Matrix, lo, hi), columns(c.in[1].Matrix, lo, hi).T(), 1, 0, 1)
}

type besideByW struct{ last }

func (besideByW) name() string                  { return "beside by w" }
func (besideByW) shape(_ int, in []shape) shape { return shape{rows: in[0].cols, cols: in[2].cols} }
func (besideByW) run(c *call) error {
	dw, dy, d := c.out[0], c.in[2].Matrix, c.in[0].Cols
	return cmp.Or(
		c.device.Gemm(columns(dw, 0, d), c.in[0].Tile().T(), columns(dy, 0, d), 1, 0, 1),
		c.device.Gemm(columns(dw, d, dw.Cols), c.in[1].Tile().T(), columns(dy, d, dw.Cols), 1, 0, 1))
}

// Sum is α·a + β·b.
func (b *Builder) Sum(x, y Node, alpha, beta float32) Node {
	return b.add(sum{alpha: alpha, beta: beta}, x, y)
}

type sum struct {
	one
	alpha, beta float32
}

func (sum) name() string { return "sum" }
func (k sum) run(c *call) error {
	return c.device.Sum(c.out[0], c.in[0].Matrix, c.in[1].Matrix, k.alpha, k.beta)
}

func (k sum) grads(b *Builder, _ []Node, _, dy Node) []Node {
	return []Node{b.Scale(dy, k.alpha), b.Scale(dy, k.beta)}
}

// Scale is α·x.
func (b *Builder) Scale(x Node, alpha float32) Node {
	if alpha == 1 {
		return x
	}
	return b.add(scale{alpha: alpha}, x)
}

type scale struct {
	one
	alpha float32
}

func (scale) name() string { return "scale" }
func (k scale) run(c *call) error {
	return c.device.Sum(c.out[0], c.in[0].Matrix, gpu.Matrix{}, k.alpha, 0)
}
func (k scale) grads(b *Builder, _ []Node, _, dy Node) []Node {
	return []Node{b.Scale(dy, k.alpha)}
}
