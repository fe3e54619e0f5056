//go:build cgo

package gpu

// #cgo CFLAGS: -O3 -Wno-psabi
// #include "neural.h"
import "C"

import (
	"context"
	"unsafe"
)

// Elements, or rows of them, that a worker takes at a time.
const (
	elements = 1 << 14
	sumRows  = 1024 // of sums that are combined in order
)

// spread calls f for parts of 0…n−1 on all cores. The parts must not depend on each other.
func spread(n, size int, f func(lo, hi int)) error {
	return Blocks(context.Background(), n, size, func() func(lo, hi int) error {
		return func(lo, hi int) error {
			f(lo, hi)
			return nil
		}
	})
}

// rowsOf is how many rows of that many elements a worker takes.
func rowsOf(cols int) int { return max(1, elements/max(1, cols)) }

func (*cpu) Sum(y, a, b Matrix, alpha, beta float32) error {
	CheckSum(y, a, b, beta)
	return spread(y.Len, elements, func(lo, hi int) {
		var second *C.float
		if beta != 0 {
			second = floats(b.Host[lo:])
		}
		C.llm4rec_sum(floats(y.Host[lo:]), floats(a.Host[lo:]), second, C.float(alpha), C.float(beta), C.int64_t(hi-lo))
	})
}

func (*cpu) AddRow(y, row Matrix) error {
	CheckRow(row, y)
	return spread(y.Rows, rowsOf(y.Cols), func(lo, hi int) {
		C.llm4rec_add_row(floats(y.Host[lo*y.Cols:]), floats(row.Host), C.int64_t(hi-lo), C.int(y.Cols))
	})
}

// inParts adds up what parts of the rows contribute to sums over all rows, in order: the result does not depend on the
// number of workers.
func inParts(rows int, dst []float32, f func(lo, hi int, sums []float64)) error {
	width := len(dst)
	parts := make([]float64, (rows+sumRows-1)/sumRows*width)
	err := spread(rows, sumRows, func(lo, hi int) {
		n := lo / sumRows
		f(lo, hi, parts[n*width:(n+1)*width])
	})
	for c := range dst {
		total := 0.0
		for n := c; n < len(parts); n += width {
			total += parts[n]
		}
		dst[c] = float32(total)
	}
	return err
}

func doubles(x []float64) *C.double { return (*C.double)(unsafe.SliceData(x)) }

func (*cpu) ColumnSums(dst, x Matrix) error {
	CheckRow(dst, x)
	return inParts(x.Rows, dst.Host, func(lo, hi int, sums []float64) {
		w, free := workspace(x.Cols)
		defer free()
		C.llm4rec_column_sums(doubles(sums), floats(x.Host[lo*x.Cols:]), C.int64_t(hi-lo), C.int(x.Cols), floats(w))
	})
}

func (*cpu) Activate(y, x Matrix, f Activation) error {
	CheckSame(y, x)
	return spread(y.Len, elements, func(lo, hi int) {
		C.llm4rec_activate(floats(y.Host[lo:]), floats(x.Host[lo:]), C.int(f), C.int64_t(hi-lo))
	})
}

func (*cpu) ActivateGrad(dx, x, dy Matrix, f Activation) error {
	CheckSame(dx, x)
	CheckSame(dx, dy)
	return spread(dx.Len, elements, func(lo, hi int) {
		C.llm4rec_activate_grad(floats(dx.Host[lo:]), floats(x.Host[lo:]), floats(dy.Host[lo:]), C.int(f), C.int64_t(hi-lo))
	})
}

// c is the dropout as the kernels take it.
func (d Dropout) c() C.llm4rec_dropout {
	return C.llm4rec_dropout{
		seed: C.uint64_t(d.Key.Seed), stream: C.uint64_t(d.Key.Stream), threshold: C.uint32_t(d.Threshold()), scale: C.float(d.Scale()),
	}
}

func (*cpu) Drop(y, x, r Matrix, p Dropout) error {
	CheckDrop(y, x, r, p)
	return spread(y.Len, elements, func(lo, hi int) {
		var add *C.float
		if r.Cols != 0 {
			add = floats(r.Host[lo:])
		}
		C.llm4rec_drop(floats(y.Host[lo:]), floats(x.Host[lo:]), add, p.c(), C.int64_t(lo), C.int64_t(hi-lo))
	})
}

func (*cpu) LayerNorm(y, x, gain, bias Matrix, epsilon float32) error {
	CheckSame(y, x)
	CheckRow(gain, x)
	CheckRow(bias, x)
	return spread(x.Rows, rowsOf(x.Cols), func(lo, hi int) {
		C.llm4rec_layer_norm(floats(y.Host[lo*x.Cols:]), floats(x.Host[lo*x.Cols:]), floats(gain.Host), floats(bias.Host),
			C.float(epsilon), C.int64_t(hi-lo), C.int(x.Cols))
	})
}

func (*cpu) LayerNormGrad(dx, dgain, dbias, x, gain, dy Matrix, epsilon float32) error {
	CheckSame(dx, x)
	CheckSame(dy, x)
	for _, row := range []Matrix{dgain, dbias, gain} {
		CheckRow(row, x)
	}
	both := make([]float32, 2*x.Cols)
	err := inParts(x.Rows, both, func(lo, hi int, sums []float64) {
		w, free := workspace(2 * x.Cols)
		defer free()
		C.llm4rec_layer_norm_grad(floats(dx.Host[lo*x.Cols:]), doubles(sums), doubles(sums[x.Cols:]), floats(x.Host[lo*x.Cols:]),
			floats(gain.Host), floats(dy.Host[lo*x.Cols:]), C.float(epsilon), C.int64_t(hi-lo), C.int(x.Cols), floats(w))
	})
	copy(dgain.Host, both)
	copy(dbias.Host, both[x.Cols:])
	return err
}

func (*cpu) Gather(dst, src Matrix, rows Ints) error {
	CheckRows(dst, src, rows)
	return spread(rows.Len, rowsOf(dst.Cols), func(lo, hi int) {
		C.llm4rec_gather(floats(dst.Host[lo*dst.Cols:]), floats(src.Host), ints(rows.Host[lo:]), C.int64_t(hi-lo), C.int(dst.Cols))
	})
}

// scatterCols is how many columns a worker takes: a line of the cache, which no two share.
const scatterCols = 16

func (*cpu) ScatterAdd(dst, src Matrix, rows Ints) error {
	CheckRows(src, dst, rows)
	return spread(dst.Cols, scatterCols, func(lo, hi int) {
		C.llm4rec_scatter_add(floats(dst.Host), floats(src.Host), ints(rows.Host), C.int64_t(rows.Len), C.int(dst.Cols), C.int(lo), C.int(hi))
	})
}

func ints(x []int32) *C.int32_t { return (*C.int32_t)(unsafe.SliceData(x)) }

func (*cpu) Adam(w, g, m, v Matrix, p Adam) error {
	for _, x := range []Matrix{g, m, v} {
		CheckSame(w, x)
	}
	step := C.llm4rec_adam_step{
		rate: C.float(p.Rate), beta1: C.float(p.Beta1), beta2: C.float(p.Beta2), epsilon: C.float(p.Epsilon), decay: C.float(p.Decay),
		clip: C.float(p.Clip), unbias1: C.float(p.Unbias1), unbias2: C.float(p.Unbias2),
	}
	return spread(w.Len, elements, func(lo, hi int) {
		C.llm4rec_adam(floats(w.Host[lo:]), floats(g.Host[lo:]), floats(m.Host[lo:]), floats(v.Host[lo:]), step, C.int64_t(hi-lo))
	})
}
