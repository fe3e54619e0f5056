package index_test

import (
	"cmp"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"llm4rec/models"
	"llm4rec/models/dense"
	"llm4rec/models/index"
)

// conform is what every index must do. An exact one finds what a search in float64 finds, up to what float32 cannot tell
// apart; of any other, at least a part.
func conform(t *testing.T, c index.Config, least float64) {
	t.Helper()
	t.Run("ranking", func(t *testing.T) { ranking(t, c, least) })
	t.Run("sizes", func(t *testing.T) { rapid.Check(t, func(t *rapid.T) { sizes(t, c) }) })
	t.Run("errors", func(t *testing.T) { mistakes(t, c) })
	t.Run("many at once", func(t *testing.T) { atOnce(t, c) })
	t.Run("closed", func(t *testing.T) { closed(t, c) })
}

func ranking(t *testing.T, c index.Config, least float64) {
	t.Helper()
	const n, d, count = 3000, 24, 60
	r := rand.New(rand.NewPCG(1, 2))
	vectors, queries := normal(r, n*d), normal(r, count*d)
	x := build(t, c, vectors, d)
	for _, k := range []int{1, 10, 100} {
		found := 0
		for q, got := range retrieve(t, x, queries, k) {
			found += common(t, c.Metric, vectors, queries[q*d:(q+1)*d], got, k)
		}
		if recall := float64(found) / float64(count*k); recall < least {
			t.Errorf("recall@%d: %.3f, want at least %.3f", k, recall, least)
		}
	}
}

// common is how many of the best k in float64 an answer has, which it checks: distinct items, in order, with scores as large
// as they are for an index that keeps vectors as they are. What differs from the k-th best by rounding counts as one of them.
func common(t *testing.T, m index.Metric, vectors, query []float32, got []models.Scored, k int) int {
	t.Helper()
	d := len(query)
	exact, size := make([]float64, len(vectors)/d), 0.0
	for i := range exact {
		exact[i] = score(m, query, vectors[i*d:(i+1)*d])
		size = max(size, math.Abs(exact[i]))
	}
	checkOrder(t, got, len(exact))
	last := slices.SortedFunc(slices.Values(exact), func(a, b float64) int { return cmp.Compare(b, a) })[min(k, len(exact))-1]
	found := 0
	for _, s := range got {
		if exact[s.Item] >= last-1e-5*size {
			found++
		}
	}
	return min(found, k)
}

func checkOrder(t *testing.T, got []models.Scored, n int) {
	t.Helper()
	seen := map[int32]bool{}
	for i, s := range got {
		if s.Item < 0 || int(s.Item) >= n || seen[s.Item] || s.Score-s.Score != 0 {
			t.Fatalf("place %d: item %d of %d again, out of range or with score %g", i, s.Item, n, s.Score)
		}
		seen[s.Item] = true
		if i > 0 && (got[i-1].Score < s.Score || got[i-1].Score == s.Score && got[i-1].Item > s.Item) {
			t.Fatalf("places %d and %d are out of order: %v, %v", i-1, i, got[i-1], s)
		}
	}
}

func score(m index.Metric, a, b []float32) float64 {
	sum := 0.0
	for l := range a {
		x, y := float64(a[l]), float64(b[l])
		if m == index.L2 {
			sum -= (x - y) * (x - y)
		} else {
			sum += x * y
		}
	}
	return sum
}

