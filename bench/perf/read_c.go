//go:build cgo

package perf

// #cgo CFLAGS: -O3
// #include "read.h"
import "C"

import "unsafe"

// sumRows reads rows of f floats as fast as the processor can.
func sumRows(y []float32, f int, rows []int32) float32 {
	return float32(C.llm4rec_sum_rows((*C.float)(unsafe.SliceData(y)), C.int(f), (*C.int32_t)(unsafe.SliceData(rows)), C.int64_t(len(rows))))
}
