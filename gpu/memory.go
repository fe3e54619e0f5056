package gpu

import "unsafe"

// Array is a piece of a device's memory.
type Array[T float32 | int32 | int64] struct {
	Host []T     // the memory itself, where the device computes in the host's
	Addr uintptr // its address, where it does not
	Len  int
}

// Bytes is the size of an array.
func (a Array[T]) Bytes() int64 { return int64(a.Len) * int64(unsafe.Sizeof(*new(T))) }

// Owned is memory that a device gave out.
type Owned interface{ Bytes() int64 }

// Matrix is rows×cols float32, row by row without gaps.
type Matrix struct {
	Rows, Cols int
	Array[float32]
}

// OnHost is a matrix over memory of the caller's, for a device that computes in the host's. It is not the device's to
// free.
func OnHost(rows, cols int, x []float32) Matrix {
	must(len(x) == rows*cols)
	return Matrix{Rows: rows, Cols: cols, Array: Array[float32]{Host: x, Len: len(x)}}
}

// Ints is a vector of int32.
type Ints struct{ Array[int32] }

// CSR is a sparse matrix in the host's memory, in compressed sparse row form.
type CSR struct {
	Rows, Cols int
	Indptr     []int64 // length Rows+1
	Indices    []int32
	Values     []float32 // nil where all are 1
}

// Sparse is a sparse matrix in a device's memory.
type Sparse struct {
	Rows, Cols int
	Indptr     Array[int64]
	Indices    Array[int32]
	Values     Array[float32] // of length 0 where all are 1
	// Plan is what the device prepared for it.
	Plan any
}

// Tile is a matrix within the memory of a matrix, or a batch of them: row r of number n begins at element
// Offset + n·Step + r·Stride.
type Tile struct {
	M                    Matrix
	Rows, Cols           int // of what is stored; Trans exchanges them for the product
	Offset, Stride, Step int
	Trans                bool
}

// Tile is the whole matrix.
func (m Matrix) Tile() Tile { return Tile{M: m, Rows: m.Rows, Cols: m.Cols, Stride: m.Cols} }

// Stacked is the batch of matrices with that many rows that lie on top of each other in m.
func (m Matrix) Stacked(rows int) Tile {
	return Tile{M: m, Rows: rows, Cols: m.Cols, Stride: m.Cols, Step: rows * m.Cols}
}

// T is the transpose.
func (t Tile) T() Tile { t.Trans = !t.Trans; return t }

// shape is that of the tile as a factor of a product.
func (t Tile) shape() (rows, cols int) {
	if t.Trans {
		return t.Cols, t.Rows
	}
	return t.Rows, t.Cols
}

// inside says whether a batch of tiles lies within its memory.
func (t Tile) inside(batch int) bool {
	if t.Rows == 0 || t.Cols == 0 || batch == 0 {
		return true
	}
	last := t.Offset + (batch-1)*t.Step + (t.Rows-1)*t.Stride + t.Cols
	return t.Offset >= 0 && t.Step >= 0 && t.Stride >= t.Cols && last <= t.M.Len
}

// Bytes is the size of a sparse matrix.
func (s Sparse) Bytes() int64 { return s.Indptr.Bytes() + s.Indices.Bytes() + s.Values.Bytes() }

// As is a matrix of another shape, in the first part of the same memory. It is not to be freed.
func (m Matrix) As(rows, cols int) Matrix {
	must(rows*cols <= m.Len)
	m.Rows, m.Cols, m.Len = rows, cols, rows*cols
	if m.Host != nil {
		m.Host = m.Host[:m.Len]
	}
	return m
}

// Head is the first elements of a vector, in the same memory. It is not to be freed.
func (x Ints) Head(n int) Ints {
	must(n <= x.Len)
	x.Len = n
	if x.Host != nil {
		x.Host = x.Host[:n]
	}
	return x
}
