//go:build cgo

package gpu

// #cgo LDFLAGS: -lopenblas -lm
// void openblas_set_num_threads(int);
// char *openblas_get_config(void);
// char *openblas_get_corename(void);
import "C"

import (
	"os"
	"strings"

	isa "golang.org/x/sys/cpu"
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/netlib/blas/netlib"
)

func cpuBLAS() (blas.Float32, blas.Float64, string) {
	C.openblas_set_num_threads(1)
	// The configuration begins with name and version; what follows is about the machine that the library was built on.
	config := strings.Fields(C.GoString(C.openblas_get_config()))
	return netlib.Implementation{}, netlib.Implementation{}, strings.Join(config[:min(2, len(config))], " ") + ", " + kernels() + " kernels"
}

// kernels is the name of the kernels that OpenBLAS chose for this CPU.
func kernels() string { return C.GoString(C.openblas_get_corename()) }

// KernelSetting is the environment setting with which the program must be started again for OpenBLAS to use what this
// CPU can do, "" if it does. An OpenBLAS that is older than the CPU does not know it, and takes kernels of 2004 (Prescott)
// that are many times slower; it reads the setting once, before main.
func KernelSetting() string {
	if _, set := os.LookupEnv(coreType); set || kernels() != "Prescott" {
		return ""
	}
	switch {
	case isa.X86.HasAVX512F && isa.X86.HasAVX512VL && isa.X86.HasAVX512BW && isa.X86.HasAVX512DQ && isa.X86.HasAVX512CD:
		return coreType + "=SkylakeX"
	case isa.X86.HasAVX2 && isa.X86.HasFMA:
		return coreType + "=Haswell"
	}
	return ""
}

const coreType = "OPENBLAS_CORETYPE"
