package suite

import (
	"math"
	"slices"
	"strings"
	"testing"

	"llm4rec/bench"
	"llm4rec/data"
	"llm4rec/data/synthetic"
	"llm4rec/llm/retrieve"
	"llm4rec/models"
	"llm4rec/models/sasrec"
)

// A table of items that begins as their texts is another model than one that begins by chance, and the
// same one each time.
func TestSASRecBeginsAsTexts(t *testing.T) {
	small := synthetic.Default()
	small.Users, small.Items, small.Interactions = 60, 80, 1200
	split, err := synthetic.Generate(small).Split(data.SplitSpec{Method: "leave-one-out", MinHistory: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, length := range []int{8, 200} { // principal components, and fewer of them than there is room for
		c := retrieve.Default()
		v, err := c.Vectors(t.Context(), split.Train, length)
		if err != nil {
			t.Fatal(err)
		}
		squares := 0.0
		for _, x := range v {
			squares += float64(x) * float64(x)
		}
		if len(v) != split.Train.NumItems*length || squares == 0 || math.IsNaN(squares) {
			t.Fatalf("%d numbers, squares %v", len(v), squares)
		}
	}
	var queries []models.Query
	for _, c := range split.Test.Cases {
		queries = append(queries, models.Query{User: c.User, History: c.History, Times: c.Times, At: c.At, Exclude: c.History, K: 20})
	}
	s := &bench.Suite{Models: Models(nil)}
	m, err := s.Model("sasrec")
	if err != nil {
		t.Fatal(err)
	}
	fit := func(params map[string]any) []int32 {
		t.Helper()
		b, err := m.Bind(params)
		if err != nil {
			t.Fatal(err)
		}
		r, err := b.Fitter(bench.Env{Seed: 1}).Fit(t.Context(), split.Train)
		if err != nil {
			t.Fatal(err)
		}
		lists, err := r.Recommend(t.Context(), queries)
		if err != nil {
			t.Fatal(err)
		}
		var out []int32
		for _, l := range lists {
			for _, x := range l {
				out = append(out, x.Item)
			}
		}
		return out
	}
	size := map[string]any{"hidden": 16, "epochs": 1, "max_length": 10}
	with := map[string]any{"hidden": 16, "epochs": 1, "max_length": 10, "text": map[string]any{"embedder": "lsa", "dimensions": 16}}
	plain, texts, again := fit(size), fit(with), fit(with)
	if slices.Equal(plain, texts) {
		t.Error("the texts change nothing")
	}
	if !slices.Equal(texts, again) {
		t.Error("the same texts give another model")
	}
	for params, want := range map[string]string{"nothing": "unknown parameter", "decay": "decay"} {
		_, err := m.Bind(map[string]any{"text": map[string]any{params: -5}})
		if err == nil || !strings.Contains(err.Error(), "text: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("text: %s: got %v", params, err)
		}
	}
	if _, err := (sasrec.Config{}).Fingerprint(); err != nil {
		t.Error(err)
	}
}
