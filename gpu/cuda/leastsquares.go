//go:build nvidia

package cuda

import (
	"context"

	"llm4rec/gpu"
)

func (d *device) LeastSquares(ctx context.Context, x gpu.Matrix, r gpu.Sparse, y gpu.Matrix, p gpu.Equations) error {
	gpu.CheckLeastSquares(x, r, y, p)
	if err := ctx.Err(); err != nil || x.Len == 0 {
		return err
	}
	if p.Steps == 0 {
		return d.do(func() error {
			return d.solving("row", x.Cols, func() error { return d.exact(ctx, x, r, y, p) })
		})
	}
	return d.do(func() error {
		if err := checkWidth(x.Cols); err != nil {
			return err
		}
		return d.conjugate(ctx, x, r, y, p)
	})
}

// exactBytes is the most memory of normal matrices at a time, if one does not need more.
const exactBytes = 256 << 20

const tile = 64 // of a normal matrix

func (d *device) exact(ctx context.Context, x gpu.Matrix, r gpu.Sparse, y gpu.Matrix, p gpu.Equations) error {
	f := x.Cols
	atOnce := min(x.Rows, max(1, exactBytes/(4*f*f)), 1<<15) // a grid is at most 2¹⁶−1 high
	return d.with([]int{4 * f * f * atOnce}, func(memory []uintptr) error {
		a := memory[0]
		tiles := (f + tile - 1) / tile
		tiles = tiles * (tiles + 1) / 2
		for first := 0; first < x.Rows; first += atOnce {
			if err := ctx.Err(); err != nil {
				return err
			}
			rows, b := min(atOnce, x.Rows-first), x.Addr+uintptr(4*first*f)
			if err := d.launch("normal_matrix", grid{tiles, rows, threads}, a, p.Gram.Addr, p.Lambda.Addr, r.Indptr.Addr, r.Indices.Addr,
				r.Values.Addr, y.Addr, first, f, float64(p.Alpha)); err != nil {
				return err
			}
			if err := d.launch("right_side", blocks(rows, threads), b, r.Indptr.Addr, r.Indices.Addr, r.Values.Addr, y.Addr, first, f,
				float64(p.Alpha), float64(p.Beta)); err != nil {
				return err
			}
			if err := d.cholesky(a, b, rows, f, first, r.Indptr.Addr); err != nil {
				return err
			}
		}
		return nil
	})
}

// conjugate is the method of conjugate gradients for all rows in lockstep.
func (d *device) conjugate(ctx context.Context, x gpu.Matrix, r gpu.Sparse, y gpu.Matrix, p gpu.Equations) error {
	f, n, work := x.Cols, x.Rows, r.Plan.(*plan)
	fp := (f + 3) &^ 3
	padded := func(elements int) int { // memory for what is wider than the caller's
		if f == fp {
			return 0
		}
		return 4 * elements
	}
	sizes := []int{4 * n * fp, 4 * n * fp, 4 * n * fp, 4 * n, 4 * work.parts * fp, padded(n * fp), padded(y.Rows * fp), padded(fp * fp)}
	return d.with(sizes, func(memory []uintptr) error {
		c := conjugation{
			device: d, plan: work, sparse: r, equations: p, n: n, fp: fp, r: memory[0], p: memory[1], q: memory[2], rr: memory[3], parts: memory[4],
			x: x.Addr, y: y.Addr, gram: p.Gram.Addr,
		}
		if f != fp {
			c.x, c.y, c.gram = memory[5], memory[6], memory[7]
			if err := c.widen(x, y, p.Gram); err != nil {
				return err
			}
		}
		for step := range p.Steps + 1 {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := c.step(step == 0); err != nil {
				return err
			}
		}
		if f != fp {
			return d.launch("widen", each(x.Len), x.Addr, c.x, n, fp, f)
		}
		return nil
	})
}

// conjugation is the addresses of an iteration.
type conjugation struct {
	device      *device
	plan        *plan
	sparse      gpu.Sparse
	equations   gpu.Equations
	n, fp       int
	x, y, gram  uintptr // as the caller's, fp wide
	r, p, q, rr uintptr // residuals, directions, G·x or G·p; squared residuals
	parts       uintptr // of rows that were cut
}

// widen copies the caller's factors to rows of fp.
func (c *conjugation) widen(x, y, gram gpu.Matrix) error {
	d, f := c.device, x.Cols
	if err := d.launch("widen", each(c.n*c.fp), c.x, x.Addr, c.n, f, c.fp); err != nil {
		return err
	}
	if err := d.launch("widen", each(y.Rows*c.fp), c.y, y.Addr, y.Rows, f, c.fp); err != nil {
		return err
	}
	if err := d.set(c.gram, 0, c.fp*c.fp); err != nil { // the rows from f on
		return err
	}
	return d.launch("widen", each(f*c.fp), c.gram, gram.Addr, f, f, c.fp)
}

// step makes the residual, or a step from there.
func (c *conjugation) step(starting bool) error {
	d, flag, times := c.device, 0, c.p
	if starting {
		flag, times = 1, c.x
	}
	row := factor{at: times, stride: c.fp}
	if err := d.blas.gemm(factor{at: c.q, stride: c.fp}, row, factor{at: c.gram, stride: c.fp}, c.n, c.fp, c.fp, 1, 0, 1); err != nil {
		return err
	}
	e, p := c.equations, c.plan
	err := d.launch(iterateKernel(c.fp), blocks(p.items, 128), flag, c.x, c.r, c.p, c.q, c.rr, e.Lambda.Addr, c.y, p.rows.Addr, p.from.Addr,
		p.to.Addr, p.part.Addr, c.parts, c.sparse.Indices.Addr, c.sparse.Values.Addr, c.fp, float64(e.Alpha), float64(e.Beta))
	if err != nil {
		return err
	}
	return d.launch("cg_joined", blocks(p.cut, 128), flag, c.x, c.r, c.p, c.q, c.rr, e.Lambda.Addr, p.whose.Addr, p.first.Addr, c.parts, c.fp)
}

// iterateKernel is the narrowest kernel for vectors of fp.
func iterateKernel(fp int) string {
	switch {
	case fp <= 128:
		return "cg_128"
	case fp <= 256:
		return "cg_256"
	case fp <= 512:
		return "cg_512"
	}
	return "cg_1024"
}

func (d *device) ObservedLoss(x gpu.Matrix, r gpu.Sparse, y gpu.Matrix, p gpu.Equations) (float64, error) {
	gpu.CheckPairs(x, r, y)
	return d.sum(partials, func(partial uintptr) error {
		return d.launch("observed_loss", blocks(partials, threads), partial, x.Addr, r.Indptr.Addr, r.Indices.Addr, r.Values.Addr, y.Addr,
			x.Rows, x.Cols, float64(p.Alpha), float64(p.Beta))
	})
}
