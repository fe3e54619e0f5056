package gpu

import "math"

// head is one head of one sequence.
type head struct {
	qkv          Matrix
	first, count int // rows
	number, wide int
	p            Attention
}

// forHeads calls f for every head of every sequence. They do not depend on each other.
func forHeads(width int, qkv Matrix, starts Ints, p Attention, f func(h head)) {
	sequences := starts.Len - 1
	forRows(sequences*p.Heads, func(n int) {
		s := n / p.Heads
		f(head{qkv, int(starts.Host[s]), int(starts.Host[s+1] - starts.Host[s]), n % p.Heads, width, p})
	})
}

// part is the head's part of a row: which = 0 is the query, 1 the key, 2 the value.
func (h head) part(m Matrix, row, which int) []float32 {
	d := h.wide * h.p.Heads
	from := (h.first+row)*m.Cols + which*d + h.number*h.wide
	return m.Host[from : from+h.wide]
}

// weights are softmax(q·kᵀ/√width) of query i over the keys that it sees, and what dropout multiplies them by.
func (h head) weights(i int) (weights, factors []float64) {
	seen := h.count
	if h.p.Causal {
		seen = i + 1
	}
	weights, factors = make([]float64, seen), make([]float64, seen)
	top, total := math.Inf(-1), 0.0
	for j := range weights {
		weights[j] = inner(h.part(h.qkv, i, 0), h.part(h.qkv, j, 1)) / math.Sqrt(float64(h.wide))
		top = max(top, weights[j])
		factors[j] = h.p.Dropout.factor(((h.first+i)*h.p.Heads+h.number)*h.p.Width() + j)
	}
	for j := range weights {
		weights[j] = math.Exp(weights[j] - top)
		total += weights[j]
	}
	for j := range weights {
		weights[j] /= total
	}
	return weights, factors
}

func (*reference) Attend(y, qkv Matrix, starts Ints, p Attention) error {
	width, _ := CheckAttend(y, qkv, starts, p)
	forHeads(width, qkv, starts, p, func(h head) {
		for i := range h.count {
			weights, factors := h.weights(i)
			sum := make([]float64, width)
			for j, w := range weights {
				for l, v := range h.part(qkv, j, 2) {
					sum[l] += w * factors[j] * float64(v)
				}
			}
			narrow(h.part(y, i, 0), sum)
		}
	})
	return nil
}

// With w the weights, f the factors and s the scores before the softmax: dv_j = Σ_i w·f·dy_i; dw = f·dy_i·v_j;
// ds = w·(dw − Σ_j w·dw); dq_i = Σ_j ds·k_j/√width; dk_j = Σ_i ds·q_i/√width.
func (*reference) AttendGrad(dqkv, qkv, dy Matrix, starts Ints, p Attention) error {
	width, _ := CheckAttend(dy, qkv, starts, p)
	CheckSame(dqkv, qkv)
	forHeads(width, qkv, starts, p, func(h head) {
		dk, dv := make([][]float64, h.count), make([][]float64, h.count)
		for j := range h.count {
			dk[j], dv[j] = make([]float64, width), make([]float64, width)
		}
		for i := range h.count {
			weights, factors := h.weights(i)
			q, dq, d := h.part(qkv, i, 0), make([]float64, width), h.part(dy, i, 0)
			dw, mean := make([]float64, len(weights)), 0.0
			for j, w := range weights {
				dw[j] = factors[j] * inner(d, h.part(qkv, j, 2))
				mean += w * dw[j]
				for l, v := range d {
					dv[j][l] += w * factors[j] * float64(v)
				}
			}
			for j, w := range weights {
				ds := w * (dw[j] - mean) / math.Sqrt(float64(width))
				for l, k := range h.part(qkv, j, 1) {
					dq[l] += ds * float64(k)
					dk[j][l] += ds * float64(q[l])
				}
			}
			narrow(h.part(dqkv, i, 0), dq)
		}
		for j := range h.count {
			narrow(h.part(dqkv, j, 1), dk[j])
			narrow(h.part(dqkv, j, 2), dv[j])
		}
	})
	return nil
}

// narrow rounds to float32.
func narrow(dst []float32, src []float64) {
	for l, v := range src {
		dst[l] = float32(v)
	}
}
