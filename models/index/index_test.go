package index_test

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"llm4rec/gpu"
	"llm4rec/models"
	"llm4rec/models/dense"
	"llm4rec/models/index"
)

var metrics = []index.Metric{index.InnerProduct, index.L2}

func TestExact(t *testing.T) {
	for _, m := range metrics {
		c := index.Config{Index: index.Exact, Metric: m}
		t.Run(string(m), func(t *testing.T) { conform(t, c, 1) })
	}
}

// elsewhere is a device that is not the CPU, whose new memory holds NaN.
type elsewhere struct{ gpu.Device }

func (elsewhere) Kind() string { return "elsewhere" }

// On another device the answers are the same to the last bit, also where more vectors are equal than it hands over.
func TestExactOnADevice(t *testing.T) {
	for _, m := range metrics {
		c := index.Config{Index: index.Exact, Metric: m, Device: elsewhere{gpu.Reference()}}
		before := c.Device.InUse()
		t.Run(string(m), func(t *testing.T) {
			conform(t, c, 1)
			const d = 16
			r := rand.New(rand.NewPCG(13, 14))
			queries := normal(r, 300*d)
			var qs []models.Query
			for range 300 {
				qs = append(qs, models.Query{K: 5, Exclude: []int32{int32(r.IntN(50)), 3, 5}})
			}
			for _, vectors := range [][]float32{normal(r, 1000*d), slices.Repeat(normal(r, 10*d), 100)} {
				x := build(t, index.Config{Index: index.Exact, Metric: m}, vectors, d)
				y := build(t, c, vectors, d)
				if !slices.EqualFunc(retrieve(t, x, queries, 9), retrieve(t, y, queries, 9), slices.Equal) {
					t.Error("other answers than on the CPU")
				}
				want, _, err := index.Answer(t.Context(), x, queries, qs)
				if err != nil {
					t.Fatal(err)
				}
				got, short, err := index.Answer(t.Context(), y, queries, qs)
				if err != nil || short != 0 || !slices.EqualFunc(got, want, slices.Equal) {
					t.Errorf("other answers under masks, %d short, %v", short, err)
				}
			}
		})
		if after := c.Device.InUse(); after != before {
			t.Errorf("%d bytes in use, %d before", after, before)
		}
	}
}

