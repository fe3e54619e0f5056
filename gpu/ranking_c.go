//go:build cgo

package gpu

// #include "ranking.h"
import "C"

import "unsafe"

func above(hits []int32, values []float32, ends []int32, scores, bias []float32, cols int, floors []float32) {
	C.llm4rec_above(floats(scores), floats(bias), C.int(len(floors)), C.int(cols), floats(floors),
		(*C.int32_t)(unsafe.SliceData(hits)), floats(values), (*C.int32_t)(unsafe.SliceData(ends)))
}

func kth(x []float32, k int) float32 {
	return float32(C.llm4rec_kth(floats(x), C.int(len(x)), C.int(k)))
}

func dots(dst []float64, q, x []float32, rows []int32) {
	C.llm4rec_dots((*C.double)(unsafe.SliceData(dst)), floats(q), floats(x), C.int(len(q)), (*C.int32_t)(unsafe.SliceData(rows)), C.int(len(rows)))
}
