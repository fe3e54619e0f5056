//go:build !cgo

package gpu

func above(hits []int32, values []float32, ends []int32, scores, bias []float32, cols int, floors []float32) {
	plainAbove(hits, values, ends, scores, bias, cols, floors)
}

func kth(x []float32, k int) float32 { return plainKth(x, k) }

func dots(dst []float64, q, x []float32, rows []int32) { plainDots(dst, q, x, rows) }
