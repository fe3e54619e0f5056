package retrieve

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"llm4rec/data"
	"llm4rec/llm/text"
	"llm4rec/models"
	"llm4rec/models/dense"
	"llm4rec/models/modeltest"
)

// titles is the model on what the conformance suite's items have.
func titles() Config {
	c := Default()
	c.Template = text.Plain("title")
	return c
}

func TestConformance(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"tfidf":         func(*Config) {},
		"lsa":           func(c *Config) { c.Embedder, c.Dimensions = "lsa", 8 },
		"inner product": func(c *Config) { c.Similarity, c.Normalize, c.Decay = "inner-product", false, .5 },
		"l2":            func(c *Config) { c.Similarity, c.Users = "l2", "harmonic" },
		"max":           func(c *Config) { c.Users = "max" },
		"centroids":     func(c *Config) { c.Users = "centroids" },
		"text":          func(c *Config) { c.Users = "text" },
		"whitened":      func(c *Config) { c.Embedder, c.Dimensions, c.Components, c.Whiten = "lsa", 8, 3, true },
		"fields":        func(c *Config) { c.Weights = map[string]float64{"title": 2} },
	} {
		t.Run(name, func(t *testing.T) {
			c := titles()
			change(&c)
			var options []modeltest.Option
			if c.Whiten {
				options = append(options, modeltest.NotPersonalised) // whitening makes little of what parity says, which is the checkerboard's sense
			}
			modeltest.Run(t, func() models.Fitter { return c }, options...)
		})
	}
}

// films are three of crime, two of space, and one without a text.
func films() *data.Train {
	ids := data.NewIndex([]string{"1", "2", "3", "4", "5", "6"})
	return &data.Train{
		NumUsers: 1, NumItems: 6, Users: data.NewIndex([]string{"1"}), Items: ids,
		ItemText: data.Fields{
			{Name: "title", Values: []string{"police crime", "crime gang", "crime city", "space ship", "space war", ""}},
			{Name: "year", Values: []string{"1990", "1991", "1992", "1990", "1991", ""}},
		},
	}
}

func ranked(t *testing.T, c Config, train *data.Train, q models.Query) []int32 {
	t.Helper()
	m, err := c.Fit(t.Context(), train)
	if err != nil {
		t.Fatal(err)
	}
	lists, err := m.Recommend(t.Context(), []models.Query{q})
	if err != nil {
		t.Fatal(err)
	}
	var out []int32
	for _, x := range lists[0] {
		out = append(out, x.Item)
	}
	return out
}

// With vectors of length one, cosines, inner products and distances rank alike, ties included.
func TestMetricChangesNothingForUnitVectors(t *testing.T) {
	train := films()
	train.ItemText[0].Values[5] = "police"
	for _, users := range []string{"mean", "harmonic", "max", "text", "centroids"} {
		c := titles()
		c.Users = users
		q := models.Query{History: []int32{0, 3}, Exclude: []int32{0, 3}, K: 6}
		want := ranked(t, c, train, q)
		for _, c.Similarity = range []dense.Similarity{dense.InnerProduct, dense.L2} {
			// A maximum's length differs among queries, not among items.
			if got := ranked(t, c, train, q); !slices.Equal(got, want) {
				t.Errorf("%s, %s: %v, with cosines %v", users, c.Similarity, got, want)
			}
		}
	}
}

func TestUsers(t *testing.T) {
	x := vectors{[]float32{1, 0, 0, 1, 2, -2}, 2}
	for _, c := range []struct {
		users string
		decay float64
		want  []float32
	}{
		{"mean", 1, []float32{1, -1. / 3}},
		{"mean", .5, []float32{(2 + .25) / 1.75, (-2 + .5) / 1.75}},
		{"harmonic", 1, []float32{(2 + 1./3) / (1 + .5 + 1./3), (-2 + .5) / (1 + .5 + 1./3)}},
		{"max", .5, []float32{2, .5}},
	} {
		config := Config{Users: c.users, Recency: models.Recency{Decay: c.decay}}
		h := config.history(models.Query{History: []int32{0, 1, 2}}, 3)
		got := config.combine(x, h, 0)
		if len(got) != 1 || math.Abs(float64(got[0][0]-c.want[0])) > 1e-6 || math.Abs(float64(got[0][1]-c.want[1])) > 1e-6 {
			t.Errorf("%s, %v: %v, want %v", c.users, c.decay, got, c.want)
		}
	}
}

