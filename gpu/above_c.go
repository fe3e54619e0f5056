//go:build cgo

package gpu

// #include "above.h"
import "C"

import "unsafe"

func above(hits, ends []int32, scores, bias []float32, cols int, floors []float32) {
	C.llm4rec_above(floats(scores), floats(bias), C.int(len(floors)), C.int(cols), floats(floors),
		(*C.int32_t)(unsafe.SliceData(hits)), (*C.int32_t)(unsafe.SliceData(ends)))
}
