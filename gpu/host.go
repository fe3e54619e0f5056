package gpu

import (
	"math"
	"math/bits"
	"slices"
	"sync/atomic"
)

// host is the memory of devices that compute in the host's: operations are over when they return.
type host struct {
	inUse  atomic.Int64
	poison bool // new memory holds NaN, so that whoever relies on its contents is found out
}

// room says whether the machine could ever have so many elements of 4 bytes. Go ends the program where it has not.
func room(rows, cols int) error {
	total := physicalMemory()
	high, bytes := bits.Mul64(uint64(rows)*4, uint64(cols))
	if total > 0 && (high != 0 || bytes > uint64(total)) {
		return &OutOfMemory{Device: "cpu", Asked: int64(min(bytes, math.MaxInt64)), Free: total, Total: total}
	}
	return nil
}

func (h *host) Alloc(rows, cols int) (Matrix, error) {
	CheckShape(rows, cols)
	if err := room(rows, cols); err != nil {
		return Matrix{}, err
	}
	m := Matrix{Rows: rows, Cols: cols, Array: Array[float32]{Host: make([]float32, rows*cols), Len: rows * cols}}
	if h.poison {
		fill(m.Host, float32(math.NaN()))
	}
	h.inUse.Add(m.Bytes())
	return m, nil
}

func (h *host) AllocInts(n int) (Ints, error) {
	CheckShape(n, 1)
	if err := room(n, 1); err != nil {
		return Ints{}, err
	}
	x := Ints{Array[int32]{Host: make([]int32, n), Len: n}}
	if h.poison {
		for i := range x.Host {
			x.Host[i] = math.MinInt32
		}
	}
	h.inUse.Add(x.Bytes())
	return x, nil
}

func (h *host) NewSparse(m CSR) (Sparse, error) {
	CheckCSR(m)
	s := Sparse{
		Rows: m.Rows, Cols: m.Cols,
		Indptr:  Array[int64]{Host: m.Indptr, Len: len(m.Indptr)},
		Indices: Array[int32]{Host: m.Indices, Len: len(m.Indices)},
		Values:  Array[float32]{Host: m.Values, Len: len(m.Values)},
	}
	h.inUse.Add(s.Bytes())
	return s, nil
}

func (h *host) Free(memory ...Owned) {
	for _, m := range memory {
		if h.inUse.Add(-m.Bytes()) < 0 {
			panic(badFree)
		}
	}
}

func (h *host) InUse() int64 { return h.inUse.Load() }

func (h *host) Upload(dst Matrix, src []float32) error {
	CheckLen(len(src), dst.Len)
	copy(dst.Host, src)
	return nil
}

func (h *host) Download(dst []float32, src Matrix) error {
	CheckLen(len(dst), src.Len)
	copy(dst, src.Host)
	return nil
}

func (h *host) UploadInts(dst Ints, src []int32) error {
	CheckLen(len(src), dst.Len)
	copy(dst.Host, src)
	return nil
}

func (h *host) DownloadInts(dst []int32, src Ints) error {
	CheckLen(len(dst), src.Len)
	copy(dst, src.Host)
	return nil
}

func (h *host) Copy(dst, src Matrix) error {
	CheckSame(dst, src)
	copy(dst.Host, src.Host)
	return nil
}

func (h *host) Fill(dst Matrix, value float32) error {
	fill(dst.Host, value)
	return nil
}

func (h *host) Sync() error  { return nil }
func (h *host) Close() error { return nil }

func fill(x []float32, value float32) {
	for i := range x {
		x[i] = value
	}
}

// row is row r of a matrix in the host's memory.
func (m Matrix) row(r int) []float32 { return m.Host[r*m.Cols : (r+1)*m.Cols] }

// row is row r of a sparse matrix in the host's memory; values are nil where all are 1.
func (s *Sparse) row(r int) (indices []int32, values []float32) {
	lo, hi := s.Indptr.Host[r], s.Indptr.Host[r+1]
	if s.Values.Len > 0 {
		values = s.Values.Host[lo:hi]
	}
	return s.Indices.Host[lo:hi], values
}

// value is entry n of a row's values.
func value(values []float32, n int) float64 {
	if values == nil {
		return 1
	}
	return float64(values[n])
}

// without says whether a column stands in no row of indices, which ascend.
func without(indices []int32, column int32) bool {
	_, found := slices.BinarySearch(indices, column)
	return !found
}

const badFree = "gpu: more memory freed than was in use"
