//go:build !cgo

package gpu

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

func cpuBLAS() (blas.Float32, blas.Float64, string) {
	return gonum.Implementation{}, gonum.Implementation{}, "gonum (pure Go)"
}

// KernelSetting is about OpenBLAS, which this build has not.
func KernelSetting() string { return "" }
