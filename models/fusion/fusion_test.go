package fusion

import (
	"context"
	"errors"
	"slices"
	"testing"

	"llm4rec/baselines/itemknn"
	"llm4rec/data"
	"llm4rec/models"
	"llm4rec/models/modeltest"
)

// fixed recommends a list, whoever asks.
type fixed []models.Scored

func (f fixed) Fit(context.Context, *data.Train) (models.Recommender, error) { return f, nil }

func (f fixed) Recommend(_ context.Context, queries []models.Query) ([][]models.Scored, error) {
	out := make([][]models.Scored, len(queries))
	for n, q := range queries {
		out[n] = f[:min(q.K, len(f))]
	}
	return out, nil
}

func of(t *testing.T, c Config, lists map[string]fixed, k int) []models.Scored {
	t.Helper()
	c.Fitter = func(p Part) (models.Fitter, error) { return lists[p.Model], nil }
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	r, err := c.Fit(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.Recommend(t.Context(), []models.Query{{K: k}})
	if err != nil {
		t.Fatal(err)
	}
	return got[0]
}

func TestByHand(t *testing.T) {
	lists := map[string]fixed{"a": {{Item: 1, Score: 9}, {Item: 2, Score: 5}, {Item: 3, Score: 1}}, "b": {{Item: 3, Score: .2}, {Item: 4, Score: .1}}}
	c := Default()
	c.Of, c.Constant = []Part{{Model: "a"}, {Model: "b", Weight: 2}}, 1
	// 3: 1/4 + 2/2; 4: 2/3; 1: 1/2; 2: 1/3
	want := []models.Scored{{Item: 3, Score: 1.25}, {Item: 4, Score: 2. / 3}, {Item: 1, Score: .5}, {Item: 2, Score: 1. / 3}}
	if got := of(t, c, lists, 9); !slices.Equal(got, want) {
		t.Errorf("rrf: %v, want %v", got, want)
	}
	c.Method = "score"
	// a: 1, ½, 0; b: 1 and 0, twice
	want = []models.Scored{{Item: 3, Score: 2}, {Item: 1, Score: 1}, {Item: 2, Score: .5}}
	if got := of(t, c, lists, 3); !slices.Equal(got, want) {
		t.Errorf("score: %v, want %v", got, want)
	}
	c.Depth = 1
	if got := of(t, c, lists, 9); len(got) != 2 || got[0].Item != 3 || got[0].Score != 2 || got[1].Score != 1 {
		t.Errorf("one of each: %v", got)
	}
}

func TestConformance(t *testing.T) {
	c := Default()
	c.Of, c.Depth = []Part{{Model: "x"}, {Model: "y"}}, 200
	c.Fitter = func(Part) (models.Fitter, error) { return itemknn.Default(), nil }
	modeltest.Run(t, func() models.Fitter { return c })
}

func TestValidate(t *testing.T) {
	refuse := errors.New("refused")
	for name, change := range map[string]func(*Config){
		"of":       func(c *Config) { c.Of = nil },
		"method":   func(c *Config) { c.Method = "sum" },
		"constant": func(c *Config) { c.Constant = -1 },
		"depth":    func(c *Config) { c.Depth = 0 },
	} {
		c := Default()
		c.Of, c.Fitter = []Part{{Model: "a"}}, func(Part) (models.Fitter, error) { return fixed{}, nil }
		change(&c)
		var bad *data.SpecError
		if err := c.Validate(); !errors.As(err, &bad) || bad.Key != name {
			t.Errorf("%s: %v", name, err)
		}
	}
	c := Default()
	c.Of, c.Fitter = []Part{{Model: "a"}}, func(Part) (models.Fitter, error) { return nil, refuse }
	if err := c.Validate(); !errors.Is(err, refuse) {
		t.Errorf("a part that is refused: %v", err)
	}
}