// sizes draws shapes: no vectors, no queries, more asked for than there are.
func sizes(t *rapid.T, c index.Config) {
	d := rapid.IntRange(1, 3).Draw(t, "multiple of dimension") * 8
	n, count, k := rapid.SampledFrom([]int{0, 320, 500}).Draw(t, "n"), rapid.IntRange(0, 40).Draw(t, "queries"), rapid.IntRange(1, 600).Draw(t, "k")
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
	x, err := c.Build(context.Background(), normal(r, n*d), d)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	if x.Len() != n || x.Dim() != d || n > 0 && x.Bytes() <= 0 {
		t.Fatalf("%d vectors of dimension %d in %d bytes, want %d and %d", x.Len(), x.Dim(), x.Bytes(), n, d)
	}
	got, err := x.Retrieve(context.Background(), normal(r, count*d), k)
	if err != nil || len(got) != count {
		t.Fatalf("%d answers, %v; want %d", len(got), err, count)
	}
	for _, list := range got {
		if len(list) > min(k, n) {
			t.Fatalf("%d items, want at most %d", len(list), min(k, n))
		}
	}
}

func mistakes(t *testing.T, c index.Config) {
	t.Helper()
	const n, d = 400, 16
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	for _, bad := range []float32{nan, inf} {
		vectors := normal(rand.New(rand.NewPCG(3, 4)), n*d)
		x := build(t, c, vectors, d)
		broken := slices.Clone(vectors)
		broken[17*d+3] = bad
		if _, err := c.Build(t.Context(), broken, d); err == nil || !strings.Contains(err.Error(), "vector 17 is not finite") {
			t.Errorf("build: %v", err)
		}
		if _, err := x.Retrieve(t.Context(), broken[:20*d], 3); err == nil || !strings.Contains(err.Error(), "query 17 is not finite") {
			t.Errorf("retrieve: %v", err)
		}
		if _, _, err := index.Answer(t.Context(), x, broken[17*d:18*d], []models.Query{{K: 1}}); err == nil {
			t.Error("answer: no error")
		}
	}
	x := build(t, c, normal(rand.New(rand.NewPCG(3, 4)), n*d), d)
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := x.Retrieve(stopped, make([]float32, d), 3); !errors.Is(err, context.Canceled) {
		t.Errorf("retrieve: %v", err)
	}
	if _, err := c.Build(stopped, make([]float32, n*d), d); !errors.Is(err, context.Canceled) {
		t.Errorf("build: %v", err)
	}
	for name, f := range map[string]func(){
		"dimension": func() { c.Build(t.Context(), nil, 0) },
		"vectors":   func() { c.Build(t.Context(), make([]float32, 3), 2) },
		"queries":   func() { x.Retrieve(t.Context(), make([]float32, d+1), 1) },
		"k":         func() { x.Retrieve(t.Context(), make([]float32, d), 0) },
		"answer":    func() { index.Answer(t.Context(), x, make([]float32, d), nil) },
		"normalize": func() { dense.Normalize(make([]float32, 3), 2) },
	} {
		if !panics(f) {
			t.Errorf("%s: no panic", name)
		}
	}
}

// atOnce asks from sixteen goroutines, which must get what one gets.
func atOnce(t *testing.T, c index.Config) {
	t.Helper()
	const n, d = 2000, 16
	r := rand.New(rand.NewPCG(5, 6))
	x := build(t, c, normal(r, n*d), d)
	queries := normal(r, 300*d)
	want := retrieve(t, x, queries, 7)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			got, err := x.Retrieve(context.Background(), queries, 7)
			if err != nil || !slices.EqualFunc(got, want, slices.Equal) {
				t.Errorf("other answers, %v", err)
			}
		})
	}
	all.Wait()
}

func closed(t *testing.T, c index.Config) {
	t.Helper()
	x, err := c.Build(t.Context(), make([]float32, 320*8), 8)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	}
}

func build(t *testing.T, c index.Config, vectors []float32, d int) index.Index {
	t.Helper()
	x, err := c.Build(t.Context(), vectors, d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close() })
	return x
}

func retrieve(t *testing.T, x index.Index, queries []float32, k int) [][]models.Scored {
	t.Helper()
	got, err := x.Retrieve(t.Context(), queries, k)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func normal(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

func panics(f func()) (yes bool) {
	defer func() { yes = recover() != nil }()
	f()
	return
}
