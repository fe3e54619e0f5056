package gputest

import (
	"fmt"

	"llm4rec/gpu"
)

// A layout says where the tiles of a batch lie: see [gpu.Tile].
type layout struct {
	name  string
	place func(rows, cols, batch int) placement
}

type placement struct{ size, offset, stride, step int }

var layouts = []layout{
	{"packed", func(r, c, b int) placement { return placement{b * r * c, 0, c, r * c} }},
	{"padded", func(r, c, b int) placement { return placement{b*(r*(c+5)+7) + 3, 3, c + 5, r*(c+5) + 7} }},
	// As the heads of an attention lie: side by side.
	{"interleaved", func(r, c, b int) placement { return placement{r*(b*c+1) + 2, 1, b*c + 1, c} }},
	// One tile for the whole batch, as a factor.
	{"shared", func(r, c, b int) placement { return placement{r*c + 1, 1, c, 0} }},
}

// written are the layouts of a result, whose tiles must not overlap.
var written = layouts[:3]

type gemmCase struct {
	m, n, k, batch int
	ta, tb         bool
	alpha, beta    float32
	a, b, c        layout
	seed           int
}

func gemmChecks() []Check {
	shapes := []struct{ m, n, k, batch int }{
		{1, 1, 1, 1}, {2, 3, 4, 2}, {1, 7, 5, 1}, {7, 1, 5, 3}, {5, 7, 1, 1}, {3, 5, 0, 2}, {0, 3, 5, 1}, {3, 0, 5, 1}, {3, 5, 2, 0},
		{16, 16, 16, 4}, {15, 17, 16, 1}, {31, 33, 32, 3}, {32, 31, 33, 1}, {64, 64, 64, 2}, {63, 65, 67, 1}, {65, 63, 64, 2},
		{127, 129, 128, 1}, {257, 65, 129, 1}, {1, 1009, 64, 1}, {1031, 3, 17, 1}, {5, 2, 1500, 2}, {13, 1100, 33, 1},
		{5, 7, 2500, 2}, {33, 17, 4111, 1}, // few elements, each a long sum
	}
	coefficients := [][2]float32{{1, 0}, {-.5, 1}, {2, .25}, {0, 0}, {0, -2}}
	var out []Check
	for _, s := range shapes {
		for _, trans := range [][2]bool{{false, false}, {false, true}, {true, false}, {true, true}} {
			for _, f := range coefficients {
				n := len(out) // the layouts take turns, at different paces
				c := gemmCase{
					s.m, s.n, s.k, s.batch, trans[0], trans[1], f[0], f[1],
					layouts[n%4], layouts[n/3%4], written[n%3], n,
				}
				out = append(out, Check{"Gemm", c.String(), c.check})
			}
		}
	}
	return out
}

func (c gemmCase) String() string {
	form := func(trans bool) string {
		if trans {
			return "ᵀ"
		}
		return ""
	}
	return fmt.Sprintf("%dx%dx%d,batch=%d,A%s=%s,B%s=%s,C=%s,α=%g,β=%g", c.m, c.n, c.k, c.batch, form(c.ta), c.a.name,
		form(c.tb), c.b.name, c.c.name, c.alpha, c.beta)
}

func (c gemmCase) check(d gpu.Device) error {
	rng := random(c.seed)
	// Whoever reads between the tiles of a factor finds NaN.
	a := newOperand(c.a, c.m, c.k, c.batch, c.ta, nan)
	b := newOperand(c.b, c.k, c.n, c.batch, c.tb, nan)
	to := newOperand(c.c, c.m, c.n, c.batch, false, guard)
	a.fill(func() float32 { return float32(rng.NormFloat64()) })
	b.fill(func() float32 { return float32(rng.NormFloat64()) })
	to.fill(func() float32 {
		if c.beta == 0 {
			return nan
		}
		return float32(rng.NormFloat64())
	})
	multiply := func(a, b, to operand, alpha, beta float32) func(s *scope) []float32 {
		return func(s *scope) []float32 {
			ta, tb, tc := a.tile(s), b.tile(s), to.tile(s)
			s.ok(s.Gemm(tc, ta, tb, alpha, beta, c.batch))
			s.ok(at(same(s.download(ta.M), a.values), "A"))
			s.ok(at(same(s.download(tb.M), b.values), "B"))
			return s.download(tc.M)
		}
	}
	got, want, err := both(d, multiply(a, b, to, c.alpha, c.beta))
	if err != nil {
		return err
	}
	sizes := multiply(a.absolute(), b.absolute(), to.absolute(), max(c.alpha, -c.alpha), max(c.beta, -c.beta))
	var bounds []float32 // |α|·|A|·|B| + |β|·|C|
	if err := within(gpu.Reference(), func(s *scope) { bounds = sizes(s) }); err != nil {
		return err
	}
	inside := make([]bool, len(want))
	to.each(func(i int) { inside[i] = true })
	return near(got, want, func(i int) float64 {
		if !inside[i] {
			return 0
		}
		return gamma(c.k+4) * float64(bounds[i])
	})
}

// guard is what lies around the tiles of a result.
const guard = 12345.678

// operand is a batch of tiles, rows×cols as stored, and the memory that they lie in.
type operand struct {
	placement
	rows, cols, batch int
	trans             bool
	values            []float32
}

func newOperand(l layout, rows, cols, batch int, trans bool, outside float32) operand {
	if trans {
		rows, cols = cols, rows
	}
	p := l.place(rows, cols, batch)
	return operand{p, rows, cols, batch, trans, constant(p.size, outside)}
}

// each calls f with the position of every element of the tiles.
func (o operand) each(f func(i int)) {
	for n := range o.batch {
		for r := range o.rows {
			for c := range o.cols {
				f(o.offset + n*o.step + r*o.stride + c)
			}
		}
	}
}

func (o operand) fill(f func() float32) { o.each(func(i int) { o.values[i] = f() }) }

func (o operand) absolute() operand {
	o.values = absolute(o.values)
	return o
}

func (o operand) tile(s *scope) gpu.Tile {
	m := s.matrix(len(o.values), 1, o.values)
	return gpu.Tile{M: m, Rows: o.rows, Cols: o.cols, Offset: o.offset, Stride: o.stride, Step: o.step, Trans: o.trans}
}
