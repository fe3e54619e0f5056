//go:build nvidia

package cuda

// #include "blas.h"
import "C"

import (
	"errors"
	"fmt"
	"unsafe"

	"gorgonia.org/cu"
)

// blas is cuBLAS. It computes in float32: TF32, which has fewer digits, must be asked for. With one stream its results are
// the same every time.
type blas struct{ c *C.llm4rec_blas }

func openBLAS(s cu.Stream) (blas, error) {
	var message *C.char
	b := blas{C.llm4rec_blas_open(unsafe.Pointer(s.C()), &message)}
	if b.c == nil {
		return b, errors.New(C.GoString(message))
	}
	return b, nil
}

func (b blas) close() {
	if b.c != nil {
		C.llm4rec_blas_close(b.c)
	}
}

func (b blas) String() string {
	v := int(C.llm4rec_blas_version(b.c))
	return fmt.Sprintf("cuBLAS %d.%d.%d", v/10000, v/100%100, v%100)
}

// factor is a batch of row-major matrices in device memory.
type factor struct {
	at           uintptr
	stride, step int // in elements
	trans        bool
}

// gemm computes C = α·A·B + β·C, m×n, with inner size k. cuBLAS counts by columns: a row-major matrix is its transpose, and
// Cᵀ = Bᵀ·Aᵀ.
func (b blas) gemm(c, x, y factor, m, n, k int, alpha, beta float32, batch int) error {
	trans := func(f factor) C.int {
		if f.trans {
			return 1
		}
		return 0
	}
	status := C.llm4rec_blas_gemm(b.c, trans(y), trans(x), C.int(n), C.int(m), C.int(k), C.float(alpha),
		C.ulonglong(y.at), C.int(y.stride), C.longlong(y.step), C.ulonglong(x.at), C.int(x.stride), C.longlong(x.step), C.float(beta),
		C.ulonglong(c.at), C.int(c.stride), C.longlong(c.step), C.int(batch))
	if status != 0 {
		return fmt.Errorf("cuBLAS: product of %d×%d and %d×%d: status %d", m, k, k, n, status)
	}
	return nil
}
