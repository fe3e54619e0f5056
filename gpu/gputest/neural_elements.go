package gputest

import (
	"fmt"
	"math"
	"slices"

	"llm4rec/gpu"
)

// agree computes the same on a device, twice, and on the reference. The device's results must be the same bit for bit.
func agree(d gpu.Device, compute func(s *scope) []float32, tolerance func(i int) float64) error {
	got, want, err := both(d, compute)
	if err == nil {
		err = near(got, want, tolerance)
	}
	if err != nil {
		return err
	}
	return within(d, func(s *scope) { s.ok(at(same(compute(s), got), "a second time")) })
}

// elementwise is an operation whose result depends on the same element of its operands, and its place.
type elementwise struct {
	op, name  string
	operands  int
	over      []int // operands that the result may be written over
	compute   func(s *scope, y gpu.Matrix, x []gpu.Matrix) error
	tolerance func(x []float64) float64
}

var neuralSizes = [][2]int{{0, 3}, {1, 1}, {1, 7}, {3, 5}, {16, 16}, {31, 48}, {257, 1}, {7, 65}, {101, 64}, {2, 1031}}

func elementChecks() []Check {
	var out []Check
	for _, e := range slices.Concat(sums(), activations(), drops()) {
		for _, size := range neuralSizes {
			for _, over := range append([]int{-1}, e.over...) {
				name := fmt.Sprintf("%s,%dx%d,over=%d", e.name, size[0], size[1], over)
				out = append(out, Check{e.op, name, func(d gpu.Device) error { return e.check(d, size[0], size[1], over) }})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Check) int { return slices.Index(elementOps, a.Op) - slices.Index(elementOps, b.Op) })
	return out
}

var elementOps = []string{"Sum", "Activate", "ActivateGrad", "Drop"}

func (e elementwise) check(d gpu.Device, rows, cols, over int) error {
	rng := random(rows + cols)
	values := make([][]float32, e.operands)
	for n := range values {
		values[n] = normal(rng, rows*cols, 2)
		for i, special := range []float32{0, float32(math.Copysign(0, -1)), 15, -15, 1e30, -1e30, 1e-30} {
			if at := 5*i + n + 3; at < len(values[n]) {
				values[n][at] = special
			}
		}
	}
	return agree(d, func(s *scope) []float32 {
		x := make([]gpu.Matrix, e.operands)
		for n := range x {
			x[n] = s.matrix(rows, cols, values[n])
		}
		var y gpu.Matrix
		if over < 0 {
			y = s.alloc(rows, cols)
		} else {
			y = x[over]
		}
		s.ok(e.compute(s, y, x))
		for n := range x {
			if n != over {
				s.ok(at(same(s.download(x[n]), values[n]), "operand %d", n))
			}
		}
		return s.download(y)
	}, func(i int) float64 {
		x := make([]float64, e.operands)
		for n := range x {
			x[n] = math.Abs(float64(values[n][i]))
		}
		return e.tolerance(x)
	})
}

func sums() []elementwise {
	var out []elementwise
	for _, c := range [][2]float32{{1, 1}, {-.3, 2}, {0, 1}} {
		a, b := math.Abs(float64(c[0])), math.Abs(float64(c[1]))
		out = append(out, elementwise{
			"Sum", fmt.Sprintf("α=%g,β=%g", c[0], c[1]), 2, []int{0, 1},
			func(s *scope, y gpu.Matrix, x []gpu.Matrix) error { return s.Sum(y, x[0], x[1], c[0], c[1]) },
			func(x []float64) float64 { return gamma(3) * (a*x[0] + b*x[1]) },
		})
	}
	return append(out, elementwise{
		"Sum", "α=.7,β=0", 1, []int{0},
		func(s *scope, y gpu.Matrix, x []gpu.Matrix) error { return s.Sum(y, x[0], gpu.Matrix{}, .7, 0) },
		func(x []float64) float64 { return gamma(1) * x[0] },
	})
}

// The error of Φ is relative to 1, not to Φ, so that it may be made of erf as well as of erfc; that of x·φ(x) is below it.
func activations() []elementwise {
	var out []elementwise
	for _, f := range []struct {
		name string
		gpu.Activation
		off float64
	}{{"ReLU", gpu.ReLU, 0}, {"GELU", gpu.GELU, gamma(8)}} {
		out = append(out, elementwise{
			"Activate", f.name, 1, []int{0},
			func(s *scope, y gpu.Matrix, x []gpu.Matrix) error { return s.Activate(y, x[0], f.Activation) },
			func(x []float64) float64 { return f.off * x[0] },
		}, elementwise{
			"ActivateGrad", f.name, 2, []int{1},
			func(s *scope, y gpu.Matrix, x []gpu.Matrix) error { return s.ActivateGrad(y, x[0], x[1], f.Activation) },
			func(x []float64) float64 { return 2 * f.off * x[1] },
		})
	}
	return out
}

// Without a residual there is one product, which is the same everywhere.
func drops() []elementwise {
	var out []elementwise
	for n, rate := range []float32{0, .3, .5, 1 - 0x1p-16} {
		p := gpu.Dropout{Rate: rate, Key: keys[n]}
		scale := float64(p.Scale())
		out = append(out, elementwise{
			"Drop", fmt.Sprintf("rate=%g", rate), 1, []int{0},
			func(s *scope, y gpu.Matrix, x []gpu.Matrix) error { return s.Drop(y, x[0], gpu.Matrix{}, p) },
			func([]float64) float64 { return 0 },
		}, elementwise{
			"Drop", fmt.Sprintf("rate=%g,residual", rate), 2, []int{0, 1},
			func(s *scope, y gpu.Matrix, x []gpu.Matrix) error { return s.Drop(y, x[0], x[1], p) },
			func(x []float64) float64 { return gamma(2) * (scale*x[0] + x[1]) },
		})
	}
	return out
}

func addRowChecks() []Check {
	return sized("AddRow", append(neuralSizes, [2]int{3, 0}), func(d gpu.Device, rows, cols int) error {
		rng := random(cols)
		y, row := normal(rng, rows*cols, 1), normal(rng, cols, 1)
		return agree(d, func(s *scope) []float32 {
			my, mr := s.matrix(rows, cols, y), s.matrix(1, cols, row)
			s.ok(s.AddRow(my, mr))
			s.ok(at(same(s.download(mr), row), "row"))
			return s.download(my)
		}, func(int) float64 { return 0 }) // a sum of two is the same everywhere
	})
}

func columnSumsChecks() []Check {
	out := sized("ColumnSums", append(neuralSizes, [2]int{3, 0}, [2]int{5003, 3}), func(d gpu.Device, rows, cols int) error {
		return columnSums(d, normal(random(rows), rows*cols, 1), cols, gamma(rows+4))
	})
	// A float32 sum of so many equal numbers is off by more, for all roundings go the same way.
	return append(out, Check{"ColumnSums", "long", func(d gpu.Device) error { return columnSums(d, constant(400_000, 1.01), 2, gamma(2048)) }})
}

// columnSums compares the sums of the columns of x; they may be off by that much of Σ|x|.
func columnSums(d gpu.Device, x []float32, cols int, tolerance float64) error {
	sizes := make([]float64, cols)
	for i, v := range absolute(x) {
		sizes[i%cols] += float64(v)
	}
	return agree(d, func(s *scope) []float32 {
		mx, to := s.matrix(len(x)/max(cols, 1), cols, x), s.alloc(1, cols)
		s.ok(s.ColumnSums(to, mx))
		s.ok(at(same(s.download(mx), x), "x"))
		return s.download(to)
	}, func(i int) float64 { return tolerance * sizes[i] })
}

func sized(op string, sizes [][2]int, check func(d gpu.Device, rows, cols int) error) []Check {
	var out []Check
	for _, size := range sizes {
		out = append(out, Check{op, fmt.Sprintf("%dx%d", size[0], size[1]), func(d gpu.Device) error { return check(d, size[0], size[1]) }})
	}
	return out
}

func adamChecks() []Check {
	p := gpu.Adam{Rate: .01, Beta1: .9, Beta2: .999, Epsilon: 1e-8, Decay: .1, Clip: .3, Unbias1: .19, Unbias2: .002}
	return sized("Adam", neuralSizes, func(d gpu.Device, rows, cols int) error { return adam(d, p, rows, cols) })
}

// adam allows every number some roundings; the terms of a sum may be of different signs.
func adam(d gpu.Device, p gpu.Adam, rows, cols int) error {
	n, rng := rows*cols, random(rows+2*cols)
	w, g, m, v := normal(rng, n, 1), normal(rng, n, 1), normal(rng, n, .1), absolute(normal(rng, n, .01))
	for i := 0; i < n; i += 5 { // weights that never had a gradient
		g[i], m[i], v[i] = 0, 0, 0
	}
	b1, b2 := float64(p.Beta1), float64(p.Beta2)
	return agree(d, func(s *scope) []float32 {
		mw, mg, mm, mv := s.matrix(rows, cols, w), s.matrix(rows, cols, g), s.matrix(rows, cols, m), s.matrix(rows, cols, v)
		s.ok(s.Adam(mw, mg, mm, mv, p))
		s.ok(at(same(s.download(mg), g), "gradient"))
		return slices.Concat(s.download(mw), s.download(mm), s.download(mv))
	}, func(i int) float64 {
		j := i % n
		slope := float64(p.Clip) * math.Abs(float64(g[j]))
		first, second := b1*math.Abs(float64(m[j]))+(1-b1)*slope, b2*float64(v[j])+(1-b2)*slope*slope
		switch i / n {
		case 1:
			return gamma(6) * first
		case 2:
			return gamma(6) * second
		}
		weight := math.Abs(float64(w[j]))
		step := first/float64(p.Unbias1)/(math.Sqrt(second/float64(p.Unbias2))+float64(p.Epsilon)) + float64(p.Decay)*weight
		return gamma(2)*weight + gamma(16)*float64(p.Rate)*step
	})
}
