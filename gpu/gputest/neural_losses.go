package gputest

import (
	"fmt"
	"math"
	"slices"

	"llm4rec/gpu"
)

// lossCase is positions, n×cols, and classes, of×cols.
type lossCase struct {
	n, of, cols int
	h, e        []float32
	negative    int // one of so many targets is negative; 1: all; 0: none
	sd          float64
	gpu.Sampling
	bias []float32
	ids  []int32   // targets of Softmax, or those of Sampling
	each [][]int32 // the classes of every position, the target first
}

func (c *lossCase) name() string {
	return fmt.Sprintf("%d positions,%d of %d classes,cols=%d,negative=%d,sd=%g", c.n, c.Classes, c.of, c.cols, c.negative, c.sd)
}

var lossSizes = []lossCase{
	{n: 0, of: 3, cols: 4, Sampling: gpu.Sampling{Classes: 2}},
	{n: 1, of: 1, cols: 1, Sampling: gpu.Sampling{Classes: 1}, sd: 1},
	{n: 5, of: 7, cols: 16, negative: 1, sd: 1, Sampling: gpu.Sampling{Classes: 7}},
	{n: 2, of: 17, cols: 65, negative: 0, sd: .5, Sampling: gpu.Sampling{Classes: 16}},
	{n: 31, of: 300, cols: 48, negative: 3, sd: .5, Sampling: gpu.Sampling{Classes: 257}},
	{n: 65, of: 1009, cols: 64, negative: 4, sd: .3, Sampling: gpu.Sampling{Classes: 1009}},
	{n: 257, of: 64, cols: 7, negative: 9, sd: .5, Sampling: gpu.Sampling{Classes: 63}},
	{n: 17, of: 70, cols: 64, negative: 5, sd: 4, Sampling: gpu.Sampling{Classes: 65}}, // exponentials overflow
}

func (c lossCase) fill() *lossCase {
	rng := random(c.n + c.of)
	c.h, c.e = normal(rng, c.n*c.cols, c.sd), normal(rng, c.of*c.cols, c.sd)
	return &c
}

func softmaxChecks() []Check {
	var out []Check
	for _, c := range lossSizes {
		for _, grads := range []bool{true, false} {
			out = append(out, Check{"Softmax", fmt.Sprintf("%s,gradients=%t", c.name(), grads), func(d gpu.Device) error {
				c := c.fill()
				rng, all := random(c.cols), make([]int32, c.Classes)
				for j := range all {
					all[j] = int32(j)
				}
				for range c.n {
					target := rng.IntN(c.Classes)
					own := slices.Concat(all[target:target+1], all[:target], all[target+1:])
					if c.negative > 0 && rng.IntN(c.negative) == 0 {
						own[0] = -1 - own[0]
					}
					c.ids, c.each = append(c.ids, own[0]), append(c.each, own)
				}
				return c.check(d, grads, func(s *scope, loss, dh, de, h, e gpu.Matrix, ids gpu.Ints) error {
					return s.Softmax(loss, dh, de, h, e, ids, c.Classes)
				})
			}})
		}
	}
	return out
}

func sampledChecks() []Check {
	var out []Check
	for _, c := range lossSizes {
		for variant, p := range []gpu.Sampling{{}, {Logistic: true, Beta: 1}, {Logistic: true, Beta: .3}, {}, {Logistic: true, Beta: .8}} {
			biased, grads := variant >= 2, variant != 3
			p.Classes = []int{2, 1, 5, 33}[(variant+c.cols)%4]
			c := c
			c.Sampling = p
			name := fmt.Sprintf("%s,logistic=%t,β=%g,bias=%t,gradients=%t", c.name(), p.Logistic, p.Beta, biased, grads)
			out = append(out, Check{"Sampled", name, func(d gpu.Device) error {
				c, rng := c.fill(), random(c.cols)
				if biased {
					c.bias = normal(rng, c.of, 1)
				}
				for range c.n { // few classes: some of them occur many times
					own := make([]int32, p.Classes)
					for j := range own {
						own[j] = int32(math.Pow(rng.Float64(), 3) * float64(c.of))
						if c.negative > 0 && rng.IntN(c.negative) == 0 {
							own[j] = -1 - own[j]
						}
					}
					c.ids, c.each = append(c.ids, own...), append(c.each, own)
				}
				return c.check(d, grads, func(s *scope, loss, dh, de, h, e gpu.Matrix, ids gpu.Ints) error {
					p := p
					if biased {
						p.Bias = s.matrix(c.of, 1, c.bias)
					}
					return s.Sampled(loss, dh, de, h, e, ids, p)
				})
			}})
		}
	}
	return out
}

