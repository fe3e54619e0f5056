//go:build nvidia

package cuda

import "llm4rec/gpu"

// What the blocks of attention take: see kernels/attention.cu.
const (
	attentionRows  = 32 // queries or keys of a sequence
	attentionSlice = 64 // columns of a head
)

// attention is a launch of a kernel of attention.
type attention struct {
	grid       grid
	parameters []any // that all kernels have
}

func attentionOf(qkv gpu.Matrix, starts gpu.Ints, width, sequences int, p gpu.Attention) attention {
	tiles := (p.Longest + attentionRows - 1) / attentionRows
	causal := 0
	if p.Causal {
		causal = 1
	}
	return attention{
		grid{sequences * p.Heads * tiles, (width + attentionSlice - 1) / attentionSlice, threads},
		[]any{
			qkv.Addr, starts.Addr, p.Heads, width, causal, tiles, p.Width(), p.Dropout.Threshold(), float64(p.Dropout.Scale()),
			p.Dropout.Key.Seed, p.Dropout.Key.Stream,
		},
	}
}

func (a attention) launch(d *device, kernel string, own ...any) error {
	return d.launch(kernel, a.grid, append(own, a.parameters...)...)
}

func (d *device) Attend(y, qkv gpu.Matrix, starts gpu.Ints, p gpu.Attention) error {
	width, sequences := gpu.CheckAttend(y, qkv, starts, p)
	a := attentionOf(qkv, starts, width, sequences, p)
	return d.do(func() error { return a.launch(d, "attend", y.Addr) })
}

func (d *device) AttendGrad(dqkv, qkv, dy gpu.Matrix, starts gpu.Ints, p gpu.Attention) error {
	width, sequences := gpu.CheckAttend(dy, qkv, starts, p)
	gpu.CheckSame(dqkv, qkv)
	a := attentionOf(qkv, starts, width, sequences, p)
	return d.do(func() error {
		return d.with([]int{12 * dy.Rows * p.Heads}, func(memory []uintptr) error { // three numbers of every query and head
			if err := a.launch(d, "attend_grad_queries", dqkv.Addr, memory[0], dy.Addr); err != nil {
				return err
			}
			return a.launch(d, "attend_grad_keys", dqkv.Addr, memory[0], dy.Addr)
		})
	})
}
