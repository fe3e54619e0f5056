package gpu

import (
	"context"
	"sync"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
	"gonum.org/v1/gonum/blas/blas64"
)

// cpu is the device of the CPU: the reference, with the hot operations on a BLAS and, where there is cgo, in C.
type cpu struct {
	reference
	blas string
}

// CPU returns the CPU, the same one at every call. The first call makes its BLAS the one behind gonum's blas32, blas64,
// lapack64 and mat, with one thread a call: parallelism comes from goroutines over blocks of fixed size ([Blocks]), so
// that a result does not depend on their number. Call it before anything uses those packages.
func CPU() Device { return openCPU() }

var openCPU = sync.OnceValue(func() *cpu {
	b32, b64, description := cpuBLAS()
	blas32.Use(b32)
	blas64.Use(b64)
	return &cpu{blas: description}
})

func (*cpu) Name() string    { return "cpu" }
func (d *cpu) About() string { return d.blas }

// A product is cut into tiles of this size, so that all cores have something to do.
const (
	tileRows = 256
	tileCols = 1024
)

func (d *cpu) Gemm(c, a, b Tile, alpha, beta float32, batch int) error {
	m, n, k := CheckGemm(c, a, b, batch)
	if m == 0 || n == 0 {
		return nil
	}
	down, across := (m+tileRows-1)/tileRows, (n+tileCols-1)/tileCols
	if batch*down*across < fewTiles && k >= 2*innerChunk {
		return d.deepGemm(c, a, b, alpha, beta, batch)
	}
	return Blocks(context.Background(), batch*down*across, 1, func() func(lo, hi int) error {
		return func(tile, _ int) error {
			number, i, j := tile/(down*across), tile/across%down*tileRows, tile%across*tileCols
			rows, cols := min(tileRows, m-i), min(tileCols, n-j)
			to := c.part(number, i, j, rows, cols)
			if k == 0 || alpha == 0 {
				scale(to, beta)
				return nil
			}
			blas32.Gemm(a.order(), b.order(), alpha, a.part(number, i, 0, rows, k), b.part(number, 0, j, k, cols), beta, to)
			return nil
		}
	})
}

// A product with few tiles and a long inner dimension, such as the gradient of a weight, is cut along that: the parts are
// added up in order.
const (
	fewTiles   = 4
	innerChunk = 1024
)

func (d *cpu) deepGemm(c, a, b Tile, alpha, beta float32, batch int) error {
	m, n, k := CheckGemm(c, a, b, batch)
	chunks := (k + innerChunk - 1) / innerChunk
	parts, free := workspace(chunks * m * n)
	defer free()
	for number := range batch {
		err := Blocks(context.Background(), chunks, 1, func() func(lo, hi int) error {
			return func(chunk, _ int) error {
				from, to := chunk*innerChunk, min(k, (chunk+1)*innerChunk)
				blas32.Gemm(a.order(), b.order(), alpha, a.part(number, 0, from, m, to-from), b.part(number, from, 0, to-from, n), 0,
					blas32.General{Rows: m, Cols: n, Stride: n, Data: parts[chunk*m*n : (chunk+1)*m*n]})
				return nil
			}
		})
		if err != nil {
			return err
		}
		for r := range m {
			at := c.Offset + number*c.Step + r*c.Stride
			row := c.M.Host[at : at+n]
			scale(blas32.General{Rows: 1, Cols: n, Stride: n, Data: row}, beta)
			for chunk := range chunks {
				for l, v := range parts[(chunk*m+r)*n : (chunk*m+r+1)*n] {
					row[l] += v
				}
			}
		}
	}
	return nil
}

func (t Tile) order() blas.Transpose {
	if t.Trans {
		return blas.Trans
	}
	return blas.NoTrans
}

// part is a part of tile n of a batch, rows×cols from (i, j) on as a factor of a product, as it is stored.
func (t Tile) part(n, i, j, rows, cols int) blas32.General {
	if t.Trans {
		i, j, rows, cols = j, i, cols, rows
	}
	at := t.Offset + n*t.Step + i*t.Stride + j
	if rows == 0 || cols == 0 {
		return blas32.General{Rows: rows, Cols: cols, Stride: max(t.Stride, 1)}
	}
	return blas32.General{Rows: rows, Cols: cols, Stride: max(t.Stride, 1), Data: t.M.Host[at : at+(rows-1)*t.Stride+cols]}
}

// scale multiplies by beta; with 0, what is there does not count.
func scale(c blas32.General, beta float32) {
	for r := range c.Rows {
		row := c.Data[r*c.Stride : r*c.Stride+c.Cols]
		for l := range row {
			if beta == 0 {
				row[l] = 0
			} else {
				row[l] *= beta
			}
		}
	}
}

// The rows of a Gram matrix are taken in chunks that are summed in float32, and those in float64, by at most so many spans
// of rows at once.
const (
	gramChunk = 512
	gramSpans = 32
)

func (d *cpu) Syrk(c, a Matrix, alpha, beta float32) error {
	CheckSyrk(c, a)
	f := a.Cols
	chunks := (a.Rows + gramChunk - 1) / gramChunk
	perSpan := max(1, (chunks+gramSpans-1)/gramSpans)
	sums := make([][]float64, (chunks+perSpan-1)/perSpan)
	err := Blocks(context.Background(), chunks, perSpan, func() func(lo, hi int) error {
		part := blas32.Symmetric{N: f, Stride: max(f, 1), Data: make([]float32, f*f), Uplo: blas.Upper}
		return func(lo, hi int) error {
			total := make([]float64, f*f)
			for chunk := lo; chunk < hi && f > 0; chunk++ {
				from, to := chunk*gramChunk, min((chunk+1)*gramChunk, a.Rows)
				blas32.Syrk(blas.Trans, 1, blas32.General{Rows: to - from, Cols: f, Stride: f, Data: a.Host[from*f : to*f]}, 0, part)
				for i := range f {
					for j, v := range part.Data[i*f+i : (i+1)*f] {
						total[i*f+i+j] += float64(v)
					}
				}
			}
			sums[lo/perSpan] = total
			return nil
		}
	})
	for i := range f {
		for j := i; j < f; j++ {
			x := 0.0
			for _, s := range sums {
				x += s[i*f+j]
			}
			c.Host[i*f+j] = combine(alpha, x, beta, c.Host[i*f+j])
			c.Host[j*f+i] = c.Host[i*f+j]
		}
	}
	return err
}
