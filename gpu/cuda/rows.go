//go:build nvidia

package cuda

import (
	"llm4rec/gpu"
)

func (d *device) Gather(dst, src gpu.Matrix, rows gpu.Ints) error {
	gpu.CheckRows(dst, src, rows)
	return d.do(func() error {
		return d.launch("gather", each(dst.Len), dst.Addr, src.Addr, rows.Addr, rows.Len, dst.Cols)
	})
}

func (d *device) ScatterAdd(dst, src gpu.Matrix, rows gpu.Ints) error {
	gpu.CheckRows(src, dst, rows)
	if rows.Len == 0 || dst.Len == 0 {
		return nil
	}
	return d.do(func() error {
		return d.listed(rows, dst.Rows, func(order, starts uintptr) error {
			return d.launch("scatter_add", blocks(dst.Rows, 128), dst.Addr, src.Addr, order, starts, dst.Cols)
		})
	})
}

// listed calls f with a list for each of so many rows: list r, order[starts[r]] … order[starts[r + 1] − 1], holds where r
// stands in rows. What f launches has to sort it.
func (d *device) listed(rows gpu.Ints, of int, f func(order, starts uintptr) error) error {
	n := rows.Len
	return d.with([]int{4 * of, 4 * (of + 1), 4 * of, 4 * n}, func(memory []uintptr) error {
		counts, starts, next, order := memory[0], memory[1], memory[2], memory[3]
		if err := d.set(counts, 0, of); err != nil {
			return err
		}
		if err := d.launch("scatter_count", each(n), counts, rows.Addr, n); err != nil {
			return err
		}
		if err := d.launch("scan", blocks(1, 1024), starts, next, counts, of); err != nil {
			return err
		}
		if err := d.launch("scatter_place", each(n), order, next, rows.Addr, n); err != nil {
			return err
		}
		return f(order, starts)
	})
}

// topkBytes is the most workspace that a launch of top-k takes, if one row does not need more.
const topkBytes = 256 << 20

func (d *device) TopK(ids gpu.Ints, scores, x gpu.Matrix, exclude *gpu.Sparse) error {
	k := gpu.CheckTopK(ids, scores, x, exclude)
	if k == 0 || x.Rows == 0 {
		return nil
	}
	var indptr, indices uintptr
	if exclude != nil {
		indptr, indices = exclude.Indptr.Addr, exclude.Indices.Addr
	}
	atOnce := min(x.Rows, max(1, topkBytes/(8*(x.Cols+k))))
	return d.do(func() error {
		return d.with([]int{8 * atOnce * x.Cols, 8 * atOnce * k}, func(memory []uintptr) error {
			for first := 0; first < x.Rows; first += atOnce {
				err := d.launch("topk", blocks(min(atOnce, x.Rows-first), threads), ids.Addr, scores.Addr, x.Addr, indptr, indices,
					memory[0], memory[1], first, x.Cols, k)
				if err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func (d *device) Uniform(dst gpu.Matrix, k gpu.Key) error {
	return d.do(func() error { return d.launch("uniform", each((dst.Len+3)/4), dst.Addr, dst.Len, k.Seed, k.Stream) })
}

func (d *device) Normal(dst gpu.Matrix, sd float32, k gpu.Key) error {
	return d.do(func() error {
		return d.launch("normal", each((dst.Len+3)/4), dst.Addr, dst.Len, float64(sd), k.Seed, k.Stream)
	})
}

// partials is how many blocks share a sum, at most. Their parts are added up on the host, in order.
const partials = 1024

// sum adds up what so many blocks of a kernel leave in partial.
func (d *device) sum(blocks int, kernel func(partial uintptr) error) (total float64, err error) {
	err = d.do(func() error {
		return d.with([]int{8 * blocks}, func(memory []uintptr) error {
			if err := kernel(memory[0]); err != nil {
				return err
			}
			parts := make([]float64, blocks)
			if err := download(d, parts, memory[0]); err != nil {
				return err
			}
			for _, p := range parts {
				total += p
			}
			return nil
		})
	})
	return total, err
}

func (d *device) SquaredNorm(x, weights gpu.Matrix) (float64, error) {
	gpu.CheckWeights(x, weights)
	parts := min(partials, (x.Len+threads-1)/threads)
	return d.sum(parts, func(partial uintptr) error {
		return d.launch("squared_norm", blocks(parts, threads), partial, x.Addr, weights.Addr, x.Rows, x.Cols)
	})
}
