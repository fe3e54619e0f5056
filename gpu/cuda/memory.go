//go:build nvidia

package cuda

import (
	"math"
	"sync"
	"unsafe"

	"gorgonia.org/cu"

	"llm4rec/gpu"
)

// accounts are what the callers hold, in the bytes that they asked for.
type accounts struct {
	mutex sync.Mutex
	live  map[uintptr]int64
	bytes int64
}

func (a *accounts) out(at uintptr, bytes int64) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if at != 0 {
		a.live[at] = bytes
	}
	a.bytes += bytes
}

func (a *accounts) back(at uintptr) {
	if at == 0 {
		return
	}
	a.mutex.Lock()
	defer a.mutex.Unlock()
	bytes, ok := a.live[at]
	if !ok {
		panic(badFree)
	}
	delete(a.live, at)
	a.bytes -= bytes
}

func (d *device) InUse() int64 {
	d.memory.mutex.Lock()
	defer d.memory.mutex.Unlock()
	return d.memory.bytes
}

// array takes memory for n elements, for a caller to hold.
func array[T float32 | int32 | int64](d *device, n int) (a gpu.Array[T], err error) {
	a.Len = n
	err = d.do(func() (err error) {
		a.Addr, err = d.take(a.Bytes())
		return err
	})
	if err == nil {
		d.memory.out(a.Addr, a.Bytes())
	}
	return a, err
}

// filled is an array with contents.
func filled[T float32 | int32 | int64](d *device, values []T) (gpu.Array[T], error) {
	a, err := array[T](d, len(values))
	if err != nil {
		return a, err
	}
	if err := d.do(func() error { return upload(d, a, values) }); err != nil {
		d.free(a.Addr)
		return gpu.Array[T]{}, err
	}
	return a, nil
}

func (d *device) free(addresses ...uintptr) {
	for _, at := range addresses {
		d.memory.back(at)
	}
	// Memory of a device that is closed went with it.
	_ = d.do(func() error {
		for _, at := range addresses {
			d.give(at)
		}
		return nil
	})
}

func (d *device) Alloc(rows, cols int) (gpu.Matrix, error) {
	gpu.CheckShape(rows, cols)
	a, err := array[float32](d, rows*cols)
	return gpu.Matrix{Rows: rows, Cols: cols, Array: a}, err
}

func (d *device) AllocInts(n int) (gpu.Ints, error) {
	gpu.CheckShape(n, 1)
	a, err := array[int32](d, n)
	return gpu.Ints{Array: a}, err
}

func (d *device) NewSparse(m gpu.CSR) (gpu.Sparse, error) {
	gpu.CheckCSR(m)
	s := gpu.Sparse{Rows: m.Rows, Cols: m.Cols}
	var err error
	if s.Indptr, err = filled(d, m.Indptr); err == nil {
		if s.Indices, err = filled(d, m.Indices); err == nil {
			if s.Values, err = filled(d, m.Values); err == nil {
				s.Plan, err = d.newPlan(m.Indptr)
			}
		}
	}
	if err != nil {
		d.Free(s)
		return gpu.Sparse{}, err
	}
	return s, nil
}

func (d *device) Free(memory ...gpu.Owned) {
	for _, m := range memory {
		switch m := m.(type) {
		case gpu.Matrix:
			d.free(m.Addr)
		case gpu.Ints:
			d.free(m.Addr)
		case gpu.Sparse:
			if p, ok := m.Plan.(*plan); ok && p != nil {
				p.free(d)
			}
			d.free(m.Indptr.Addr, m.Indices.Addr, m.Values.Addr)
		default:
			panic(badFree)
		}
	}
}

// upload copies to the device. The source may change afterwards.
func upload[T float32 | int32 | int64](d *device, dst gpu.Array[T], src []T) error {
	if len(src) == 0 {
		return nil
	}
	if err := cu.MemcpyHtoDAsync(cu.DevicePtr(dst.Addr), unsafe.Pointer(unsafe.SliceData(src)), dst.Bytes(), d.stream); err != nil {
		return err
	}
	return d.stream.Synchronize()
}

func download[T float32 | int32 | float64](d *device, dst []T, src uintptr) error {
	if len(dst) == 0 {
		return d.stream.Synchronize()
	}
	bytes := int64(len(dst)) * int64(unsafe.Sizeof(dst[0]))
	if err := cu.MemcpyDtoHAsync(unsafe.Pointer(unsafe.SliceData(dst)), cu.DevicePtr(src), bytes, d.stream); err != nil {
		return err
	}
	return d.stream.Synchronize()
}

func (d *device) Upload(dst gpu.Matrix, src []float32) error {
	gpu.CheckLen(len(src), dst.Len)
	return d.do(func() error { return upload(d, dst.Array, src) })
}

func (d *device) Download(dst []float32, src gpu.Matrix) error {
	gpu.CheckLen(len(dst), src.Len)
	return d.do(func() error { return download(d, dst, src.Addr) })
}

func (d *device) UploadInts(dst gpu.Ints, src []int32) error {
	gpu.CheckLen(len(src), dst.Len)
	return d.do(func() error { return upload(d, dst.Array, src) })
}

func (d *device) DownloadInts(dst []int32, src gpu.Ints) error {
	gpu.CheckLen(len(dst), src.Len)
	return d.do(func() error { return download(d, dst, src.Addr) })
}

func (d *device) Copy(dst, src gpu.Matrix) error {
	gpu.CheckSame(dst, src)
	return d.do(func() error { return d.copyWithin(dst.Addr, src.Addr, src.Bytes()) })
}

func (d *device) copyWithin(dst, src uintptr, bytes int64) error {
	if bytes == 0 {
		return nil
	}
	return cu.MemcpyDtoDAsync(cu.DevicePtr(dst), cu.DevicePtr(src), bytes, d.stream)
}

func (d *device) Fill(dst gpu.Matrix, value float32) error {
	return d.do(func() error { return d.set(dst.Addr, math.Float32bits(value), dst.Len) })
}

// set sets n words of 4 bytes.
func (d *device) set(at uintptr, word uint32, n int) error {
	if n == 0 {
		return nil
	}
	return cu.MemsetD32Async(cu.DevicePtr(at), uint(word), int64(n), d.stream)
}
