//go:build !cgo

package gpu

func above(hits, ends []int32, scores, bias []float32, cols int, floors []float32) {
	plainAbove(hits, ends, scores, bias, cols, floors)
}
