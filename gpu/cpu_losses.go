//go:build cgo

package gpu

// #include "neural.h"
import "C"

// The rows of a softmax are taken in blocks whose probabilities fit a core's share of the cache, and the blocks in spans,
// each of which adds up its part of the gradient by E. There is a fixed number of spans, so that the result does not depend
// on that of workers, and fewer where rows are few: a part is as large as E, and is written and read once.
const (
	softmaxBytes = 1 << 20
	softmaxSpans = 16
	spanRows     = 256 // at least
)

// softmaxBlocks returns the rows of a block, and of a span.
func softmaxBlocks(rows, classes int) (block, span int) {
	block = min(256, max(16, softmaxBytes/4/classes&^15))
	span = max(spanRows, (rows+softmaxSpans-1)/softmaxSpans)
	return block, (span + block - 1) / block * block
}

// counted is the number of positions with a target, the first of so many ids each.
func counted(ids []int32, each int) int {
	n := 0
	for i := 0; i < len(ids); i += each {
		if ids[i] >= 0 {
			n++
		}
	}
	return n
}

func (*cpu) Softmax(loss, dh, de, h, e Matrix, targets Ints, classes int) error {
	grads := CheckSoftmax(loss, dh, de, h, e, targets, classes)
	block, span := softmaxBlocks(h.Rows, classes)
	n := counted(targets.Host, 1)
	scale, size := 1/float32(max(1, n)), classes*e.Cols
	totals := make([]float64, (h.Rows+span-1)/span)
	parts, free := workspace(len(totals) * size)
	defer free()
	err := spread(h.Rows, span, func(lo, hi int) {
		mine := parts[lo/span*size : (lo/span+1)*size]
		clear(mine)
		w, free := workspace(int(C.llm4rec_softmax_workspace(C.int(block), C.int(classes), C.int(e.Cols))))
		defer free()
		for r := lo; r < hi; r += block {
			var to *C.float
			if grads {
				to = floats(dh.Host[r*dh.Cols:])
			}
			totals[lo/span] += float64(C.llm4rec_softmax(to, floats(mine), floats(h.Host[r*h.Cols:]), floats(e.Host), ints(targets.Host[r:]),
				C.int(min(block, hi-r)), C.int(classes), C.int(e.Cols), C.float(scale), floats(w)))
		}
	})
	loss.Host[0] = mean(totals, n)
	if err != nil || !grads {
		return err
	}
	clear(de.Host[size:])
	return spread(size, elements, func(lo, hi int) {
		to := de.Host[lo:hi]
		clear(to)
		for n := range totals {
			C.llm4rec_sum(floats(to), floats(to), floats(parts[n*size+lo:]), 1, 1, C.int64_t(hi-lo))
		}
	})
}

// mean divides what parts add up to.
func mean(parts []float64, n int) float32 { return float32(sum(parts) / float64(max(1, n))) }

// sampledRanges is how many parts of E have their gradients added up by a worker each.
const sampledRanges = 16

func (*cpu) Sampled(loss, dh, de, h, e Matrix, ids Ints, p Sampling) error {
	grads := CheckSampled(loss, dh, de, h, e, ids, p)
	n := counted(ids.Host, p.Classes)
	c := C.llm4rec_sampling{
		h: floats(h.Host), e: floats(e.Host), d: C.int(e.Cols), classes: C.int(p.Classes), logistic: flag(p.Logistic),
		beta: C.float(p.Beta), scale: C.float(1 / float32(max(1, n))),
	}
	if p.Bias.Cols != 0 {
		c.bias = floats(p.Bias.Host)
	}
	var gradient *C.float
	if grads {
		gradient = floats(dh.Host)
	}
	slopes, free := workspace(ids.Len)
	defer free()
	totals := make([]float64, (h.Rows+rowsAtATime-1)/rowsAtATime)
	err := spread(h.Rows, rowsAtATime, func(lo, hi int) {
		totals[lo/rowsAtATime] = float64(C.llm4rec_sampled(gradient, floats(slopes), ints(ids.Host), C.int64_t(lo), C.int64_t(hi-lo), c))
	})
	loss.Host[0] = mean(totals, n)
	if err != nil || !grads {
		return err
	}
	return spread(e.Rows, max(1, (e.Rows+sampledRanges-1)/sampledRanges), func(lo, hi int) {
		C.llm4rec_sampled_rows(floats(de.Host), floats(slopes), ints(ids.Host), C.int64_t(h.Rows), C.int32_t(lo), C.int32_t(hi), c)
	})
}
