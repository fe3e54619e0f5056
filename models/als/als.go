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
package als

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"llm4rec/data"
	"llm4rec/gpu"
	"llm4rec/models"
	"llm4rec/models/dense"
)

// Model is a fitted factorisation.
type Model struct {
	config Config
	x, y   factors
	gram   []float64 // w₀·YᵀY
	items  *dense.Items
}

// factors is a row-major matrix of n vectors.
type factors struct {
	n, f int
	v    []float32
}

func (a factors) row(r int32) []float32 { return a.v[int(r)*a.f : (int(r)+1)*a.f] }

// Streams of random numbers, one for each purpose.
const (
	streamUsers = 1 + iota
	streamItems
)

// initial draws normal vectors. Users start from them only where the solver is iterative.
func (c Config) initial(n int, stream uint64) factors {
	a := factors{n, c.Factors, make([]float32, n*c.Factors)}
	r := rand.New(rand.NewPCG(c.Seed, stream))
	sd := c.InitScale / math.Sqrt(float64(c.Factors))
	for i := range a.v {
		a.v[i] = float32(sd * r.NormFloat64())
	}
	return a
}

// Fit trains on the interaction counts of the training part.
func (c Config) Fit(ctx context.Context, train *data.Train) (models.Recommender, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return c.fit(ctx, train.UserItem(), c.initial(train.NumUsers, streamUsers), c.initial(train.NumItems, streamItems))
}

// fit trains from the given vectors, which it overwrites.
func (c Config) fit(ctx context.Context, r *data.Matrix, x, y factors) (*Model, error) {
	if c.Device == nil {
		c.Device = gpu.CPU()
	}
	t := r.Transpose()
	for n := range c.Iterations {
		for _, half := range []struct {
			r    *data.Matrix
			x, y factors
		}{{r, x, y}, {t, y, x}} {
			if err := c.solveAll(ctx, half.r, half.x, half.y); err != nil {
				return nil, fmt.Errorf("als: iteration %d: %w", n+1, err)
			}
		}
		if c.Progress != nil {
			c.Progress(n+1, c.Iterations)
		}
	}
	items, err := dense.New(c.Device, y.v, y.f)
	if err != nil {
		return nil, fmt.Errorf("als: %w", err)
	}
	return &Model{c, x, y, gram(y, c.UnobservedWeight), items}, nil
}

// Recommend ranks by inner product.
func (m *Model) Recommend(ctx context.Context, queries []models.Query) ([][]models.Scored, error) {
	vectors := make([]float32, len(queries)*m.y.f)
	err := gpu.Blocks(ctx, len(queries), rowBlock, func() func(lo, hi int) error {
		s := newSolver(m.config, m.y, m.gram)
		return func(lo, hi int) error {
			for n := lo; n < hi; n++ {
				if err := m.vector(vectors[n*m.y.f:(n+1)*m.y.f], queries[n], s); err != nil {
					return fmt.Errorf("als: user %d: %w", queries[n].User, err)
				}
			}
			return nil
		}
	})
	if err != nil {
		return nil, err
	}
	return m.items.TopK(ctx, vectors, queries)
}

// vector makes the user's vector, dst, which is zero at the call.
func (m *Model) vector(dst []float32, q models.Query, s *solver) error {
	if m.config.Users == Trained {
		if q.User >= 0 && int(q.User) < m.x.n {
			copy(dst, m.x.row(q.User))
		}
		return nil
	}
	items, counts := count(q.History, m.y.n)
	return s.exact(dst, items, counts)
}

var (
	_ models.Fitter      = Config{}
	_ models.Recommender = (*Model)(nil)
)
