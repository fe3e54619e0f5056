package gpu

import "sync"

// workspaces are slices that kernels have worked in, for the next ones: a training step allocates none.
var workspaces sync.Pool // of *[]float32

// workspace returns at least so many floats, with anything in them, and what gives them back.
func workspace(n int) (x []float32, free func()) {
	w, _ := workspaces.Get().(*[]float32)
	if w == nil || cap(*w) < n {
		grown := make([]float32, n)
		w = &grown
	}
	return (*w)[:n], func() { workspaces.Put(w) }
}
