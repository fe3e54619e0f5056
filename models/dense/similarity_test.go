package dense

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"llm4rec/gpu"
	"llm4rec/models"
)

// Every similarity ranks as its definition in float64 does, up to what float32 cannot tell apart.
func TestSimilarities(t *testing.T) {
	const items, queries, factors = 60, 20, 7
	r := rand.New(rand.NewPCG(1, 2))
	draw := func(n int) []float32 {
		out := make([]float32, n*factors)
		for k := range out {
			out[k] = float32(r.NormFloat64())
		}
		return out
	}
	x, q := draw(items), draw(queries)
	clear(x[:factors]) // an item without a vector
	for s, score := range map[Similarity]func(q, x []float32) float64{
		InnerProduct: gpu.Dot,
		Cosine: func(q, x []float32) float64 {
			if gpu.Dot(x, x) == 0 {
				return 0
			}
			return gpu.Dot(q, x) / math.Sqrt(gpu.Dot(q, q)*gpu.Dot(x, x))
		},
		L2: func(q, x []float32) float64 {
			sum := 0.
			for d := range q {
				sum -= math.Pow(float64(q[d])-float64(x[d]), 2)
			}
			return sum
		},
	} {
		c, err := s.Items(x, factors)
		if err != nil {
			t.Fatal(err)
		}
		asked := make([]models.Query, queries)
		for n := range asked {
			asked[n].K = items
		}
		lists, err := c.TopK(t.Context(), s.Queries(q, factors), asked)
		if err != nil {
			t.Fatal(err)
		}
		for n, list := range lists {
			want := make([]int32, items)
			at := func(i int32) float64 { return score(q[n*factors:(n+1)*factors], x[int(i)*factors:(int(i)+1)*factors]) }
			for i := range want {
				want[i] = int32(i)
			}
			slices.SortStableFunc(want, func(a, b int32) int { return cmp.Compare(at(b), at(a)) })
			for k, y := range list {
				if y.Item != want[k] && math.Abs(at(y.Item)-at(want[k])) > 1e-5 {
					t.Errorf("%s: query %d: item %d is at %d, want %d", s, n, y.Item, k, want[k])
				}
			}
		}
	}
	if Similarity("l1").Validate() == nil || L2.Validate() != nil {
		t.Error("validation")
	}
}
