//go:build cgo

package gpu

// #include "neural.h"
import "C"

// heads calls f for every head of every sequence, on all cores.
func heads(qkv Matrix, starts Ints, p Attention, width int, f func(at int, h C.llm4rec_head, w []float32)) error {
	d := width * p.Heads
	return spread((starts.Len-1)*p.Heads, 1, func(n, _ int) {
		first, number := int(starts.Host[n/p.Heads]), n%p.Heads
		rows := int(starts.Host[n/p.Heads+1]) - first
		if rows == 0 {
			return
		}
		w, free := workspace(int(C.llm4rec_attend_workspace(C.int(rows))))
		defer free()
		f(first*d+number*width, C.llm4rec_head{
			qkv: floats(qkv.Host[first*3*d+number*width:]), place: C.int64_t((first*p.Heads + number) * p.Width()),
			step: C.int64_t(p.Heads * p.Width()), rows: C.int(rows), width: C.int(width), d: C.int(d), causal: flag(p.Causal),
			dropout: p.Dropout.c(),
		}, w)
	})
}

func flag(x bool) C.int {
	if x {
		return 1
	}
	return 0
}

func (*cpu) Attend(y, qkv Matrix, starts Ints, p Attention) error {
	width, _ := CheckAttend(y, qkv, starts, p)
	if width == 0 {
		return nil
	}
	return heads(qkv, starts, p, width, func(at int, h C.llm4rec_head, w []float32) {
		C.llm4rec_attend(floats(y.Host[at:]), h, floats(w))
	})
}

func (*cpu) AttendGrad(dqkv, qkv, dy Matrix, starts Ints, p Attention) error {
	width, _ := CheckAttend(dy, qkv, starts, p)
	CheckSame(dqkv, qkv)
	if width == 0 {
		return nil
	}
	return heads(qkv, starts, p, width, func(at int, h C.llm4rec_head, w []float32) {
		row, col := at/dy.Cols, at%dy.Cols
		C.llm4rec_attend_grad(floats(dqkv.Host[row*dqkv.Cols+col:]), floats(dy.Host[at:]), h, floats(w))
	})
}
