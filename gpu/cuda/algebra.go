//go:build nvidia

package cuda

import (
	"fmt"
	"math"

	"llm4rec/gpu"
)

func (d *device) Gemm(c, a, b gpu.Tile, alpha, beta float32, batch int) error {
	m, n, k := gpu.CheckGemm(c, a, b, batch)
	if m == 0 || n == 0 || batch == 0 {
		return nil
	}
	return d.do(func() error {
		if k == 0 || alpha == 0 {
			return d.launch("scale", each(batch*m*n), at(c), m, n, c.Stride, c.Step, batch, float64(beta))
		}
		return d.blas.gemm(factorOf(c), factorOf(a), factorOf(b), m, n, k, alpha, beta, batch)
	})
}

func factorOf(t gpu.Tile) factor { return factor{at(t), t.Stride, t.Step, t.Trans} }

// at is the address of a tile's first element.
func at(t gpu.Tile) uintptr { return t.M.Addr + 4*uintptr(t.Offset) }

// The rows of a Gram matrix are taken in chunks that are summed in float32, and those in float64, so many bytes of them at
// once.
const (
	gramChunk = 512
	gramBytes = 128 << 20
)

func (d *device) Syrk(c, a gpu.Matrix, alpha, beta float32) error {
	gpu.CheckSyrk(c, a)
	return d.do(func() error { return d.syrk(c.Addr, a.Addr, a.Rows, a.Cols, alpha, beta) })
}

// syrk is Syrk for a, n×f.
func (d *device) syrk(c, a uintptr, n, f int, alpha, beta float32) error {
	if f == 0 {
		return nil
	}
	atOnce := max(1, min(gramBytes/(4*f*f), (n+gramChunk-1)/gramChunk))
	return d.with([]int{8 * f * f, 4 * f * f * atOnce}, func(memory []uintptr) error {
		total, parts := memory[0], memory[1]
		if err := d.set(total, 0, 2*f*f); err != nil {
			return err
		}
		for lo := 0; lo < n; {
			rows, chunks := gramChunk, min(atOnce, (n-lo)/gramChunk)
			if chunks == 0 { // what is left
				rows, chunks = n-lo, 1
			}
			x := factor{at: a + uintptr(4*lo*f), stride: f, step: rows * f}
			t := x
			t.trans = true
			if err := d.blas.gemm(factor{at: parts, stride: f, step: f * f}, t, x, f, f, rows, 1, 0, chunks); err != nil {
				return err
			}
			if err := d.launch("gram_add", each(f*f), total, parts, chunks, f); err != nil {
				return err
			}
			lo += chunks * rows
		}
		return d.launch("gram_finish", each(f*f), c, total, f, float64(alpha), float64(beta))
	})
}

// widest is the greatest number of unknowns of a system of equations, which the kernels keep in shared memory.
const widest = 1024

func checkWidth(f int) error {
	if f > widest {
		return fmt.Errorf("%d unknowns: the kernels take at most %d", f, widest)
	}
	return nil
}

func (d *device) SolveCholesky(a, b gpu.Matrix) error {
	batch, f := gpu.CheckSolve(a, b)
	return d.do(func() error {
		return d.solving("system", f, func() error { return d.cholesky(a.Addr, b.Addr, batch, f, 0, 0) })
	})
}

// cholesky solves a batch of systems. They are numbered from first on, for the error and for indptr, which may be 0.
func (d *device) cholesky(a, b uintptr, batch, f, first int, indptr uintptr) error {
	if f == 0 {
		return nil
	}
	return d.launch("cholesky", blocks(batch, threads), a, b, f, first, indptr, d.flag)
}

// solving runs f, which calls cholesky, and looks for systems without a solution.
func (d *device) solving(what string, unknowns int, f func() error) error {
	if err := checkWidth(unknowns); err != nil {
		return err
	}
	if err := d.set(d.flag, math.MaxInt32, 1); err != nil {
		return err
	}
	if err := f(); err != nil {
		return err
	}
	bad := make([]int32, 1)
	if err := download(d, bad, d.flag); err != nil {
		return err
	}
	if bad[0] != math.MaxInt32 {
		return fmt.Errorf("%s %d: %w", what, bad[0], gpu.ErrSingular)
	}
	return nil
}
