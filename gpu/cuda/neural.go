//go:build nvidia

package cuda

import "llm4rec/gpu"

func (d *device) Sum(y, a, b gpu.Matrix, alpha, beta float32) error {
	gpu.CheckSum(y, a, b, beta)
	return d.do(func() error {
		return d.launch("add_scaled", each(y.Len), y.Addr, a.Addr, b.Addr, y.Len, float64(alpha), float64(beta))
	})
}

func (d *device) AddRow(y, row gpu.Matrix) error {
	gpu.CheckRow(row, y)
	return d.do(func() error { return d.launch("add_row", each(y.Len), y.Addr, row.Addr, y.Len, y.Cols) })
}

func (d *device) Activate(y, x gpu.Matrix, f gpu.Activation) error {
	gpu.CheckSame(y, x)
	return d.do(func() error { return d.launch("activate", each(y.Len), y.Addr, x.Addr, y.Len, int(f)) })
}

func (d *device) ActivateGrad(dx, x, dy gpu.Matrix, f gpu.Activation) error {
	gpu.CheckSame(dx, x)
	gpu.CheckSame(dx, dy)
	return d.do(func() error { return d.launch("activate_grad", each(dx.Len), dx.Addr, x.Addr, dy.Addr, dx.Len, int(f)) })
}

func (d *device) Drop(y, x, r gpu.Matrix, p gpu.Dropout) error {
	gpu.CheckDrop(y, x, r, p)
	return d.do(func() error {
		return d.launch("drop", each((y.Len+7)/8), y.Addr, x.Addr, r.Addr, y.Len, p.Threshold(), float64(p.Scale()), p.Key.Seed, p.Key.Stream)
	})
}

func (d *device) Adam(w, g, m, v gpu.Matrix, p gpu.Adam) error {
	for _, x := range []gpu.Matrix{g, m, v} {
		gpu.CheckSame(w, x)
	}
	return d.do(func() error {
		return d.launch("adam", each(w.Len), w.Addr, g.Addr, m.Addr, v.Addr, w.Len, float64(p.Rate), float64(p.Beta1), float64(p.Beta2),
			float64(p.Epsilon), float64(p.Decay), float64(p.Clip), float64(p.Unbias1), float64(p.Unbias2))
	})
}

// columns is how the sums of columns are shared: parts of so many rows each, the last of which may have fewer.
type columns struct{ rows, cols, parts, size int }

// Parts are few enough for the one thread that adds up a column's, and rows enough for the block that makes one.
func columnsOf(x gpu.Matrix) columns {
	size := max(128, (x.Rows+1023)/1024)
	return columns{x.Rows, x.Cols, (x.Rows + size - 1) / size, size}
}

func (c columns) grid() grid { return grid{(c.cols + 31) / 32, c.parts, threads} }
func (c columns) bytes() int { return 8 * c.parts * c.cols }

func (d *device) ColumnSums(dst, x gpu.Matrix) error {
	gpu.CheckRow(dst, x)
	return d.do(func() error { return d.sumColumns(dst.Addr, x.Addr, columnsOf(x)) })
}

func (d *device) sumColumns(dst, x uintptr, c columns) error {
	return d.with([]int{c.bytes()}, func(memory []uintptr) error {
		if err := d.launch("column_parts", c.grid(), memory[0], x, c.rows, c.cols, c.size); err != nil {
			return err
		}
		return d.launch("column_finish", each(c.cols), dst, memory[0], c.parts, c.cols)
	})
}

func (d *device) LayerNorm(y, x, gain, bias gpu.Matrix, epsilon float32) error {
	gpu.CheckSame(y, x)
	gpu.CheckRow(gain, x)
	gpu.CheckRow(bias, x)
	return d.do(func() error {
		return d.launch("layer_norm", each(32*x.Rows), y.Addr, x.Addr, gain.Addr, bias.Addr, x.Rows, x.Cols, float64(epsilon))
	})
}

func (d *device) LayerNormGrad(dx, dgain, dbias, x, gain, dy gpu.Matrix, epsilon float32) error {
	gpu.CheckSame(dx, x)
	gpu.CheckSame(dy, x)
	for _, row := range []gpu.Matrix{dgain, dbias, gain} {
		gpu.CheckRow(row, x)
	}
	c := columnsOf(x)
	return d.do(func() error {
		return d.with([]int{8 * x.Rows, c.bytes(), c.bytes()}, func(memory []uintptr) error {
			moments, gains, biases := memory[0], memory[1], memory[2]
			if err := d.launch("layer_norm_grad", each(32*x.Rows), dx.Addr, moments, x.Addr, gain.Addr, dy.Addr, x.Rows, x.Cols,
				float64(epsilon)); err != nil {
				return err
			}
			if err := d.launch("layer_norm_parts", c.grid(), gains, biases, x.Addr, moments, dy.Addr, x.Rows, x.Cols, c.size); err != nil {
				return err
			}
			if err := d.launch("column_finish", each(x.Cols), dgain.Addr, gains, c.parts, x.Cols); err != nil {
				return err
			}
			return d.launch("column_finish", each(x.Cols), dbias.Addr, biases, c.parts, x.Cols)
		})
	})
}
