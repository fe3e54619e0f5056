package data

// Matrix is a sparse matrix in compressed sparse row form. Columns ascend within a row and are distinct.
type Matrix struct {
	Rows, Cols int
	Indptr     []int64   // length Rows+1
	Indices    []int32   // column of each entry
	Values     []float32 // how many interactions of that kind there are: 1 unless a pair repeats
}

// Row returns the columns and values of one row.
func (m *Matrix) Row(r int32) ([]int32, []float32) {
	lo, hi := m.Indptr[r], m.Indptr[r+1]
	return m.Indices[lo:hi], m.Values[lo:hi]
}

// Transpose returns the matrix with rows and columns exchanged.
func (m *Matrix) Transpose() *Matrix {
	t := &Matrix{Rows: m.Cols, Cols: m.Rows, Indptr: make([]int64, m.Cols+1), Indices: make([]int32, len(m.Indices)), Values: make([]float32, len(m.Values))}
	for _, c := range m.Indices {
		t.Indptr[c+1]++
	}
	for c := range m.Cols {
		t.Indptr[c+1] += t.Indptr[c]
	}
	next := append([]int64(nil), t.Indptr[:m.Cols]...)
	for r := range m.Rows {
		for p := m.Indptr[r]; p < m.Indptr[r+1]; p++ {
			c := m.Indices[p]
			t.Indices[next[c]], t.Values[next[c]] = int32(r), m.Values[p]
			next[c]++
		}
	}
	return t
}

// UserItem builds the users × items matrix of interaction counts.
func (x Interactions) UserItem(users, items int) *Matrix {
	// Two transpositions sort the columns of every row in linear time.
	raw := &Matrix{Rows: users, Cols: items, Indptr: make([]int64, users+1), Indices: make([]int32, x.Len()), Values: make([]float32, x.Len())}
	for _, u := range x.User {
		raw.Indptr[u+1]++
	}
	for u := range users {
		raw.Indptr[u+1] += raw.Indptr[u]
	}
	next := append([]int64(nil), raw.Indptr[:users]...)
	for n, u := range x.User {
		raw.Indices[next[u]], raw.Values[next[u]] = x.Item[n], 1
		next[u]++
	}
	return raw.Transpose().Transpose().mergeRepeats()
}

// mergeRepeats adds up entries of equal row and column, which must be neighbours.
func (m *Matrix) mergeRepeats() *Matrix {
	w := int64(0)
	start := int64(0)
	for r := range m.Rows {
		end := m.Indptr[r+1]
		first := w
		for p := start; p < end; p++ {
			if w > first && m.Indices[w-1] == m.Indices[p] {
				m.Values[w-1] += m.Values[p]
				continue
			}
			m.Indices[w], m.Values[w] = m.Indices[p], m.Values[p]
			w++
		}
		start = end
		m.Indptr[r+1] = w
	}
	m.Indices, m.Values = m.Indices[:w], m.Values[:w]
	return m
}
