//go:build cgo

package gpu

// #include "neural.h"
import "C"

import (
	"cmp"
	"slices"
)

// inStep is how many sequences go along together: enough for the products, few enough for all cores to have some.
const inStep = 16

// recurrent calls f for blocks of sequences of about one length, on all cores.
func recurrent(u, bias Matrix, starts Ints, sequences int, f func(s C.llm4rec_sequences, w []float32)) error {
	if u.Rows == 0 {
		return nil
	}
	order := make([]int32, sequences)
	for s := range order {
		order[s] = int32(s)
	}
	length := func(s int32) int32 { return starts.Host[s+1] - starts.Host[s] }
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(length(b), length(a)) })
	return spread(sequences, inStep, func(lo, hi int) {
		w, free := workspace(int(C.llm4rec_recur_workspace(C.int(hi-lo), C.int(u.Rows))))
		defer free()
		f(C.llm4rec_sequences{
			u: floats(u.Host), bias: floats(bias.Host), starts: ints(starts.Host), order: ints(order[lo:]), count: C.int(hi - lo),
			d: C.int(u.Rows),
		}, w)
	})
}

func (*cpu) Recur(y, x, u, bias Matrix, starts Ints) error {
	sequences := CheckRecur(y, x, u, bias, starts)
	return recurrent(u, bias, starts, sequences, func(s C.llm4rec_sequences, w []float32) {
		C.llm4rec_recur(floats(y.Host), floats(x.Host), s, floats(w))
	})
}

// RecurGrad knows all states beforehand: only what the gradient by a state owes to later ones has to wait for them. The
// rest, h·U and hᵀ·da, are products of all rows.
func (d *cpu) RecurGrad(dx, du, dbias, x, u, bias, y, dy Matrix, starts Ints) error {
	sequences := CheckRecurGrad(dx, du, dbias, x, u, bias, y, dy, starts)
	states, freeStates := workspace(y.Len)
	defer freeStates()
	slopes, freeSlopes := workspace(x.Len)
	defer freeSlopes()
	h, da := OnHost(y.Rows, y.Cols, states), OnHost(x.Rows, x.Cols, slopes)
	for s := range sequences {
		first, end := int(starts.Host[s])*y.Cols, int(starts.Host[s+1])*y.Cols
		if first < end {
			clear(states[first : first+y.Cols])
			copy(states[first+y.Cols:end], y.Host[first:])
		}
	}
	return cmp.Or(
		d.Gemm(da.Tile(), h.Tile(), u.Tile(), 1, 0, 1),
		recurrent(u, bias, starts, sequences, func(s C.llm4rec_sequences, w []float32) {
			C.llm4rec_recur_grad(floats(dx.Host), floats(da.Host), floats(x.Host), floats(h.Host), floats(dy.Host), s, floats(w))
		}),
		d.Gemm(du.Tile(), h.Tile().T(), da.Tile(), 1, 0, 1),
		d.ColumnSums(dbias, da))
}
