//go:build nvidia

package cuda

import (
	"cmp"
	"slices"

	"llm4rec/gpu"
)

// plan cuts the rows of a sparse matrix into the work items of conjugate gradients: see kernels/leastsquares.cu.
type plan struct {
	items    int // longest first, so that none is left over at the end
	rows     gpu.Array[int32]
	from, to gpu.Array[int64]
	part     gpu.Array[int32]

	cut   int // rows of several items
	whose gpu.Array[int32]
	first gpu.Array[int64]
	parts int // items of theirs
}

// segment is the most entries of an item. A row of the matrices that recommenders have is rarely longer, and the blocks
// that one holds at a time are then busy for about equally long.
const segment = 2048

// cutting is a plan in the memory of the host.
type cutting struct {
	rows, part, whose []int32
	from, to, first   []int64
	parts             int
}

func cut(indptr []int64) cutting {
	type item struct {
		row, part int32
		from, to  int64
	}
	c := cutting{first: []int64{0}}
	items := make([]item, 0, len(indptr)-1)
	for r := range int32(len(indptr) - 1) {
		lo, hi := indptr[r], indptr[r+1]
		if hi-lo <= segment {
			items = append(items, item{r, -1, lo, hi})
			continue
		}
		for ; lo < hi; lo += segment {
			items = append(items, item{r, int32(c.parts), lo, min(lo+segment, hi)})
			c.parts++
		}
		c.whose, c.first = append(c.whose, r), append(c.first, int64(c.parts))
	}
	slices.SortStableFunc(items, func(a, b item) int { return cmp.Compare(b.to-b.from, a.to-a.from) })
	for _, i := range items {
		c.rows, c.part, c.from, c.to = append(c.rows, i.row), append(c.part, i.part), append(c.from, i.from), append(c.to, i.to)
	}
	return c
}

// newPlan makes a plan. Its memory does not count as the caller's.
func (d *device) newPlan(indptr []int64) (*plan, error) {
	c := cut(indptr)
	p := &plan{items: len(c.rows), cut: len(c.whose), parts: c.parts}
	err := d.do(func() (err error) {
		for _, a := range []struct {
			to     *gpu.Array[int32]
			values []int32
		}{{&p.rows, c.rows}, {&p.part, c.part}, {&p.whose, c.whose}} {
			if *a.to, err = planned(d, a.values); err != nil {
				return err
			}
		}
		for _, a := range []struct {
			to     *gpu.Array[int64]
			values []int64
		}{{&p.from, c.from}, {&p.to, c.to}, {&p.first, c.first}} {
			if *a.to, err = planned(d, a.values); err != nil {
				return err
			}
		}
		return nil
	})
	return p, err
}

func planned[T int32 | int64](d *device, values []T) (a gpu.Array[T], err error) {
	a.Len = len(values)
	if a.Addr, err = d.take(a.Bytes()); err != nil {
		return a, err
	}
	return a, upload(d, a, values)
}

func (p *plan) free(d *device) {
	_ = d.do(func() error { // memory of a device that is closed went with it
		for _, at := range []uintptr{p.rows.Addr, p.part.Addr, p.whose.Addr, p.from.Addr, p.to.Addr, p.first.Addr} {
			d.give(at)
		}
		return nil
	})
}
