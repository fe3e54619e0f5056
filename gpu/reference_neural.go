package gpu

import "math"

func (*reference) Sum(y, a, b Matrix, alpha, beta float32) error {
	CheckSum(y, a, b, beta)
	for i := range y.Host {
		x := float64(alpha) * float64(a.Host[i])
		if beta != 0 {
			x += float64(beta) * float64(b.Host[i])
		}
		y.Host[i] = float32(x)
	}
	return nil
}

func (*reference) AddRow(y, row Matrix) error {
	CheckRow(row, y)
	for r := range y.Rows {
		for c, v := range row.Host {
			y.row(r)[c] += v
		}
	}
	return nil
}

func (*reference) ColumnSums(dst, x Matrix) error {
	CheckRow(dst, x)
	for c := range dst.Host {
		sum := 0.0
		for r := range x.Rows {
			sum += float64(x.Host[r*x.Cols+c])
		}
		dst.Host[c] = float32(sum)
	}
	return nil
}

func (*reference) Activate(y, x Matrix, f Activation) error {
	CheckSame(y, x)
	for i, v := range x.Host {
		y.Host[i] = float32(f.value(float64(v)))
	}
	return nil
}

func (*reference) ActivateGrad(dx, x, dy Matrix, f Activation) error {
	CheckSame(dx, x)
	CheckSame(dx, dy)
	for i, v := range x.Host {
		dx.Host[i] = float32(f.slope(float64(v)) * float64(dy.Host[i]))
	}
	return nil
}

func (f Activation) value(x float64) float64 {
	if f == ReLU {
		return max(x, 0)
	}
	return x * normalCDF(x)
}

func (f Activation) slope(x float64) float64 {
	switch {
	case f == GELU:
		return normalCDF(x) + x*math.Exp(-x*x/2)/math.Sqrt(2*math.Pi)
	case x > 0:
		return 1
	default:
		return 0
	}
}

// normalCDF is Φ, the distribution function of the normal distribution.
func normalCDF(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }

// keeps says whether dropout keeps element n.
func (d Dropout) keeps(n int) bool {
	word := d.Key.Philox(uint64(n) / 8)[n%8/2]
	return int(word>>(16*(n%2))&0xffff) >= d.Threshold()
}

// factor is what dropout multiplies element n by.
func (d Dropout) factor(n int) float64 {
	switch {
	case d.Threshold() == 0:
		return 1
	case d.keeps(n):
		return float64(d.Scale())
	default:
		return 0
	}
}

func (*reference) Drop(y, x, r Matrix, p Dropout) error {
	CheckDrop(y, x, r, p)
	forRows(y.Rows, func(row int) {
		for i := row * y.Cols; i < (row+1)*y.Cols; i++ {
			v := p.factor(i) * float64(x.Host[i])
			if r.Cols != 0 {
				v += float64(r.Host[i])
			}
			y.Host[i] = float32(v)
		}
	})
	return nil
}

// moments are the mean of a row and 1/√(variance + ε).
func moments(row []float32, epsilon float32) (mean, scale float64) {
	for _, v := range row {
		mean += float64(v)
	}
	mean /= float64(len(row))
	variance := 0.0
	for _, v := range row {
		variance += (float64(v) - mean) * (float64(v) - mean)
	}
	return mean, 1 / math.Sqrt(variance/float64(len(row))+float64(epsilon))
}

func (*reference) LayerNorm(y, x, gain, bias Matrix, epsilon float32) error {
	CheckSame(y, x)
	CheckRow(gain, x)
	CheckRow(bias, x)
	for r := range x.Rows {
		mean, scale := moments(x.row(r), epsilon)
		for c, v := range x.row(r) {
			y.row(r)[c] = float32((float64(v)-mean)*scale*float64(gain.Host[c]) + float64(bias.Host[c]))
		}
	}
	return nil
}

// With x̂ the normalised row and g = gain·dy, dx = scale·(g − mean(g) − x̂·mean(g·x̂)).
func (*reference) LayerNormGrad(dx, dgain, dbias, x, gain, dy Matrix, epsilon float32) error {
	CheckSame(dx, x)
	CheckSame(dy, x)
	for _, row := range []Matrix{dgain, dbias, gain} {
		CheckRow(row, x)
	}
	sumGain, sumBias := make([]float64, x.Cols), make([]float64, x.Cols)
	for r := range x.Rows {
		mean, scale := moments(x.row(r), epsilon)
		var g, gx float64
		for c, v := range x.row(r) {
			d, hat := float64(dy.row(r)[c]), (float64(v)-mean)*scale
			sumGain[c] += d * hat
			sumBias[c] += d
			g += d * float64(gain.Host[c])
			gx += d * float64(gain.Host[c]) * hat
		}
		n := float64(x.Cols)
		for c, v := range x.row(r) {
			d, hat := float64(dy.row(r)[c]), (float64(v)-mean)*scale
			dx.row(r)[c] = float32(scale * (d*float64(gain.Host[c]) - g/n - hat*gx/n))
		}
	}
	for c := range sumGain {
		dgain.Host[c], dbias.Host[c] = float32(sumGain[c]), float32(sumBias[c])
	}
	return nil
}

func (*reference) Adam(w, g, m, v Matrix, p Adam) error {
	for _, x := range []Matrix{g, m, v} {
		CheckSame(w, x)
	}
	b1, b2 := float64(p.Beta1), float64(p.Beta2)
	for i := range w.Host {
		d := float64(g.Host[i]) * float64(p.Clip)
		first, second := b1*float64(m.Host[i])+(1-b1)*d, b2*float64(v.Host[i])+(1-b2)*d*d
		step := first / float64(p.Unbias1) / (math.Sqrt(second/float64(p.Unbias2)) + float64(p.Epsilon))
		w.Host[i] -= float32(float64(p.Rate) * (step + float64(p.Decay)*float64(w.Host[i])))
		m.Host[i], v.Host[i] = float32(first), float32(second)
	}
	return nil
}