func (c *lossCase) check(d gpu.Device, grads bool, compute func(s *scope, loss, dh, de, h, e gpu.Matrix, ids gpu.Ints) error) error {
	bound := c.bounds()
	return agree(d, func(s *scope) []float32 {
		h, e, loss := s.matrix(c.n, c.cols, c.h), s.matrix(c.of, c.cols, c.e), s.alloc(1, 1)
		var dh, de gpu.Matrix
		if grads {
			dh, de = s.alloc(c.n, c.cols), s.alloc(c.of, c.cols)
		}
		s.ok(compute(s, loss, dh, de, h, e, s.ints(c.ids)))
		s.ok(at(same(s.download(h), c.h), "H"))
		s.ok(at(same(s.download(e), c.e), "E"))
		return slices.Concat(s.download(loss), s.download(dh), s.download(de))
	}, func(i int) float64 { return bound[i] })
}

// bounds are how far off the loss, dh and de may be. Scores that are off by σ make probabilities off by 2σ, relative, and a
// position's loss off by as much. A derivative p − 1 may be off by what p and 1 may be.
func (c *lossCase) bounds() []float64 {
	bounds := make([]float64, 1+len(c.h)+len(c.e))
	dh, de := bounds[1:1+len(c.h)], bounds[1+len(c.h):]
	counted := 0.0
	for _, ids := range c.each {
		if ids[0] >= 0 {
			counted++
		}
	}
	for n, ids := range c.each {
		if ids[0] < 0 {
			continue
		}
		ids = slices.DeleteFunc(slices.Clone(ids), func(id int32) bool { return id < 0 })
		h := c.h[n*c.cols:][:c.cols]
		sizes, total, most := make([]float64, len(ids)), 1., 0.0 // of the derivatives by scores; of the loss's terms
		for j, id := range ids {
			e := c.e[int(id)*c.cols:][:c.cols]
			bias := 0.0
			if c.bias != nil {
				bias = float64(c.bias[id])
			}
			sizes[j], most = dot(h, e)-bias, max(most, dot(absolute(h), absolute(e))+math.Abs(bias))
		}
		if c.Logistic {
			for j, s := range sizes {
				sizes[j] = 1 / (1 + math.Exp(-s)) / float64(c.Classes)
			}
			sizes[0] = float64(c.Beta) / float64(c.Classes)
			total = (float64(c.Beta) + float64(len(ids)-1)) / float64(c.Classes)
		} else {
			softmax(sizes)
			sizes[0]++
		}
		rel := 2*(gamma(c.cols+2)+gamma(4))*most + gamma(len(ids)+16)
		bounds[0] += total * (rel + gamma(c.n+len(ids)+8)*(2*most+math.Log(float64(len(ids)))+1)) / counted
		for j, id := range ids {
			for l, v := range h {
				dh[n*c.cols+l] += 2 * rel * sizes[j] * math.Abs(float64(c.e[int(id)*c.cols+l])) / counted
				de[int(id)*c.cols+l] += 2 * (rel + gamma(c.n)) * sizes[j] * math.Abs(float64(v)) / counted
			}
		}
	}
	return bounds
}
