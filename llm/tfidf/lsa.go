package tfidf

import (
	"context"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// LSA projects the vectors of a corpus on its strongest right singular vectors.
type LSA struct {
	corpus *Corpus
	basis  *mat.Dense // terms×Dim, orthonormal columns
}

// Of the randomised range finder: how many more vectors than wanted, and how often their span is turned towards the strongest
// directions. Four turns leave of a singular value that is half as large 2⁻⁸.
const (
	oversampling = 16
	turns        = 4
)

// NewLSA finds the dim strongest directions of texts by a randomised range finder with subspace iteration (Halko, Martinsson &
// Tropp 2011, algorithm 4.4) and the decomposition of what is left. There are fewer where the corpus has fewer. The same texts
// and seed give the same directions. A direction's sign is such that its largest element is positive.
func NewLSA(ctx context.Context, corpus *Corpus, texts []string, dim int, seed uint64) (*LSA, error) {
	rows := make([]Row, len(texts))
	for n, text := range texts {
		rows[n] = corpus.Row(text)
	}
	dim = min(dim, len(rows), corpus.Len())
	width := min(dim+oversampling, len(rows), corpus.Len())
	r := rand.New(rand.NewPCG(seed, 0x15a))
	span := mat.NewDense(corpus.Len(), width, nil)
	for n := range corpus.Len() {
		for k := range width {
			span.Set(n, k, r.NormFloat64())
		}
	}
	left := directions(times(rows, span))
	for range turns {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		left = directions(times(rows, directions(transposedTimes(rows, left, corpus.Len()))))
	}
	// Of X restricted to what left spans, the left singular vectors of its transpose are X's right ones.
	right := directions(transposedTimes(rows, left, corpus.Len()))
	_, found := right.Dims()
	dim = min(dim, found)
	basis := mat.DenseCopyOf(right.Slice(0, corpus.Len(), 0, dim))
	for k := range dim {
		largest := 0.0
		for n := range corpus.Len() {
			if v := basis.At(n, k); math.Abs(v) > math.Abs(largest) {
				largest = v
			}
		}
		if largest < 0 {
			for n := range corpus.Len() {
				basis.Set(n, k, -basis.At(n, k))
			}
		}
	}
	return &LSA{corpus, basis}, nil
}

// Dim is the length of a vector.
func (l *LSA) Dim() int { _, d := l.basis.Dims(); return d }

// Dense are the vectors of texts, len(texts)×Dim, row-major. They are not of length one.
func (l *LSA) Dense(texts []string) []float32 {
	rows := make([]Row, len(texts))
	for n, text := range texts {
		rows[n] = l.corpus.Row(text)
	}
	x := times(rows, l.basis)
	out := make([]float32, 0, len(texts)*l.Dim())
	for n := range texts {
		for _, v := range x.RawRowView(n) {
			out = append(out, float32(v))
		}
	}
	return out
}

// times is X·m.
func times(rows []Row, m *mat.Dense) *mat.Dense {
	_, width := m.Dims()
	out := mat.NewDense(len(rows), width, nil)
	for n, r := range rows {
		to := out.RawRowView(n)
		for k, column := range r.Columns {
			for d, v := range m.RawRowView(int(column)) {
				to[d] += r.Values[k] * v
			}
		}
	}
	return out
}

// transposedTimes is Xᵀ·m, with as many rows as there are terms.
func transposedTimes(rows []Row, m *mat.Dense, terms int) *mat.Dense {
	_, width := m.Dims()
	out := mat.NewDense(terms, width, nil)
	for n, r := range rows {
		from := m.RawRowView(n)
		for k, column := range r.Columns {
			to := out.RawRowView(int(column))
			for d, v := range from {
				to[d] += r.Values[k] * v
			}
		}
	}
	return out
}

// directions are the left singular vectors of a tall matrix, strongest first, without those that are nothing but rounding: with
// MᵀM = V·Λ·Vᵀ, they are M·V·Λ^(−½).
func directions(m *mat.Dense) *mat.Dense {
	rows, columns := m.Dims()
	var gram mat.SymDense
	gram.SymOuterK(1, m.T())
	var e mat.EigenSym
	if !e.Factorize(&gram, true) {
		panic("tfidf: a symmetric matrix without eigenvalues") // it is not finite
	}
	values := e.Values(nil) // ascending
	var v mat.Dense
	e.VectorsTo(&v)
	kept := 0
	for kept < columns && values[columns-1-kept] > 1e-12*values[columns-1] {
		kept++
	}
	turn := mat.NewDense(columns, max(1, kept), nil)
	for k := range kept {
		at := columns - 1 - k
		for n := range columns {
			turn.Set(n, k, v.At(n, at)/math.Sqrt(values[at]))
		}
	}
	out := mat.NewDense(rows, max(1, kept), nil)
	out.Mul(m, turn)
	return out
}
