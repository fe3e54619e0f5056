package sequential

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"llm4rec/gpu"
	"llm4rec/gpu/graph"
	"llm4rec/models"
	"llm4rec/models/dense"
)

// Model is a trained network. It answers on the CPU. A history without known items, or an unknown user, has the vector
// zero, which ranks by item.
type Model struct {
	spec     *Spec
	users    int
	items    int
	width    int // of a vector
	weights  *graph.Weights
	dense    *dense.Items
	programs sync.Pool // of *encoder
	curve    []models.Point
}

// encoder is a program that makes a sequence a vector. It is used by one goroutine at a time.
type encoder struct {
	program *graph.Program
	batch   packed
}

// newModel makes a model of the weights' values, in the network's order.
func (s *Spec) newModel(users, items int, values [][]float32) (*Model, error) {
	m := &Model{spec: s, users: users, items: items, weights: graph.NewWeights(gpu.CPU())}
	for n, w := range s.Network.Weights(s.rows(items)) {
		err := m.weights.Add(w.Name, w.Rows, w.Cols, func(dst gpu.Matrix) error { return gpu.CPU().Upload(dst, values[n]) })
		if err != nil {
			return nil, err
		}
		if w.Name != s.Network.Output() {
			continue
		}
		m.width = w.Cols
		if m.dense, err = dense.New(values[n][:items*w.Cols], w.Cols); err != nil {
			return nil, fmt.Errorf("%w: %w", graph.ErrNotFinite, err)
		}
	}
	_, err := m.encoder()
	return m, err
}

func (m *Model) encoder() (*encoder, error) {
	if e, ok := m.programs.Get().(*encoder); ok {
		return e, nil
	}
	b := graph.New(false)
	// Of a sequence, the newest position alone is asked for.
	h := b.Gather(m.spec.Network.Describe(b, m.spec.rows(m.items)), b.Ints("newest"))
	p, err := b.Compile(h, m.weights)
	if err != nil {
		return nil, err
	}
	return &encoder{program: p}, nil
}

// Recommend ranks by the inner product of the history's vector and the items'.
//
// Every history is a batch of its own: the sums in a product of matrices may depend on how many rows it has.
func (m *Model) Recommend(ctx context.Context, queries []models.Query) ([][]models.Scored, error) {
	d := m.width
	vectors := make([]float32, len(queries)*d)
	err := gpu.Blocks(ctx, len(queries), 1, func() func(lo, hi int) error {
		return func(n, _ int) error {
			e, err := m.encoder()
			if err != nil {
				return err
			}
			defer m.programs.Put(e)
			return m.encode(e, vectors[n*d:(n+1)*d], m.inputs(queries[n]))
		}
	})
	if err != nil {
		return nil, err
	}
	return m.dense.TopK(ctx, vectors, queries)
}

// inputs are what the network reads of a query: the newest known items of the history, oldest first, or the user.
func (m *Model) inputs(q models.Query) []int32 {
	if m.spec.ByUser {
		if q.User >= 0 && int(q.User) < m.users {
			return []int32{q.User}
		}
		return nil
	}
	room := m.spec.MaxLength
	if m.spec.Masked > 0 {
		room-- // for the mask
	}
	var out []int32
	for n := len(q.History) - 1; n >= 0 && len(out) < room; n-- {
		if i := q.History[n]; i >= 0 && int(i) < m.items {
			out = append(out, i)
		}
	}
	slices.Reverse(out)
	if m.spec.Masked > 0 && len(out) > 0 {
		out = append(out, int32(m.items))
	}
	return out
}

// encode sets dst to the vector of the inputs.
func (m *Model) encode(e *encoder, dst []float32, known []int32) error {
	if len(known) == 0 {
		return nil
	}
	e.batch.pack([]window{{inputs: known}}, m.spec.FromStart)
	for name, x := range map[string][]int32{
		Items: e.batch.items, Positions: e.batch.positions, Starts: e.batch.starts, "newest": {int32(len(known) - 1)},
	} {
		if err := e.program.SetInts(name, x); err != nil {
			return err
		}
	}
	if err := e.program.Run(0, 0); err != nil {
		return err
	}
	copy(dst, e.program.Result().Host)
	return nil
}

// Curve is how the training went.
func (m *Model) Curve() []models.Point { return m.curve }

var (
	_ models.Recommender = (*Model)(nil)
	_ models.Curved      = (*Model)(nil)
)
