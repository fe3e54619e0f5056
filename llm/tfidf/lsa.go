package tfidf

import (
	"context"

	"gonum.org/v1/gonum/mat"

	"llm4rec/llm/svd"
)

// LSA projects the vectors of a corpus on its strongest right singular vectors.
type LSA struct {
	corpus *Corpus
	basis  *mat.Dense // terms×Dim, orthonormal columns
}

// NewLSA finds the dim strongest directions of texts: see [svd.Right].
func NewLSA(ctx context.Context, corpus *Corpus, texts []string, dim int, seed uint64) (*LSA, error) {
	basis, _, err := svd.Right(ctx, corpus.rows(texts), dim, seed)
	if err != nil {
		return nil, err
	}
	return &LSA{corpus, basis}, nil
}

// Dim is the length of a vector.
func (l *LSA) Dim() int { _, d := l.basis.Dims(); return d }

// Dense are the vectors of texts, len(texts)×Dim, row-major. They are not of length one.
func (l *LSA) Dense(texts []string) []float32 {
	x := l.corpus.rows(texts).Times(l.basis)
	out := make([]float32, 0, len(texts)*l.Dim())
	for n := range texts {
		for _, v := range x.RawRowView(n) {
			out = append(out, float32(v))
		}
	}
	return out
}

// matrix is the vectors of texts.
type matrix struct {
	rows  []Row
	terms int
}

func (c *Corpus) rows(texts []string) matrix {
	m := matrix{make([]Row, len(texts)), c.Len()}
	for n, text := range texts {
		m.rows[n] = c.Row(text)
	}
	return m
}

func (x matrix) Dims() (rows, columns int) { return len(x.rows), x.terms }

func (x matrix) Times(m *mat.Dense) *mat.Dense {
	_, width := m.Dims()
	out := mat.NewDense(len(x.rows), width, nil)
	for n, r := range x.rows {
		to := out.RawRowView(n)
		for k, column := range r.Columns {
			for d, v := range m.RawRowView(int(column)) {
				to[d] += r.Values[k] * v
			}
		}
	}
	return out
}

func (x matrix) TransposedTimes(m *mat.Dense) *mat.Dense {
	_, width := m.Dims()
	out := mat.NewDense(x.terms, width, nil)
	for n, r := range x.rows {
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
