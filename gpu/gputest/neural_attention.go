package gputest

import (
	"fmt"
	"math"
	"slices"

	"llm4rec/gpu"
)

// attention is a batch of sequences, and how far off its results may be.
type attention struct {
	gpu.Attention
	width   int
	starts  []int32
	qkv, dy []float32
}

var sequenceLengths = [][]int{{}, {0}, {1}, {2, 0, 17}, {64, 1}, {5, 65, 0, 0, 3}, {200}, {7, 129, 31}}

func attendChecks() []Check {
	return attentionChecks("Attend", func(a *attention, d gpu.Device) error {
		bound, _ := a.bounds()
		return agree(d, func(s *scope) []float32 {
			qkv, y := s.matrix(a.rows(), 3*a.cols(), a.qkv), s.alloc(a.rows(), a.cols())
			s.ok(s.Attend(y, qkv, s.ints(a.starts), a.Attention))
			s.ok(at(same(s.download(qkv), a.qkv), "qkv"))
			return s.download(y)
		}, func(i int) float64 { return bound[i] })
	})
}

func attendGradChecks() []Check {
	return attentionChecks("AttendGrad", func(a *attention, d gpu.Device) error {
		_, bound := a.bounds()
		return agree(d, func(s *scope) []float32 {
			qkv, dy, dqkv := s.matrix(a.rows(), 3*a.cols(), a.qkv), s.matrix(a.rows(), a.cols(), a.dy), s.alloc(a.rows(), 3*a.cols())
			s.ok(s.AttendGrad(dqkv, qkv, dy, s.ints(a.starts), a.Attention))
			s.ok(at(same(s.download(qkv), a.qkv), "qkv"))
			s.ok(at(same(s.download(dy), a.dy), "dy"))
			return s.download(dqkv)
		}, func(i int) float64 { return bound[i] })
	})
}

func attentionChecks(op string, check func(a *attention, d gpu.Device) error) []Check {
	var out []Check
	widths, heads := []int{1, 7, 16, 48, 64, 65}, []int{1, 2, 3}
	for _, lengths := range sequenceLengths {
		for _, causal := range []bool{true, false} {
			for _, rate := range []float32{0, .3} {
				for range 2 {
					n := len(out) // widths and heads take turns, at different paces
					width, heads, sd := widths[n%6], heads[n/2%3], 1.
					if n%5 == 4 { // scores whose exponentials overflow
						sd = 8
					}
					name := fmt.Sprintf("lengths=%v,width=%d,heads=%d,causal=%t,rate=%g,sd=%g", lengths, width, heads, causal, rate, sd)
					out = append(out, Check{op, name, func(d gpu.Device) error {
						a := newAttention(lengths, width, heads, sd)
						a.Causal, a.Dropout = causal, gpu.Dropout{Rate: rate, Key: keys[2]}
						a.Longest += n % 3 * 5 // it need not be reached
						return check(a, d)
					}})
				}
			}
		}
	}
	return out
}

func newAttention(lengths []int, width, heads int, sd float64) *attention {
	a := &attention{width: width, starts: []int32{0}}
	a.Heads = heads
	for _, n := range lengths {
		a.starts, a.Longest = append(a.starts, a.starts[len(a.starts)-1]+int32(n)), max(a.Longest, n)
	}
	rng := random(width + heads)
	a.qkv, a.dy = normal(rng, a.rows()*3*a.cols(), sd), normal(rng, a.rows()*a.cols(), 1)
	return a
}

func (a *attention) rows() int { return int(a.starts[len(a.starts)-1]) }
func (a *attention) cols() int { return a.width * a.Heads }

// part is a head's part of the absolute values of a row: of queries, keys, values, in this order.
func (a *attention) part(x []float32, row, head, which int) []float32 {
	return x[row*len(x)/a.rows()+which*a.cols()+head*a.width:][:a.width]
}

// bounds are how far off y and dqkv may be. Scores that are off by σ make weights off by 2σ, relative; what is made of
// weights is off by as much of the sum of its terms' sizes, but for roundings in sums. Dropped weights count as kept
// ones, for the sake of simplicity.
func (a *attention) bounds() (y, dqkv []float64) {
	qkv, dy := absolute(a.qkv), absolute(a.dy)
	y, dqkv = make([]float64, len(dy)), make([]float64, len(qkv))
	scale, root, d := float64(a.Dropout.Scale()), math.Sqrt(float64(a.width)), a.cols()
	for s := range len(a.starts) - 1 {
		for head := range a.Heads {
			for i := int(a.starts[s]); i < int(a.starts[s+1]); i++ {
				last := int(a.starts[s+1])
				if a.Causal {
					last = i + 1
				}
				keys := last - int(a.starts[s])
				weights, most := make([]float64, keys), 0.0
				for j := range weights {
					row := int(a.starts[s]) + j
					weights[j] = dot(a.part(a.qkv, i, head, 0), a.part(a.qkv, row, head, 1)) / root
					most = max(most, dot(a.part(qkv, i, head, 0), a.part(qkv, row, head, 1))/root)
				}
				softmax(weights)
				rel := 2*(gamma(a.width+2)+gamma(4))*most + gamma(int(a.starts[s+1]-a.starts[s])+a.width+16)
				slope, slopes, mean := a.part(dy, i, head, 0), make([]float64, keys), 0.0
				for j, w := range weights {
					slopes[j] = scale * dot(slope, a.part(qkv, int(a.starts[s])+j, head, 2))
					mean += w * slopes[j]
				}
				for j, w := range weights {
					row := int(a.starts[s]) + j
					ds := 4 * rel * w * (slopes[j] + mean) / root
					q, k, v := a.part(qkv, i, head, 0), a.part(qkv, row, head, 1), a.part(qkv, row, head, 2)
					for l := range a.width {
						at := head*a.width + l
						y[i*d+at] += rel * w * scale * float64(v[l])
						dqkv[i*3*d+at] += ds * float64(k[l])
						dqkv[row*3*d+d+at] += ds * float64(q[l])
						dqkv[row*3*d+2*d+at] += 2 * rel * w * scale * float64(slope[l])
					}
				}
			}
		}
	}
	return y, dqkv
}

// softmax makes weights of scores. What lies below the least of them may be 0 on a device: exponentials lose their digits
// from 2⁻¹²⁶ on, and some devices have none there.
func softmax(x []float64) {
	const least = 0x1p-100
	top, total := slices.Max(x), 0.0
	for j, v := range x {
		x[j] = math.Exp(v - top)
		total += x[j]
	}
	for j := range x {
		x[j] = max(x[j]/total, least)
	}
}
