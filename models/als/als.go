// Package als factorises implicit feedback by alternating least squares.
//
// A user's score for an item is ŷ_ui = x_u·y_i. With r_ui the number of interactions of a pair, observed where it is
// above 0, training minimises
//
//	Σ_observed loss(ŷ_ui) + Σ_u λ_u‖x_u‖² + Σ_i λ_i‖y_i‖²
//
// by solving for all x with y fixed, then for all y with x fixed, and so on. The loss is one of
//
//	hu:    (w₀ + α·r)(1 − ŷ)² where observed, w₀·ŷ² elsewhere
//	ials:  α·r·(1 − ŷ)² where observed, and w₀·ŷ² everywhere
//
// "hu" with w₀ = 1 is Hu, Koren & Volinsky, Collaborative Filtering for Implicit Feedback Datasets, ICDM 2008, eqs. 2
// and 3, with confidence c = 1 + α·r. "ials" with α = 1 is Rendle, Krichene, Zhang & Koren, Revisiting the Performance
// of iALS on Item Recommendation Benchmarks, RecSys 2022, where w₀ is called α₀. For r = 1 the two rank alike if λ is
// (w₀ + α)/α times as large in "hu": the scores of "ials" are those of "hu" times α/(w₀ + α).
//
// The regularisation is scaled by frequency, as in that paper:
//
//	λ_u = λ·(|I_u| + w₀·|I|)^ν,  λ_i = λ·(|U_i| + w₀·|U|)^ν
//
// where |I_u| counts the distinct items of the user. With ν = 0 it is λ for all.
//
// In benfred/implicit the entries of the matrix are the confidences: its alpha·r stands where 1 + α·r stands here. For
// r = 1 its alpha = 40 is α = 39, and its default alpha = 1 is α = 0.
//
// Training runs on a [gpu.Device], answering on the CPU.
package als

import (
	"context"
	"fmt"
	"sync/atomic"

	"llm4rec/data"
	"llm4rec/gpu"
	"llm4rec/models"
	"llm4rec/models/index"
)

// Model is a fitted factorisation.
type Model struct {
	config Config
	x, y   factors
	gram   gpu.Matrix // w₀·YᵀY
	items  *index.Catalogue
	curve  []models.Point

	unknown atomic.Int64 // queries of users without a trained vector
}

// factors is a row-major matrix of n vectors.
type factors struct {
	n, f int
	v    []float32
}

func (a factors) matrix() gpu.Matrix { return gpu.OnHost(a.n, a.f, a.v) }

func (a factors) row(r int32) []float32 { return a.v[int(r)*a.f : (int(r)+1)*a.f] }

// newModel makes a model of the factors, which it keeps.
func newModel(c Config, x, y factors) (*Model, error) {
	items, err := index.NewCatalogue(context.Background(), c.Index, c.Similarity, y.v, y.f)
	if err != nil {
		return nil, err
	}
	gram := gpu.OnHost(y.f, y.f, make([]float32, y.f*y.f))
	err = gpu.CPU().Syrk(gram, y.matrix(), float32(c.UnobservedWeight), 0)
	return &Model{config: c, x: x, y: y, gram: gram, items: items}, err
}

// Recommend ranks by the configured similarity.
func (m *Model) Recommend(ctx context.Context, queries []models.Query) ([][]models.Scored, error) {
	vectors := make([]float32, len(queries)*m.y.f)
	if m.config.Users == Trained {
		for n, q := range queries {
			if q.User >= 0 && int(q.User) < m.x.n {
				copy(vectors[n*m.y.f:], m.x.row(q.User))
			}
			if isZero(vectors[n*m.y.f : (n+1)*m.y.f]) {
				m.unknown.Add(1)
			}
		}
	} else if err := m.foldIn(ctx, vectors, queries); err != nil {
		return nil, err
	}
	return m.items.TopK(ctx, vectors, queries)
}

// Warnings says how many answers rank by item alone, and how many an index left short.
func (m *Model) Warnings() []string {
	out := m.items.Warnings()
	if n := m.unknown.Load(); n > 0 {
		out = append(out, fmt.Sprintf("als: %d queries were of users without training items, whose vector is zero: users: history answers them", n))
	}
	return out
}

// Curve is how training went, where it was validated.
func (m *Model) Curve() []models.Point { return m.curve }

func isZero(v []float32) bool {
	for _, x := range v {
		if x != 0 {
			return false
		}
	}
	return true
}

// foldIn solves for the vectors of the queries' histories, exactly.
func (m *Model) foldIn(ctx context.Context, vectors []float32, queries []models.Query) error {
	var seen data.Interactions
	for n, q := range queries {
		for _, i := range q.History {
			if i >= 0 && int(i) < m.y.n {
				seen.User, seen.Item = append(seen.User, int32(n)), append(seen.Item, i)
			}
		}
	}
	cpu := gpu.CPU()
	matrix := seen.UserItem(len(queries), m.y.n)
	r, err := cpu.NewSparse(csr(matrix))
	if err != nil {
		return err
	}
	defer cpu.Free(r)
	p := m.config.equations(m.gram, gpu.OnHost(len(queries), 1, m.config.lambdas(matrix)))
	p.Steps = 0
	err = cpu.LeastSquares(ctx, gpu.OnHost(len(queries), m.y.f, vectors), r, m.y.matrix(), p)
	if err != nil {
		return fmt.Errorf("vectors of histories: %w%s", err, advice(err))
	}
	return nil
}

// csr is the matrix as a device takes it.
func csr(m *data.Matrix) gpu.CSR {
	out := gpu.CSR{Rows: m.Rows, Cols: m.Cols, Indptr: m.Indptr, Indices: m.Indices}
	for _, v := range m.Values {
		if v != 1 {
			out.Values = m.Values
			break
		}
	}
	return out
}

var (
	_ models.Fitter      = Config{}
	_ models.Recommender = (*Model)(nil)
	_ models.Warner      = (*Model)(nil)
	_ models.Curved      = (*Model)(nil)
)