func TestCentroidsAskForEveryGroup(t *testing.T) {
	c := titles()
	c.Users, c.Centroids = "centroids", 2
	h := c.history(models.Query{History: []int32{0, 1, 2, 3}}, 4)
	x := vectors{[]float32{0, 0, 0, 2, 9, 9, 9, 11}, 2}
	got := c.combine(x, h, 7)
	slices.SortFunc(got, func(a, b []float32) int { return int(a[0] - b[0]) })
	if len(got) != 2 || !slices.Equal(got[0], []float32{0, 1}) || !slices.Equal(got[1], []float32{9, 10}) {
		t.Errorf("centres %v", got)
	}
	c.Centroids = 9
	if got := c.combine(vectors{make([]float32, 8), 2}, h, 7); len(got) != 1 {
		t.Errorf("%d groups of equal vectors", len(got))
	}
	// Both interests of the history find their like: the mean of the two would be nearer to neither.
	q := models.Query{History: []int32{0, 1, 3}, Exclude: []int32{0, 1, 3}, K: 2}
	c = titles()
	c.Users, c.Centroids = "centroids", 2
	if got := ranked(t, c, films(), q); !slices.Contains(got, 2) || !slices.Contains(got, 4) {
		t.Errorf("recommended %v, want 2 and 4", got)
	}
}

func TestSpokenHistoryHasAnOrder(t *testing.T) {
	m := &model{config: Config{Order: "oldest"}, texts: []string{"a", "b", "c"}, embedder: echo{t, "a b c"}}
	h := history{items: []int32{2, 1, 0}}
	if _, err := m.spoken(t.Context(), []history{h}); err != nil {
		t.Fatal(err)
	}
	m.config.Order, m.embedder = "newest", echo{t, "c b a"}
	if _, err := m.spoken(t.Context(), []history{h}); err != nil {
		t.Fatal(err)
	}
}

func TestWeightsOfFields(t *testing.T) {
	c := titles()
	q := models.Query{History: []int32{0}, Exclude: []int32{0}, K: 1}
	c.Weights = map[string]float64{"title": 1, "year": .01}
	if got := ranked(t, c, films(), q); got[0] != 1 && got[0] != 2 {
		t.Errorf("by title: %v", got)
	}
	c.Weights = map[string]float64{"title": .01, "year": 1}
	if got := ranked(t, c, films(), q); got[0] != 3 {
		t.Errorf("by year: %v, want 3", got)
	}
}

func TestPermutationKeepsTexts(t *testing.T) {
	train := films()
	c := titles()
	c.Permuted, c.Seed = true, 5
	got, err := c.texts(c.Template, train.ItemText, 6)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := titles().texts(c.Template, train.ItemText, 6)
	if slices.Equal(got, want) {
		t.Error("nothing was permuted")
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%q of %q", got, want)
	}
}

func TestMoreFieldsFromFiles(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"plot.json": `{"2": {"plot": "robbery"}, "4": {"plot": "robbery", "rating": 3}, "77": {"plot": "other"}}`,
		"wiki.csv":  "name,summary\npolice crime (1990),heist\nspace ship (1990),\"heist, too\"\nspace ship (1990),second\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := titles()
	c.Dirs = []string{t.TempDir(), dir}
	c.Template, c.More = text.Plain("plot"), []text.Source{{Path: "plot.json", Field: "plot", Column: "plot"}}
	q := models.Query{History: []int32{1}, Exclude: []int32{1}, K: 1}
	if got := ranked(t, c, films(), q); got[0] != 3 {
		t.Errorf("by plot: %v, want 3", got)
	}
	sum, err := c.Fingerprint()
	if err != nil || sum == "" {
		t.Errorf("fingerprint %q, %v", sum, err)
	}
	c.Template, c.More = text.Plain("wiki"), []text.Source{{Path: "wiki.csv", Field: "wiki", Column: "summary", Key: "name", Match: "{title} ({year})"}}
	if got := ranked(t, c, films(), models.Query{History: []int32{0}, Exclude: []int32{0}, K: 1}); got[0] != 3 {
		t.Errorf("by summary: %v, want 3", got)
	}
	c.More[0].Path = "absent.csv"
	var missing *models.Unavailable
	if _, err := c.Fit(t.Context(), films()); !errors.As(err, &missing) || missing.Remedy == "" {
		t.Errorf("absent file: %v", err)
	}
	c.More[0].Path, c.More[0].Column = "wiki.csv", "plot"
	if _, err := c.Fit(t.Context(), films()); err == nil {
		t.Error("absent column: no error")
	}
}

