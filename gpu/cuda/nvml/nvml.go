//go:build nvidia

// Package nvml reads how much energy NVIDIA GPUs have used, by NVML, the driver's library of management, which is loaded by
// name when it is asked for.
package nvml

// #cgo LDFLAGS: -ldl
// #include <stdlib.h>
// #include "nvml.h"
import "C"

import (
	"errors"
	"fmt"
	"unsafe"
)

// Board is a GPU with all that stands on its board. It is safe for concurrent use.
type Board struct{ c *C.llm4rec_nvml }

// Open finds the board at a place on the PCI bus, domain:bus:device.function in hexadecimal. Numbers are no way to find one:
// CUDA counts GPUs in another order than NVML. Errors name no path, so that records may have them.
func Open(pci string) (Board, error) { return open("libnvidia-ml.so.1", pci) }

func open(library, pci string) (Board, error) {
	name, place := C.CString(library), C.CString(pci)
	defer C.free(unsafe.Pointer(name))
	defer C.free(unsafe.Pointer(place))
	var text [256]C.char
	b := Board{C.llm4rec_nvml_open(name, place, &text[0], C.size_t(len(text)))}
	if b.c == nil {
		return b, errors.New("NVML: " + C.GoString(&text[0]))
	}
	return b, nil
}

// Joules is what the board used since the driver was loaded, by nvmlDeviceGetTotalEnergyConsumption, which Volta and later
// have. Others' work is in it.
func (b Board) Joules() (float64, error) {
	var millijoules C.ulonglong
	if message := C.llm4rec_nvml_energy(b.c, &millijoules); message != nil {
		return 0, fmt.Errorf("NVML: the counter of energy: %s", C.GoString(message))
	}
	return float64(millijoules) / 1000, nil
}
