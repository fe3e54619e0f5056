package gputest

import (
	"math"
	"math/rand/v2"

	"llm4rec/gpu"
)

var nan = float32(math.NaN())

// random returns a generator: the same data for the same n.
func random(n int) *rand.Rand { return rand.New(rand.NewPCG(2026, uint64(n))) }

func constant(n int, value float32) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = value
	}
	return out
}

func normal(rng *rand.Rand, n int, sd float64) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(rng.NormFloat64() * sd)
	}
	return out
}

func absolute(x []float32) []float32 {
	out := make([]float32, len(x))
	for i, v := range x {
		out[i] = float32(math.Abs(float64(v)))
	}
	return out
}

// gram returns s·AᵀA, for A n×f.
func gram(a []float32, f int, s float64) []float32 {
	sum := make([]float64, f*f)
	for ; len(a) > 0; a = a[f:] {
		for i, v := range a[:f] {
			row := sum[i*f : (i+1)*f]
			for j, w := range a[:f] {
				row[j] += float64(v) * float64(w)
			}
		}
	}
	out := make([]float32, f*f)
	for i, v := range sum {
		out[i] = float32(s * v)
	}
	return out
}

// sparse returns a matrix with rows of these lengths, in which every set of columns is as likely as any. Its values are
// 1, 2 or 3; without counts they are nil.
func sparse(rng *rand.Rand, lengths []int, cols int, counts bool) gpu.CSR {
	m := gpu.CSR{Rows: len(lengths), Cols: cols, Indptr: []int64{0}}
	for _, n := range lengths {
		for c := range cols {
			if rng.IntN(cols-c) < n {
				m.Indices = append(m.Indices, int32(c))
				n--
			}
		}
		m.Indptr = append(m.Indptr, int64(len(m.Indices)))
	}
	if counts {
		m.Values = make([]float32, len(m.Indices))
		for i := range m.Values {
			m.Values[i] = float32(1 + rng.IntN(3))
		}
	}
	return m
}

// pick returns the matrix of some rows of another.
func pick(m gpu.CSR, rows []int) gpu.CSR {
	out := gpu.CSR{Rows: len(rows), Cols: m.Cols, Indptr: []int64{0}}
	for _, r := range rows {
		lo, hi := m.Indptr[r], m.Indptr[r+1]
		out.Indices = append(out.Indices, m.Indices[lo:hi]...)
		if m.Values != nil {
			out.Values = append(out.Values, m.Values[lo:hi]...)
		}
		out.Indptr = append(out.Indptr, int64(len(out.Indices)))
	}
	return out
}

// value is entry n of a matrix.
func value(m gpu.CSR, n int64) float64 {
	if m.Values == nil {
		return 1
	}
	return float64(m.Values[n])
}
