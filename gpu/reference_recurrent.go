package gpu

import "math"

// gates are element l of a recurrent unit's gates in a row; inner is what the reset multiplies.
type gates struct{ reset, update, candidate, inner float64 }

// gatesOf computes them from the state before the row.
func gatesOf(x, u, bias Matrix, h []float32, row, l int) gates {
	d := u.Rows
	var input, state [3]float64
	for which := range 3 {
		col := which*d + l
		input[which], state[which] = float64(x.row(row)[col]), float64(bias.Host[col])
		for i, v := range h {
			state[which] += float64(v) * float64(u.row(i)[col])
		}
	}
	g := gates{reset: sigmoid(input[0] + state[0]), update: sigmoid(input[1] + state[1]), inner: state[2]}
	g.candidate = math.Tanh(input[2] + g.reset*g.inner)
	return g
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// before is the state before a row of a sequence.
func before(y Matrix, row, first int) []float32 {
	if row == first {
		return make([]float32, y.Cols)
	}
	return y.row(row - 1)
}

func (*reference) Recur(y, x, u, bias Matrix, starts Ints) error {
	forRows(CheckRecur(y, x, u, bias, starts), func(s int) {
		first := int(starts.Host[s])
		for row := first; row < int(starts.Host[s+1]); row++ {
			h := before(y, row, first)
			for l := range y.Cols {
				g := gatesOf(x, u, bias, h, row, l)
				y.row(row)[l] = float32((1-g.update)*g.candidate + g.update*float64(h[l]))
			}
		}
	})
	return nil
}

// From the last row to the first, with g the gradient by the state after it: dn = g·(1 − z)·(1 − n²) by the candidate's
// argument, dz = g·(h − n)·z·(1 − z), dr = dn·(h·U_n + b_n)·r·(1 − r). With da = (dr, dz, dn·r), the gradient by h·U + b,
// du = Σ hᵀ·da, dbias = Σ da, and the gradient by h is g·z + da·Uᵀ.
func (*reference) RecurGrad(dx, du, dbias, x, u, bias, y, dy Matrix, starts Ints) error {
	d := y.Cols
	byU, byBias := make([]float64, du.Len), make([]float64, dbias.Len)
	for s := range CheckRecurGrad(dx, du, dbias, x, u, bias, y, dy, starts) {
		first, carried := int(starts.Host[s]), make([]float64, d)
		for row := int(starts.Host[s+1]) - 1; row >= first; row-- {
			h, da := before(y, row, first), make([]float64, 3*d)
			for l := range d {
				g, slope := gatesOf(x, u, bias, h, row, l), carried[l]+float64(dy.row(row)[l])
				dn := slope * (1 - g.update) * (1 - g.candidate*g.candidate)
				da[l] = dn * g.inner * g.reset * (1 - g.reset)
				da[d+l] = slope * (float64(h[l]) - g.candidate) * g.update * (1 - g.update)
				da[2*d+l] = dn * g.reset
				carried[l] = slope * g.update
				dx.row(row)[l], dx.row(row)[d+l], dx.row(row)[2*d+l] = float32(da[l]), float32(da[d+l]), float32(dn)
			}
			for col, v := range da {
				byBias[col] += v
				for i := range d {
					byU[i*3*d+col] += float64(h[i]) * v
					carried[i] += float64(u.row(i)[col]) * v
				}
			}
		}
	}
	narrow(du.Host, byU)
	narrow(dbias.Host, byBias)
	return nil
}
