package gputest

import (
	"fmt"
	"math"
	"slices"

	"llm4rec/gpu"
)

// recurrence is a batch of sequences with the states of a recurrent unit, as the reference has them, and how far off
// results may be.
type recurrence struct {
	d, rows               int
	starts                []int32
	x, u, bias, y, dy     []float32
	offY, offX, offU, off []float64 // bounds of the errors of y, dx, du and dbias
}

// Of 20 sequences, no two kinds are equally many.
var recurrentLengths = [][]int{
	{}, {0}, {1}, {2}, {65}, {2, 0, 17}, {17, 1, 65, 2}, {1, 2, 17, 2, 1, 0, 1, 17, 1, 2, 0, 1, 1, 65, 2, 1, 17, 2, 1, 17},
}

func recurChecks() []Check {
	return recurrentChecks("Recur", func(c *recurrence, d gpu.Device) error {
		c.boundStates()
		return agree(d, func(s *scope) []float32 {
			x, u, bias := s.matrix(c.rows, 3*c.d, c.x), s.matrix(c.d, 3*c.d, c.u), s.matrix(1, 3*c.d, c.bias)
			y := s.alloc(c.rows, c.d)
			s.ok(s.Recur(y, x, u, bias, s.ints(c.starts)))
			s.ok(at(same(s.download(x), c.x), "x"))
			s.ok(at(same(s.download(u), c.u), "u"))
			return s.download(y)
		}, func(i int) float64 { return c.offY[i] })
	})
}

func recurGradChecks() []Check {
	return recurrentChecks("RecurGrad", func(c *recurrence, d gpu.Device) error {
		c.boundGradients()
		bound := slices.Concat(c.offX, c.offU, c.off)
		return agree(d, func(s *scope) []float32 {
			x, u, bias := s.matrix(c.rows, 3*c.d, c.x), s.matrix(c.d, 3*c.d, c.u), s.matrix(1, 3*c.d, c.bias)
			y, dy := s.matrix(c.rows, c.d, c.y), s.matrix(c.rows, c.d, c.dy)
			dx, du, dbias := s.alloc(c.rows, 3*c.d), s.alloc(c.d, 3*c.d), s.alloc(1, 3*c.d)
			s.ok(s.RecurGrad(dx, du, dbias, x, u, bias, y, dy, s.ints(c.starts)))
			s.ok(at(same(s.download(y), c.y), "y"))
			s.ok(at(same(s.download(dy), c.dy), "dy"))
			return slices.Concat(s.download(dx), s.download(du), s.download(dbias))
		}, func(i int) float64 { return bound[i] })
	})
}

func recurrentChecks(op string, check func(c *recurrence, d gpu.Device) error) []Check {
	var out []Check
	for _, lengths := range recurrentLengths {
		for _, d := range []int{1, 7, 16, 64, 65} {
			for _, sd := range []float64{1, 60} { // of the inputs: exponentials overflow
				name := fmt.Sprintf("lengths=%v,width=%d,sd=%g", lengths, d, sd)
				out = append(out, Check{op, name, func(device gpu.Device) error {
					c, err := newRecurrence(lengths, d, sd)
					if err != nil {
						return err
					}
					return check(c, device)
				}})
			}
		}
	}
	return out
}

// newRecurrence has a U that is small for its width, so that a state soon forgets the ones before: bounds that know no more
// than sizes would otherwise grow with every row, past any use.
func newRecurrence(lengths []int, d int, sd float64) (*recurrence, error) {
	c := &recurrence{d: d, starts: []int32{0}}
	for _, n := range lengths {
		c.rows += n
		c.starts = append(c.starts, int32(c.rows))
	}
	rng := random(len(lengths) + d)
	c.x, c.dy = normal(rng, c.rows*3*d, sd), normal(rng, c.rows*d, 1)
	c.u, c.bias = normal(rng, d*3*d, 1/float64(d)), normal(rng, 3*d, 1)
	err := within(gpu.Reference(), func(s *scope) {
		y := s.alloc(c.rows, d)
		s.ok(s.Recur(y, s.matrix(c.rows, 3*d, c.x), s.matrix(d, 3*d, c.u), s.matrix(1, 3*d, c.bias), s.ints(c.starts)))
		c.y = s.download(y)
	})
	return c, err
}

// bounded is a number, and a bound of its error to first order.
type bounded struct{ value, off float64 }

func (b bounded) size() float64 { return math.Abs(b.value) }

// state is an element of the state before a row.
func (c *recurrence) state(row, first, l int) float64 {
	if row == first {
		return 0
	}
	return float64(c.y[(row-1)*c.d+l])
}

