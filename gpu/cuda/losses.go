//go:build nvidia

package cuda

import "llm4rec/gpu"

// softmaxBytes is the most memory of scores at a time, if one position does not need more.
const softmaxBytes = 256 << 20

// Softmax takes so many positions at a time that their scores, which become their derivatives, fit; what is left to do are
// products.
func (d *device) Softmax(loss, dh, de, h, e gpu.Matrix, targets gpu.Ints, classes int) error {
	grads, flag := gpu.CheckSoftmax(loss, dh, de, h, e, targets, classes), 0
	if grads {
		flag = 1
	}
	n := h.Rows
	atOnce := min(n, max(1, softmaxBytes/(4*classes)))
	return d.do(func() error {
		return d.with([]int{4, 4 * n, 4 * atOnce * classes}, func(memory []uintptr) error {
			count, losses, scores := memory[0], memory[1], memory[2]
			if err := d.countTargets(count, targets, n, 1); err != nil {
				return err
			}
			if err := d.set(de.Addr, 0, de.Len); err != nil {
				return err
			}
			for first := 0; first < n; first += atOnce {
				rows, offset := min(atOnce, n-first), uintptr(4*first*h.Cols)
				if err := d.blas.gemm(factor{at: scores, stride: classes}, factor{at: h.Addr + offset, stride: h.Cols},
					factor{at: e.Addr, stride: e.Cols, trans: true}, rows, classes, h.Cols, 1, 0, 1); err != nil {
					return err
				}
				if err := d.launch("cross_entropy", blocks(rows, threads), losses, scores, targets.Addr, count, first, classes, flag); err != nil {
					return err
				}
				if !grads {
					continue
				}
				if err := d.blas.gemm(factor{at: dh.Addr + offset, stride: h.Cols}, factor{at: scores, stride: classes},
					factor{at: e.Addr, stride: e.Cols}, rows, h.Cols, classes, 1, 0, 1); err != nil {
					return err
				}
				if err := d.blas.gemm(factor{at: de.Addr, stride: e.Cols}, factor{at: scores, stride: classes, trans: true},
					factor{at: h.Addr + offset, stride: h.Cols}, classes, h.Cols, rows, 1, 1, 1); err != nil {
					return err
				}
			}
			return d.launch("mean_loss", blocks(1, threads), loss.Addr, losses, count, n)
		})
	})
}

// countTargets counts the positions that have a target, the first of so many ids each.
func (d *device) countTargets(count uintptr, ids gpu.Ints, n, of int) error {
	if err := d.set(count, 0, 1); err != nil {
		return err
	}
	return d.launch("count_targets", each(n), count, ids.Addr, n, of)
}

func (d *device) Sampled(loss, dh, de, h, e gpu.Matrix, ids gpu.Ints, p gpu.Sampling) error {
	grads, logistic := gpu.CheckSampled(loss, dh, de, h, e, ids, p), 0
	if p.Logistic {
		logistic = 1
	}
	n := h.Rows
	return d.do(func() error {
		return d.with([]int{4, 4 * n, 4 * ids.Len}, func(memory []uintptr) error {
			count, losses, slopes := memory[0], memory[1], memory[2]
			if err := d.countTargets(count, ids, n, p.Classes); err != nil {
				return err
			}
			if err := d.launch("sampled", blocks(n, 128), losses, slopes, dh.Addr, h.Addr, e.Addr, ids.Addr, p.Bias.Addr, count, h.Cols,
				p.Classes, logistic, float64(p.Beta)); err != nil {
				return err
			}
			if err := d.launch("mean_loss", blocks(1, threads), loss.Addr, losses, count, n); err != nil {
				return err
			}
			if !grads {
				return nil
			}
			return d.listed(ids, e.Rows, func(order, starts uintptr) error {
				return d.launch("sampled_classes", blocks(e.Rows, 128), de.Addr, slopes, h.Addr, order, starts, h.Cols, p.Classes)
			})
		})
	})
}
