//go:build cgo && faiss

package index_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"llm4rec/data/datatest"
	"llm4rec/data/movielens"
	"llm4rec/models/dense"
	"llm4rec/models/index"
	"llm4rec/models/index/native"
)

func TestFAISS(t *testing.T) {
	for _, c := range []struct {
		factory string
		params  map[string]float64
		least   float64 // recall
	}{
		{"Flat", nil, 1},
		{"IVF16,Flat", map[string]float64{"nprobe": 16}, 1},
		{"IVF16,Flat", map[string]float64{"nprobe": 4}, .4},
		{"HNSW16", map[string]float64{"efSearch": 128}, .8},
		{"PQ8x4np", nil, .05},
		{"SQ8", nil, .9},
		{"PCA8,Flat", nil, 0},
	} {
		for _, m := range metrics {
			for _, own := range []bool{false, true} {
				if own && c.factory != "Flat" {
					continue
				}
				t.Run(fmt.Sprint(c.factory, c.params, m, own), func(t *testing.T) {
					leavesNothing(t)
					conform(t, index.Config{Index: "faiss:" + c.factory, Metric: m, Params: c.params, OwnThreads: own}, c.least)
				})
			}
		}
	}
}

// leavesNothing is called first, so that it looks last.
func leavesNothing(t *testing.T) {
	t.Helper()
	before := native.Live()
	t.Cleanup(func() {
		if after := native.Live(); after != before {
			t.Errorf("%d objects of FAISS's live, %d before", after, before)
		}
	})
}

// FAISS's sums are of another order: items may change places where their scores are equal up to rounding.
func TestFlatIsExact(t *testing.T) {
	for _, m := range metrics {
		r := rand.New(rand.NewPCG(1, 2))
		for _, shape := range [][2]int{{1, 1}, {100, 3}, {5000, 33}, {2000, 384}} {
			n, d := shape[0], shape[1]
			sameUpToTies(t, "faiss:Flat", m, normal(r, n*d), normal(r, 50*d), d, 100)
		}
	}
}

// Films as the users who rated them, and users as the mean of their films.
func TestFlatIsExactOnMovieLens(t *testing.T) {
	d, err := movielens.Load100K(datatest.Open(t, "ml-100k"))
	if err != nil {
		t.Fatal(err)
	}
	const dim = 64
	r := rand.New(rand.NewPCG(15, 16))
	directions := normal(r, d.Users.Len()*dim)
	vectors, queries := make([]float32, d.Items.Len()*dim), make([]float32, d.Users.Len()*dim)
	add := func(to, from []float32) {
		for l := range to {
			to[l] += from[l]
		}
	}
	for n, user := range d.Inter.User {
		item := int(d.Inter.Item[n])
		add(vectors[item*dim:][:dim], directions[int(user)*dim:][:dim])
	}
	dense.Normalize(vectors, dim)
	for n, user := range d.Inter.User {
		item := int(d.Inter.Item[n])
		add(queries[int(user)*dim:][:dim], vectors[item*dim:][:dim])
	}
	dense.Normalize(queries, dim)
	for _, m := range metrics {
		sameUpToTies(t, "faiss:Flat", m, vectors, queries, dim, 100)
	}
}

func sameUpToTies(t *testing.T, name string, m index.Metric, vectors, queries []float32, d, k int) {
	t.Helper()
	want := retrieve(t, build(t, index.Config{Index: index.Exact, Metric: m}, vectors, d), queries, k)
	c, err := index.Parse(name, m)
	if err != nil {
		t.Fatal(err)
	}
	got := retrieve(t, build(t, c, vectors, d), queries, k)
	for q := range want {
		if len(got[q]) != len(want[q]) {
			t.Fatalf("%s: query %d: %d items, want %d", m, q, len(got[q]), len(want[q]))
		}
		query := queries[q*d : (q+1)*d]
		tolerance := 1e-5 * max(1, -score(index.L2, query, make([]float32, d)), abs(want[q][0].Score))
		for i := range want[q] {
			a, b := want[q][i].Item, got[q][i].Item
			if a == b {
				continue
			}
			x, y := score(m, query, vectors[int(a)*d:][:d]), score(m, query, vectors[int(b)*d:][:d])
			if x-y > tolerance || y-x > tolerance {
				t.Fatalf("%s, dimension %d: query %d, place %d: item %d with %g, want %d with %g", m, d, q, i, b, y, a, x)
			}
		}
	}
}