// gates are element l of the gates in a row, given bounds of the errors of the state before; inner is h·U_n + b_n.
func (c *recurrence) gates(row, first, l int, off []float64) (reset, update, candidate, inner bounded) {
	arguments := [3]bounded{}
	for which := range arguments {
		col := which*c.d + l
		a, size := &arguments[which], math.Abs(float64(c.bias[col]))
		a.value = float64(c.bias[col])
		for i := range c.d {
			w, h := float64(c.u[i*3*c.d+col]), c.state(row, first, i)
			a.value += h * w
			size += math.Abs(h * w)
			a.off += off[i] * math.Abs(w)
		}
		a.off += gamma(c.d+2) * size
	}
	input := func(which int) float64 { return float64(c.x[row*3*c.d+which*c.d+l]) }
	sigmoid := func(which int) bounded {
		a, x := arguments[which], input(which)
		s := 1 / (1 + math.Exp(-a.value-x))
		const least = 0x1p-100 // below, a device may have no digits
		return bounded{s, s*(1-s)*(a.off+gamma(2)*(a.size()+math.Abs(x))) + gamma(8)*s + least}
	}
	reset, update, inner = sigmoid(0), sigmoid(1), arguments[2]
	product := reset.value * inner.value
	n := math.Tanh(input(2) + product)
	off2 := reset.value*inner.off + inner.size()*reset.off + gamma(2)*(math.Abs(input(2))+math.Abs(product))
	return reset, update, bounded{n, (1-n*n)*off2 + gamma(8)*math.Abs(n)}, inner
}

// boundStates goes along the sequences with y = (1 − z)·n + z·h.
func (c *recurrence) boundStates() {
	c.offY = make([]float64, len(c.y))
	for s := range len(c.starts) - 1 {
		first := int(c.starts[s])
		off := make([]float64, c.d)
		for row := first; row < int(c.starts[s+1]); row++ {
			for l := range c.d {
				_, z, n, _ := c.gates(row, first, l, off)
				h := c.state(row, first, l)
				c.offY[row*c.d+l] = (1-z.value)*n.off + math.Abs(h-n.value)*z.off + z.value*off[l] +
					gamma(6)*((1-z.value)*n.size()+z.value*math.Abs(h))
			}
			off = c.offY[row*c.d:][:c.d]
		}
	}
}

// boundGradients goes back along them: see the equations of the reference. Sizes are those of the terms of sums.
func (c *recurrence) boundGradients() {
	d, none := c.d, make([]float64, c.d)
	c.offX, c.offU, c.off = make([]float64, len(c.x)), make([]float64, len(c.u)), make([]float64, len(c.bias))
	for s := range len(c.starts) - 1 {
		first := int(c.starts[s])
		carried := make([]bounded, d)
		for row := int(c.starts[s+1]) - 1; row >= first; row-- {
			da := make([]bounded, 3*d)
			for l := range d {
				r, z, n, inner := c.gates(row, first, l, none)
				h := c.state(row, first, l)
				g := bounded{carried[l].value + math.Abs(float64(c.dy[row*d+l])), carried[l].off}
				g.off += gamma(1) * g.value
				keep, flat := 1-z.value, 1-n.value*n.value
				dn := bounded{g.value * keep * flat, g.off*keep*flat + g.value*(z.off*flat+keep*2*n.size()*n.off+gamma(6)*keep)}
				far, slope := math.Abs(h-n.value), z.value*keep
				da[d+l] = bounded{g.value * far * slope, g.off*far*slope + g.value*(n.off*slope+far*z.off+gamma(8)*(math.Abs(h)+n.size())*slope)}
				slope = r.value * (1 - r.value)
				da[l] = bounded{dn.value * inner.size() * slope, dn.off*inner.size()*slope + dn.value*(inner.off*slope+inner.size()*(r.off+gamma(6)*slope))}
				da[2*d+l] = bounded{dn.value * r.value, dn.off*r.value + dn.value*(r.off+gamma(2)*r.value)}
				carried[l] = bounded{g.value * z.value, g.off*z.value + g.value*(z.off+gamma(2)*z.value)}
				c.offX[row*3*d+l], c.offX[row*3*d+d+l], c.offX[row*3*d+2*d+l] = da[l].off, da[d+l].off, dn.off+gamma(1)*dn.value
			}
			for col, a := range da {
				c.off[col] += a.off + gamma(c.rows+2)*a.value
				for i := range d {
					w, h := math.Abs(float64(c.u[i*3*d+col])), math.Abs(c.state(row, first, i))
					carried[i].value += a.value * w
					carried[i].off += a.off*w + gamma(3*d+2)*a.value*w
					c.offU[i*3*d+col] += h * (a.off + gamma(c.rows+2)*a.value)
				}
			}
		}
	}
}