func TestValidate(t *testing.T) {
	if err := index.Default().Validate(); err != nil {
		t.Error(err)
	}
	for want, c := range map[string]index.Config{
		`want exact, or faiss: or faiss-gpu: and a factory string`: {Index: "hnsw", Metric: index.L2},
		`"faiss:" lacks a factory string`:                          {Index: "faiss:", Metric: index.L2},
		`metric: want ip or l2, got "cosine"`:                      {Index: "exact", Metric: "cosine"},
		`exact has no parameters, got nprobe`:                      {Index: "exact", Metric: index.L2, Params: map[string]float64{"nprobe": 3}},
		`"faiss-gpu:" lacks a factory string`:                      {Index: "faiss-gpu:", Metric: index.L2},
		`parameter nprobe: want a finite number`:                   {Index: "faiss:IVF4,Flat", Metric: index.L2, Params: map[string]float64{"nprobe": math.NaN()}},
	} {
		if _, err := c.Build(t.Context(), nil, 4); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if _, err := index.Default().Load("nothing"); err == nil || !strings.Contains(err.Error(), "exact is not saved") {
		t.Error(err)
	}
}

func TestParse(t *testing.T) {
	for _, text := range []string{"exact", "faiss:Flat", "faiss:IVF256,PQ8x4;k_factor=2;nprobe=0.5", "faiss-gpu:IVF256,Flat;devices=2;float16=1;nprobe=16;shard=0;temp-mib=512"} {
		c, err := index.Parse(text, index.L2)
		if err != nil || c.String() != text || c.Metric != index.L2 {
			t.Errorf("%s: %v, %v", text, c, err)
		}
	}
	for _, text := range []string{"", "flat", "faiss:Flat;", "faiss:Flat;nprobe", "faiss:Flat;=3", "faiss:Flat;nprobe=x", "exact;nprobe=3", "faiss-gpu:", "faiss-gpu:Flat;devices=0",
		"faiss-gpu:Flat;devices=1.5", "faiss-gpu:Flat;devices=NaN", "faiss-gpu:Flat;float16=2", "faiss-gpu:Flat;shard=-1", "faiss-gpu:Flat;temp-mib=0.5", "faiss-gpu:Flat;temp-mib=1537"} {
		if _, err := index.Parse(text, index.L2); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}

func TestNormalize(t *testing.T) {
	v := []float32{3, 4, 0, 0, 1e-30, 0}
	dense.Normalize(v, 2)
	if want := []float32{.6, .8, 0, 0, 1, 0}; !slices.Equal(v, want) {
		t.Errorf("got %v, want %v", v, want)
	}
}

// Vectors of unit length have the same neighbours by either metric, and by cosine.
func TestUnitLength(t *testing.T) {
	const n, d = 500, 12
	r := rand.New(rand.NewPCG(1, 2))
	vectors, queries := normal(r, n*d), normal(r, 20*d)
	dense.Normalize(vectors, d)
	dense.Normalize(queries, d)
	ip := retrieve(t, build(t, index.Config{Index: index.Exact, Metric: index.InnerProduct}, vectors, d), queries, 10)
	l2 := retrieve(t, build(t, index.Config{Index: index.Exact, Metric: index.L2}, vectors, d), queries, 10)
	for q := range ip {
		if !slices.Equal(items(ip[q]), items(l2[q])) {
			t.Errorf("query %d: %v, %v", q, ip[q], l2[q])
		}
	}
}

func items(list []models.Scored) []int32 {
	var out []int32
	for _, s := range list {
		out = append(out, s.Item)
	}
	return out
}

// one answers with the items in order, whatever is asked, but never with more than most.
type one struct {
	index.Index
	n, most int
	asked   []int
}

func (x *one) Len() int { return x.n }
func (x *one) Dim() int { return 1 }

func (x *one) Retrieve(_ context.Context, queries []float32, k int) ([][]models.Scored, error) {
	x.asked = append(x.asked, k)
	out := make([][]models.Scored, len(queries))
	for q := range out {
		for i := range min(k, x.most, x.n) {
			out[q] = append(out[q], models.Scored{Item: int32(i), Score: -float32(i)})
		}
	}
	return out, nil
}

func TestAnswer(t *testing.T) {
	x := &one{n: 100, most: 20}
	answers, short, err := index.Answer(t.Context(), x, make([]float32, 6), []models.Query{
		{K: 3},
		{K: 3, Exclude: []int32{1, 0, 1}},
		{K: 2, Candidates: []int32{0, 4, 5, 90}, Exclude: []int32{4}},
		{K: 3, Candidates: []int32{0, 4, 90}},
		{K: 30},
		{K: 5, Candidates: []int32{1}, Exclude: []int32{1, -1, 500}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := [][]int32{{0, 1, 2}, {2, 3, 4}, {0, 5}, {0, 4}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19}, nil}
	for q := range want {
		if !slices.Equal(items(answers[q]), want[q]) {
			t.Errorf("query %d: got %v, want %v", q, answers[q], want[q])
		}
	}
	if short != 2 { // the fourth has 90 to come, the fifth ten more; the last may have nothing
		t.Errorf("%d fall short, want 2", short)
	}
	slices.Sort(x.asked)
	if want := []int{4, 8, 32, 100}; !slices.Equal(x.asked, want) {
		t.Errorf("asked for %v, want %v", x.asked, want)
	}
}

// What masks while it searches, and what filters afterwards, agree where the index is exact.
func TestAnswerIsMasked(t *testing.T) {
	const n, d = 60, 4
	r := rand.New(rand.NewPCG(7, 8))
	vectors := normal(r, n*d)
	x := build(t, index.Default(), vectors, d)
	var queries []models.Query
	for range 50 {
		q := models.Query{K: 1 + r.IntN(70)}
		for range r.IntN(50) {
			q.Exclude = append(q.Exclude, int32(r.IntN(n)))
		}
		queries = append(queries, q)
	}
	v := normal(r, len(queries)*d)
	want, short, err := index.Answer(t.Context(), x, v, queries)
	if err != nil || short != 0 {
		t.Fatal(short, err)
	}
	got, short, err := index.Answer(t.Context(), struct{ index.Index }{x}, v, queries)
	if err != nil || short != 0 {
		t.Fatal(short, err)
	}
	for q := range queries {
		if !slices.Equal(got[q], want[q]) {
			t.Errorf("query %d: got %v, want %v", q, got[q], want[q])
		}
	}
}
