package gputest

import (
	"math"
	"slices"

	"llm4rec/gpu"
)

const normEpsilon = 1e-5

var normSizes = [][2]int{{0, 3}, {1, 1}, {5, 7}, {3, 16}, {33, 48}, {130, 64}, {257, 65}, {2, 1031}, {700, 17}}

func layerNormChecks() []Check {
	return sized("LayerNorm", normSizes, func(d gpu.Device, rows, cols int) error {
		n := newNorm(rows, cols)
		return agree(d, func(s *scope) []float32 {
			x, gain, bias, y := s.matrix(rows, cols, n.x), s.matrix(1, cols, n.gain), s.matrix(1, cols, n.bias), s.alloc(rows, cols)
			s.ok(s.LayerNorm(y, x, gain, bias, normEpsilon))
			s.ok(at(same(s.download(x), n.x), "x"))
			return s.download(y)
		}, func(i int) float64 {
			gain, bias := math.Abs(float64(n.gain[i%cols])), math.Abs(float64(n.bias[i%cols]))
			return gain*n.off[i] + gamma(4)*(gain*math.Abs(n.hat[i])+bias)
		})
	})
}

func layerNormGradChecks() []Check {
	return sized("LayerNormGrad", normSizes, func(d gpu.Device, rows, cols int) error {
		n := newNorm(rows, cols)
		return agree(d, func(s *scope) []float32 {
			x, gain, dy := s.matrix(rows, cols, n.x), s.matrix(1, cols, n.gain), s.matrix(rows, cols, n.dy)
			dx, dgain, dbias := s.alloc(rows, cols), s.alloc(1, cols), s.alloc(1, cols)
			s.ok(s.LayerNormGrad(dx, dgain, dbias, x, gain, dy, normEpsilon))
			s.ok(at(same(s.download(x), n.x), "x"))
			s.ok(at(same(s.download(dy), n.dy), "dy"))
			return slices.Concat(s.download(dx), s.download(dgain), s.download(dbias))
		}, n.gradients())
	})
}

// norm is a layer normalisation and how far off it may be.
type norm struct {
	rows, cols        int
	x, gain, bias, dy []float32
	hat, off          []float64 // x̂ and a bound of its error
	scale, rel        []float64 // 1/√(variance + ε) of every row, and a bound of its relative error
}

// newNorm has rows of different mean and spread, and one of equal numbers. An error of δ in mean and differences is one of
// δ·scale, relative, in scale, and thereby one of δ·scale·(1 + |x̂|) in x̂.
func newNorm(rows, cols int) *norm {
	rng := random(31*rows + cols)
	n := &norm{
		rows: rows, cols: cols, x: normal(rng, rows*cols, 1), gain: normal(rng, cols, 1), bias: normal(rng, cols, 1), dy: normal(rng, rows*cols, 1),
	}
	for r := range rows {
		row, mean, variance, most := n.x[r*cols:(r+1)*cols], 0.0, 0.0, 0.0
		for c := range row {
			row[c] = row[c]*[]float32{1, .1, 30, 0}[r%4] + []float32{0, 3, -2}[r%3]
			mean += float64(row[c]) / float64(cols)
			most = max(most, math.Abs(float64(row[c])))
		}
		for _, v := range row {
			variance += square(float64(v)-mean) / float64(cols)
		}
		scale := 1 / math.Sqrt(variance+normEpsilon)
		rel := 2*gamma(cols+2)*most*scale + gamma(cols+8)
		n.scale, n.rel = append(n.scale, scale), append(n.rel, rel)
		for _, v := range row {
			hat := (float64(v) - mean) * scale
			n.hat, n.off = append(n.hat, hat), append(n.off, rel*(1+math.Abs(hat)))
		}
	}
	return n
}

// gradients bounds the errors of dx = scale·(g − mean(g) − x̂·mean(g·x̂)), g = gain·dy, Σ dy·x̂ and Σ dy.
func (n *norm) gradients() func(i int) float64 {
	dx, dgain, dbias := make([]float64, 0, len(n.x)), make([]float64, n.cols), make([]float64, n.cols)
	for r := range n.rows {
		var g, gx, goff float64 // the means of |g|, |g·x̂|, and of |g| times the error of x̂
		each := func(f func(i, c int, slope float64)) {
			for c := range n.cols {
				i := r*n.cols + c
				f(i, c, math.Abs(float64(n.dy[i])))
			}
		}
		each(func(i, c int, slope float64) {
			dgain[c] += slope * (n.off[i] + gamma(n.rows+4)*math.Abs(n.hat[i]))
			dbias[c] += slope * gamma(n.rows+4)
			slope *= math.Abs(float64(n.gain[c])) / float64(n.cols)
			g, gx, goff = g+slope, gx+slope*math.Abs(n.hat[i]), goff+slope*n.off[i]
		})
		each(func(i, c int, slope float64) {
			slope *= math.Abs(float64(n.gain[c]))
			hat := math.Abs(n.hat[i])
			dx = append(dx, 2*n.scale[r]*(n.rel[r]*(slope+g+hat*gx)+n.off[i]*gx+hat*goff))
		})
	}
	all := slices.Concat(dx, dgain, dbias)
	return func(i int) float64 { return all[i] }
}
