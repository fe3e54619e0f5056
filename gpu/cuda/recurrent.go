//go:build nvidia

package cuda

import "llm4rec/gpu"

func (d *device) Recur(y, x, u, bias gpu.Matrix, starts gpu.Ints) error {
	sequences := gpu.CheckRecur(y, x, u, bias, starts)
	return d.do(func() error {
		return d.launch("recur", blocks(sequences, threads), y.Addr, x.Addr, u.Addr, bias.Addr, starts.Addr, y.Cols)
	})
}

// RecurGrad knows all states beforehand: only what the gradient by a state owes to later ones has to wait for them. The
// rest, h·U and hᵀ·da, are products of all rows.
func (d *device) RecurGrad(dx, du, dbias, x, u, bias, y, dy gpu.Matrix, starts gpu.Ints) error {
	sequences := gpu.CheckRecurGrad(dx, du, dbias, x, u, bias, y, dy, starts)
	rows, cols := y.Rows, y.Cols
	return d.do(func() error {
		if rows == 0 || cols == 0 {
			if err := d.set(du.Addr, 0, du.Len); err != nil {
				return err
			}
			return d.set(dbias.Addr, 0, dbias.Len)
		}
		return d.with([]int{4 * y.Len, 4 * x.Len, 4 * sequences * cols}, func(memory []uintptr) error {
			h, da, carried := memory[0], memory[1], memory[2]
			states, slopes := factor{at: h, stride: cols}, factor{at: da, stride: 3 * cols}
			if err := d.launch("states_before", blocks(sequences, threads), h, y.Addr, starts.Addr, cols); err != nil {
				return err
			}
			if err := d.blas.gemm(slopes, states, factor{at: u.Addr, stride: 3 * cols}, rows, 3*cols, cols, 1, 0, 1); err != nil {
				return err
			}
			if err := d.launch("recur_grad", blocks(sequences, threads), dx.Addr, da, carried, x.Addr, u.Addr, bias.Addr, h, dy.Addr,
				starts.Addr, cols); err != nil {
				return err
			}
			states.trans = true
			if err := d.blas.gemm(factor{at: du.Addr, stride: 3 * cols}, states, slopes, cols, 3*cols, rows, 1, 0, 1); err != nil {
				return err
			}
			return d.sumColumns(dbias.Addr, da, columnsOf(x))
		})
	})
}
