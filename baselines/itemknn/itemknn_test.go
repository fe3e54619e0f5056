package itemknn

import (
	"math"
	"strings"
	"testing"

	"llm4rec/data"
	"llm4rec/models"
)

// four has n = (3, 3, 2) users for the items a, b, c, and co(ab) = 2, co(bc) = 2, co(ac) = 1. A repeat counts once.
func four() *data.Train {
	return &data.Train{NumUsers: 4, NumItems: 3, Inter: data.Interactions{
		User:   []int32{0, 0, 1, 1, 1, 2, 2, 3, 3},
		Item:   []int32{0, 1, 0, 1, 2, 1, 2, 0, 0},
		Rating: make([]float32, 9),
		Time:   make([]int64, 9),
	}}
}

// scores of all items for a history, those that are not returned are NaN.
func scores(t *testing.T, c Config, history ...int32) [3]float64 {
	t.Helper()
	m, err := c.Fit(t.Context(), four())
	if err != nil {
		t.Fatal(err)
	}
	answers, err := m.Recommend(t.Context(), []models.Query{{History: history, K: 3}})
	if err != nil {
		t.Fatal(err)
	}
	out := [3]float64{math.NaN(), math.NaN(), math.NaN()}
	for _, s := range answers[0] {
		out[s.Item] = float64(s.Score)
	}
	return out
}

func TestByHand(t *testing.T) {
	all := models.Recency{Decay: 1}
	half := models.Recency{Decay: .5}
	for _, c := range []struct {
		name    string
		config  Config
		history []int32
		want    [3]float64
	}{
		{"cosine", Config{Similarity: "cosine", Recency: all}, []int32{0}, [3]float64{0, 2. / 3, 1 / math.Sqrt(6)}},
		{"jaccard", Config{Similarity: "jaccard", Recency: all}, []int32{0}, [3]float64{0, 2. / 4, 1. / 4}},
		{"dice", Config{Similarity: "dice", Recency: all}, []int32{0}, [3]float64{0, 4. / 6, 2. / 5}},
		{"conditional, of c", Config{Similarity: "conditional", Recency: all}, []int32{2}, [3]float64{1. / 2, 1, 0}},
		{"conditional, of b", Config{Similarity: "conditional", Recency: all}, []int32{1}, [3]float64{2. / 3, 0, 2. / 3}},
		{"shrunk cosine", Config{Similarity: "cosine", Shrink: 1, Recency: all}, []int32{0}, [3]float64{0, 2. / 4, 1 / (math.Sqrt(6) + 1)}},
		{"one neighbour each", Config{Similarity: "cosine", Neighbours: 1, Recency: all}, []int32{0, 1}, [3]float64{0, 2. / 3, 2 / math.Sqrt(6)}},
		{"the newest counts fully", Config{Similarity: "cosine", Recency: half}, []int32{0, 2}, [3]float64{1 / math.Sqrt(6), 1./3 + 2/math.Sqrt(6), .5 / math.Sqrt(6)}},
		{"the newest only", Config{Similarity: "cosine", Recency: models.Recency{History: 1, Decay: .5}}, []int32{0, 2}, [3]float64{1 / math.Sqrt(6), 2 / math.Sqrt(6), 0}},
	} {
		got := scores(t, c.config, c.history...)
		for i, want := range c.want {
			if math.Abs(got[i]-want) > 1e-7 {
				t.Errorf("%s: item %d has score %.8f, want %.8f", c.name, i, got[i], want)
			}
		}
	}
}

func TestValidate(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"similarity":    func(c *Config) { c.Similarity = "euclid" },
		"neighbours -1": func(c *Config) { c.Neighbours = -1 },
		"shrink NaN":    func(c *Config) { c.Shrink = math.NaN() },
		"decay 2":       func(c *Config) { c.Decay = 2 },
		"history -3":    func(c *Config) { c.History = -3 },
	} {
		c := Default()
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one of %s", err, want)
		}
	}
}
