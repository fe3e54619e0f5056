package perf

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"llm4rec/gpu"
)

// probe measures what the device can do: the flops of a product of large matrices, and the bytes of reading random rows.
type probe struct {
	device  gpu.Device
	a, b, c gpu.Matrix
	y, x    reading // of the items' factors, of the users'
	flops   []float64
}

// reading is random rows of a matrix as large as the factors of one side.
type reading struct {
	rows, factors gpu.Matrix
	picked        gpu.Sparse
	bytes         []float64 // a second
}

const (
	productRows  = 4096
	productInner = 1024
	readers      = 16384
	readsEach    = 64
	readsAtATime = 8192
)

func newProbe(d gpu.Device, users, items, factors int) (_ *probe, err error) {
	p := &probe{device: d}
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	alloc := func(rows, columns int) gpu.Matrix {
		m, failed := d.Alloc(rows, columns)
		if failed == nil {
			failed = d.Fill(m, 1)
		}
		err = errors.Join(err, failed)
		return m
	}
	p.a, p.b, p.c = alloc(productRows, productInner), alloc(productInner, productInner), alloc(productRows, productInner)
	for _, side := range []struct {
		r    *reading
		rows int
	}{{&p.y, items}, {&p.x, users}} {
		side.r.rows, side.r.factors = alloc(readers, factors), alloc(side.rows, factors)
		if err == nil {
			side.r.picked, err = d.NewSparse(pick(side.rows))
		}
	}
	return p, err
}

// pick makes a matrix of random columns. They ascend, as a sparse matrix wants it: one out of every so many.
func pick(columns int) gpu.CSR {
	each := min(readsEach, columns)
	m := gpu.CSR{Rows: readers, Cols: columns, Indptr: make([]int64, readers+1), Indices: make([]int32, readers*each)}
	random := rand.New(rand.NewPCG(1, 2))
	for n := range m.Indices {
		from, to := n%each*columns/each, (n%each+1)*columns/each
		m.Indices[n] = int32(from + random.IntN(to-from))
	}
	for r := range m.Indptr {
		m.Indptr[r] = int64(r * each)
	}
	return m
}

func (p *probe) close() {
	p.device.Free(p.a, p.b, p.c, p.y.rows, p.y.factors, p.y.picked, p.x.rows, p.x.factors, p.x.picked)
}

// measure takes one measurement of each kind.
func (p *probe) measure() error {
	begin := time.Now()
	if err := errors.Join(p.device.Gemm(p.c.Tile(), p.a.Tile(), p.b.Tile(), 1, 0, 1), p.device.Sync()); err != nil {
		return err
	}
	p.flops = append(p.flops, 2*productRows*productInner*productInner/time.Since(begin).Seconds())
	for _, r := range []*reading{&p.y, &p.x} {
		begin := time.Now()
		if err := p.read(r); err != nil {
			return err
		}
		bytes := 4 * float64(r.picked.Indices.Len) * float64(r.factors.Cols)
		r.bytes = append(r.bytes, bytes/time.Since(begin).Seconds())
	}
	return nil
}

// read reads the rows that are picked. A device with memory of its own does it for the sum of [gpu.ImplicitFeedback] that
// does least with a row; the CPU for one that does less.
func (p *probe) read(r *reading) error {
	if r.factors.Host == nil {
		_, err := p.device.ObservedLoss(r.rows, r.picked, r.factors, gpu.Equations{Alpha: 1})
		return err
	}
	picked := r.picked.Indices.Host
	return gpu.Blocks(context.Background(), len(picked), readsAtATime, func() func(lo, hi int) error {
		return func(lo, hi int) error {
			if sumRows(r.factors.Host, r.factors.Cols, picked[lo:hi]) < 0 {
				panic("perf: a sum of ones is negative")
			}
			return nil
		}
	})
}

// forget drops what was measured so far.
func (p *probe) forget() { p.flops, p.y.bytes, p.x.bytes = nil, nil, nil }

// speeds are the best that were seen, as no measurement is of what the machine can do while others use it: of what solves
// for the users, which reads the items' factors, and of what solves for the items.
func (p *probe) speeds() (users, items Speed) {
	flops := slices.Max(p.flops)
	return Speed{flops, slices.Max(p.y.bytes)}, Speed{flops, slices.Max(p.x.bytes)}
}
