//go:build !cgo

package perf

// sumRows is read.c without vectors.
func sumRows(y []float32, f int, rows []int32) float32 {
	var total float32
	for _, r := range rows {
		for _, v := range y[int(r)*f : (int(r)+1)*f] {
			total += v
		}
	}
	return total
}
