//go:build cgo

package gpu

// #cgo LDFLAGS: -lopenblas
// void openblas_set_num_threads(int);
// char *openblas_get_config(void);
// char *openblas_get_corename(void);
import "C"

import (
	"strings"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/netlib/blas/netlib"
)

func cpuBLAS() (blas.Float32, blas.Float64, string) {
	C.openblas_set_num_threads(1)
	// The configuration names the architecture that the library was built on, the core name the kernels that it runs.
	config := strings.TrimSpace(C.GoString(C.openblas_get_config()))
	core := C.GoString(C.openblas_get_corename())
	return netlib.Implementation{}, netlib.Implementation{}, config + ", " + core + " kernels"
}