func abs(x float32) float64 { return float64(max(x, -x)) }

func TestSave(t *testing.T) {
	const n, d = 1000, 16
	r := rand.New(rand.NewPCG(9, 10))
	vectors, queries := normal(r, n*d), normal(r, 30*d)
	for _, m := range metrics {
		for _, factory := range []string{"Flat", "IVF8,Flat", "HNSW8", "PQ4x4np"} {
			c := index.Config{Index: "faiss:" + factory, Metric: m}
			x := build(t, c, vectors, d)
			file := filepath.Join(t.TempDir(), "index")
			if err := x.(index.Saver).Save(file); err != nil {
				t.Fatal(err)
			}
			if info, err := os.Stat(file); err != nil || info.Size() != x.Bytes() {
				t.Errorf("%s: %v, %v; want %d bytes", factory, info.Size(), err, x.Bytes())
			}
			y, err := c.Load(file)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { y.Close() })
			if y.Len() != n || y.Dim() != d {
				t.Errorf("%s: %d vectors of dimension %d", factory, y.Len(), y.Dim())
			}
			if !slices.EqualFunc(retrieve(t, x, queries, 9), retrieve(t, y, queries, 9), slices.Equal) {
				t.Errorf("%s: other answers after loading", factory)
			}
		}
	}
}

// What FAISS throws comes back as an error that names the index, and leaves nothing behind.
func TestFAISSErrors(t *testing.T) {
	leavesNothing(t)
	vectors := normal(rand.New(rand.NewPCG(11, 12)), 100*8)
	for _, c := range []struct {
		index  string
		params map[string]float64
		want   string
	}{
		{"faiss:Nonsense", nil, "could not parse"},
		{"faiss:IVF200,Flat", nil, "Number of training points"},
		{"faiss:PQ3", nil, "d % M == 0"},
		{"faiss:Flat", map[string]float64{"nprobe": 3}, "nprobe"},
		{"faiss:IVF4,Flat", map[string]float64{"nonsense": 3}, "nonsense"},
	} {
		config := index.Config{Index: c.index, Metric: index.InnerProduct, Params: c.params}
		_, err := config.Build(t.Context(), vectors, 8)
		if err == nil || !strings.Contains(err.Error(), c.index) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.index, err, c.want)
		}
	}
	flat := index.Config{Index: "faiss:Flat", Metric: index.InnerProduct}
	x, err := flat.Build(t.Context(), vectors, 8)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := x.(index.Saver).Save(filepath.Join(dir, "missing", "index")); err == nil || !strings.Contains(err.Error(), "faiss:Flat") {
		t.Errorf("save: %v", err)
	}
	file := filepath.Join(dir, "index")
	if err := x.(index.Saver).Save(file); err != nil {
		t.Fatal(err)
	}
	other := index.Config{Index: "faiss:Flat", Metric: index.L2}
	if _, err := other.Load(file); err == nil || !strings.Contains(err.Error(), "another metric") {
		t.Errorf("load: %v", err)
	}
	for _, content := range []string{"", "no index"} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := flat.Load(file); err == nil || !strings.Contains(err.Error(), "faiss:Flat") {
			t.Errorf("load %q: %v", content, err)
		}
	}
	if _, err := flat.Load(dir + "/nothing"); err == nil {
		t.Error("load: no error")
	}
	if err := x.Close(); err != nil {
		t.Error(err)
	}
	if !panics(func() { x.Retrieve(t.Context(), make([]float32, 8), 1) }) {
		t.Error("closed: no panic")
	}
}
