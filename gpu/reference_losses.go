package gpu

import "math"

// losses adds up what positions contribute to a loss and its gradients.
type losses struct {
	dh, de, h, e Matrix
	grads        bool
	counted      int // positions
	total        float64
	sumE         []float64
}

// begin counts the positions that have a target, the first of so many ids each.
func (l *losses) begin(ids []int32, each int) {
	for n := 0; n < len(ids); n += each {
		if ids[n] >= 0 {
			l.counted++
		}
	}
	if l.grads {
		clear(l.dh.Host)
		l.sumE = make([]float64, l.e.Len)
	}
}

// position adds a position's loss, given its derivative by the score of each of these classes.
func (l *losses) position(n int, loss float64, classes []int32, slopes []float64) {
	l.total += loss
	if !l.grads {
		return
	}
	d := l.e.Cols
	dh := make([]float64, d)
	for j, c := range classes {
		g := slopes[j] / float64(l.counted)
		for k, v := range l.e.row(int(c)) {
			dh[k] += g * float64(v)
			l.sumE[int(c)*d+k] += g * float64(l.h.row(n)[k])
		}
	}
	narrow(l.dh.row(n), dh)
}

func (l *losses) end(loss Matrix) error {
	loss.Host[0] = float32(l.total / float64(max(1, l.counted)))
	if l.grads {
		narrow(l.de.Host, l.sumE)
	}
	return nil
}

func (*reference) Softmax(loss, dh, de, h, e Matrix, targets Ints, classes int) error {
	l := losses{dh: dh, de: de, h: h, e: e, grads: CheckSoftmax(loss, dh, de, h, e, targets, classes)}
	l.begin(targets.Host, 1)
	all := make([]int32, classes)
	for c := range all {
		all[c] = int32(c)
	}
	scores := make([]float64, classes)
	for n, t := range targets.Host {
		if t < 0 {
			continue
		}
		for c := range scores {
			scores[c] = inner(h.row(n), e.row(c))
		}
		l.position(n, crossEntropy(scores, int(t)), all, scores)
	}
	return l.end(loss)
}

// crossEntropy is −log softmax(scores)[target]; the scores become its derivatives.
func crossEntropy(scores []float64, target int) float64 {
	top, total := math.Inf(-1), 0.0
	for _, s := range scores {
		top = max(top, s)
	}
	loss := top - scores[target]
	for c, s := range scores {
		scores[c] = math.Exp(s - top)
		total += scores[c]
	}
	for c := range scores {
		scores[c] /= total
	}
	scores[target]--
	return loss + math.Log(total)
}

func (*reference) Sampled(loss, dh, de, h, e Matrix, ids Ints, p Sampling) error {
	l := losses{dh: dh, de: de, h: h, e: e, grads: CheckSampled(loss, dh, de, h, e, ids, p)}
	l.begin(ids.Host, p.Classes)
	for n := range h.Rows {
		mine := ids.Host[n*p.Classes : (n+1)*p.Classes]
		if mine[0] < 0 {
			continue
		}
		var classes []int32
		var scores []float64
		for _, c := range mine {
			if c < 0 {
				continue
			}
			s := inner(h.row(n), e.row(int(c)))
			if p.Bias.Cols != 0 {
				s -= float64(p.Bias.Host[c])
			}
			classes, scores = append(classes, c), append(scores, s)
		}
		var value float64
		if p.Logistic {
			value = logistic(scores, float64(p.Beta), float64(p.Classes))
		} else {
			value = crossEntropy(scores, 0)
		}
		l.position(n, value, classes, scores)
	}
	return l.end(loss)
}

// logistic is (−β·log σ(s₀) − Σ log(1 − σ(s_j)))/c; the scores become its derivatives.
func logistic(scores []float64, beta, c float64) float64 {
	loss := 0.0
	for j, s := range scores {
		sigma := 1 / (1 + math.Exp(-s))
		if j == 0 {
			loss += beta * softplus(-s)
			scores[j] = beta * (sigma - 1) / c
		} else {
			loss += softplus(s)
			scores[j] = sigma / c
		}
	}
	return loss / c
}

// softplus is log(1 + eˣ).
func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }
