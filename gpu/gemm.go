package gpu

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
)

// MulT computes c = a·bᵀ on the CPU, in the calling goroutine, for row-major a (m×k), b (n×k) and c (m×n). The order of summation is the BLAS's own: it may
// change with m, n and the type of CPU.
func MulT(c, a, b []float32, m, n, k int) {
	CPU() // sets the BLAS
	if len(a) != m*k || len(b) != n*k || len(c) != m*n {
		panic(badShape)
	}
	if m == 0 || n == 0 || k == 0 {
		clear(c)
		return
	}
	blas32.Gemm(blas.NoTrans, blas.Trans, 1,
		blas32.General{Rows: m, Cols: k, Stride: k, Data: a},
		blas32.General{Rows: n, Cols: k, Stride: k, Data: b},
		0, blas32.General{Rows: m, Cols: n, Stride: n, Data: c})
}
