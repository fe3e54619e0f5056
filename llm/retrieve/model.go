package retrieve

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync/atomic"

	"llm4rec/data"
	"llm4rec/gpu"
	"llm4rec/llm/text"
	"llm4rec/models"
	"llm4rec/models/topk"
)

// Fit embeds the items' texts.
func (c Config) Fit(ctx context.Context, train *data.Train) (models.Recommender, error) {
	m, err := c.fit(ctx, train)
	if err != nil {
		return nil, fmt.Errorf("text: %w", err)
	}
	return m, nil
}

// model answers from the vectors of items.
type model struct {
	config   Config
	texts    []string
	embedder embedder   // of texts of histories
	all      []embedder // one, or one a field
	axes     *axes
	items    vectors
	ranker   ranker
	silent   atomic.Int64 // queries without a history
}

// Vectors are those of the items, one after the other, reduced to a length by principal components where they have another.
// Where there are fewer components, the rest is zero.
func (c Config) Vectors(ctx context.Context, train *data.Train, length int) ([]float32, error) {
	m, err := c.embedded(ctx, train)
	if err != nil {
		return nil, fmt.Errorf("text: %w", err)
	}
	if m.items.dim != length {
		a, err := principal(ctx, m.items, min(length, m.items.dim, m.items.len()), false, c.Seed)
		if err != nil {
			return nil, fmt.Errorf("text: %w", err)
		}
		m.items = a.turn(m.items)
	}
	out := make([]float32, m.items.len()*length)
	for n := range m.items.len() {
		copy(out[n*length:(n+1)*length], m.items.row(n))
	}
	return out, nil
}

func (c Config) fit(ctx context.Context, train *data.Train) (*model, error) {
	m, err := c.embedded(ctx, train)
	if err != nil {
		return nil, err
	}
	m.ranker, err = c.ranker(ctx, m.items)
	return m, err
}

// embedded has the vectors of items, and nothing yet that searches them.
func (c Config) embedded(ctx context.Context, train *data.Train) (*model, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	gpu.CPU() // sets the BLAS of gonum's matrices, so that what they give does not depend on who ran before
	fields, err := c.More.Fields(c.Dirs, train)
	if err != nil {
		return nil, err
	}
	m := &model{config: c}
	if len(c.Weights) == 0 {
		err = m.whole(ctx, fields, train.NumItems)
	} else {
		err = m.byField(ctx, fields, train.NumItems)
	}
	if err != nil {
		return nil, err
	}
	if c.Components > 0 {
		if m.axes, err = principal(ctx, m.items, c.Components, c.Whiten, c.Seed); err != nil {
			return nil, err
		}
		m.items = m.axes.turn(m.items)
	}
	return m, ctx.Err()
}

// whole gives every item the vector of its one text.
func (m *model) whole(ctx context.Context, fields data.Fields, items int) (err error) {
	m.texts, m.embedder, m.items, err = m.config.field(ctx, m.config.Template, fields, items)
	m.all = []embedder{m.embedder}
	return err
}

// byField gives every item its fields' vectors one after the other, each times the root of its weight: inner products are then
// the weighted sums of the fields'.
func (m *model) byField(ctx context.Context, fields data.Fields, items int) error {
	var parts []vectors
	dim := 0
	for _, name := range slices.Sorted(maps.Keys(m.config.Weights)) {
		_, e, x, err := m.config.field(ctx, text.Plain(name), fields, items)
		if err != nil {
			return err
		}
		m.all = append(m.all, e)
		for n := range x.v {
			x.v[n] *= float32(math.Sqrt(m.config.Weights[name]))
		}
		parts = append(parts, x)
		dim += x.dim
	}
	m.items.dim = dim
	for n := range items {
		for _, x := range parts {
			m.items.v = append(m.items.v, x.row(n)...)
		}
	}
	return nil
}

func (c Config) field(ctx context.Context, t text.Template, fields data.Fields, items int) ([]string, embedder, vectors, error) {
	texts, err := c.texts(t, fields, items)
	if err != nil {
		return nil, nil, vectors{}, err
	}
	documents := prefixed(c.DocumentPrefix, texts)
	e, err := c.embedder(ctx, documents)
	if err != nil {
		return nil, nil, vectors{}, err
	}
	x, err := e.embed(ctx, documents)
	if err == nil && c.Normalize {
		x.normalize()
	}
	return texts, e, x, err
}

// Recommend ranks by similarity to the history. A query without a history has the vector zero, which with inner products and
// cosines ranks by item.
func (m *model) Recommend(ctx context.Context, queries []models.Query) ([][]models.Scored, error) {
	histories := make([]history, len(queries))
	for n, q := range queries {
		if histories[n] = m.config.history(q, m.items.len()); len(histories[n].items) == 0 {
			m.silent.Add(1)
		}
	}
	var spoken vectors
	if m.config.Users == "text" {
		var err error
		if spoken, err = m.spoken(ctx, histories); err != nil {
			return nil, fmt.Errorf("text: %w", err)
		}
	}
	// A query may ask several times, once for each group of its history.
	var asked []models.Query
	var vectors []float32
	first := make([]int, len(queries)+1)
	for n, q := range queries {
		own := m.config.combine(m.items, histories[n], q.User)
		switch {
		case len(own) == 0:
			own = [][]float32{make([]float32, m.items.dim)}
		case m.config.Users == "text":
			own = [][]float32{spoken.row(n)}
		}
		for _, v := range own {
			asked, vectors = append(asked, q), append(vectors, v...)
		}
		first[n+1] = len(asked)
	}
	lists, err := m.ranker.TopK(ctx, vectors, asked)
	if err != nil {
		return nil, fmt.Errorf("text: %w", err)
	}
	out := make([][]models.Scored, len(queries))
	for n, q := range queries {
		out[n] = merged(lists[first[n]:first[n+1]], q.K)
	}
	return out, nil
}

// merged are the k best of lists, each item with its best score.
func merged(lists [][]models.Scored, k int) []models.Scored {
	if len(lists) == 1 {
		return lists[0]
	}
	all := slices.Concat(lists...)
	slices.SortFunc(all, topk.Better)
	seen := map[int32]bool{}
	all = slices.DeleteFunc(all, func(x models.Scored) bool {
		again := seen[x.Item]
		seen[x.Item] = true
		return again
	})
	return all[:min(k, len(all))]
}

// Warnings says how many answers rank by item alone.
func (m *model) Warnings() []string {
	var out []string
	for _, e := range m.all {
		if w, ok := e.(models.Warner); ok {
			out = append(out, w.Warnings()...)
		}
	}
	if w, ok := m.ranker.(models.Warner); ok {
		out = append(out, w.Warnings()...)
	}
	if n := m.silent.Load(); n > 0 {
		out = append(out, fmt.Sprintf("text: %d queries were without a history, whose vector is zero", n))
	}
	return out
}

var (
	_ models.Fitter      = Config{}
	_ models.Recommender = (*model)(nil)
	_ models.Warner      = (*model)(nil)
)