func TestValidate(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"embedder":   func(c *Config) { c.Embedder = "magic" },
		"users":      func(c *Config) { c.Users = "sum" },
		"similarity": func(c *Config) { c.Similarity = "l1" },
		"order":      func(c *Config) { c.Order = "any" },
		"characters": func(c *Config) { c.Characters = []int{3} },
		"template":   func(c *Config) { c.Template = "title" },
		"weights":    func(c *Config) { c.Weights = map[string]float64{"title": -1} },
		"whiten":     func(c *Config) { c.Whiten = true },
		"more":       func(c *Config) { c.More = []text.Source{{Path: "x.xml", Field: "a", Column: "b"}} },
	} {
		c := Default()
		change(&c)
		var bad *data.SpecError
		if err := c.Validate(); !errors.As(err, &bad) || bad.Key != name {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
}

// echo says what it was asked.
type echo struct {
	t    *testing.T
	want string
}

func (e echo) embed(_ context.Context, texts []string) (vectors, error) {
	if !slices.Equal(texts, []string{e.want}) {
		e.t.Errorf("asked for %q, want %q", texts, e.want)
	}
	return vectors{[]float32{1}, 1}, nil
}

func TestPrincipalComponents(t *testing.T) {
	var x vectors
	x.dim = 2
	for n := range 20 {
		v := float32(n) - 9.5
		x.v = append(x.v, 3*v+1, v) // along (3, 1)
	}
	a, err := principal(t.Context(), x, 2, true, 1)
	if err != nil {
		t.Fatal(err)
	}
	y := a.turn(x)
	if y.dim != 1 {
		t.Fatalf("%d components of points on a line", y.dim)
	}
	sum, squares := 0., 0.
	for _, v := range y.v {
		sum, squares = sum+float64(v), squares+float64(v)*float64(v)
	}
	if math.Abs(sum) > 1e-4 || math.Abs(squares/19-1) > 1e-4 {
		t.Errorf("whitened: sum %v, variance %v", sum, squares/19)
	}
	if _, err := principal(t.Context(), vectors{make([]float32, 6), 2}, 1, false, 1); err == nil {
		t.Error("vectors without variance: no error")
	}
}

// FAISS's exact index answers as ours does; in a build without FAISS, the error says so.
func TestIndexOfFAISS(t *testing.T) {
	q := models.Query{History: []int32{0, 3}, Exclude: []int32{0, 3}, K: 6}
	for _, similarity := range []dense.Similarity{dense.Cosine, dense.L2} {
		c := titles()
		c.Similarity = similarity
		want := ranked(t, c, films(), q)
		c.Index = "faiss:Flat"
		if _, err := c.Fit(t.Context(), films()); err != nil && strings.Contains(err.Error(), "built without FAISS") {
			t.Skip(err)
		}
		got := ranked(t, c, films(), q)
		slices.Sort(got[2:]) // ties may stand in any order
		slices.Sort(want[2:])
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, exactly %v", similarity, got, want)
		}
	}
	c := titles()
	c.Index = "annoy"
	var bad *data.SpecError
	if err := c.Validate(); !errors.As(err, &bad) || bad.Key != "index" {
		t.Errorf("unknown index: %v", err)
	}
}
