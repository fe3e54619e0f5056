// Package dense ranks items by the inner product of a query vector with item vectors, exactly.
//
// The score of item y for the query q is the inner product in float64, summed in one fixed order, rounded to float32:
// see dot. It is a function of the two vectors alone, and so are the ranks: no batch size, number of workers or BLAS
// kernel changes a bit of them.
//
// A float32 matrix product finds the few items worth that sum. Let s be its score, r the exact one, f the number of
// factors. A sum of f products in any order, with or without fused multiply-add, is off by at most
// γ_f(u)·Σ|q_l·y_l| ≤ γ_f(u)·‖q‖·‖y‖, where γ_f(u) = f·u/(1 − f·u) and u is the unit roundoff (Higham, Accuracy and
// Stability of Numerical Algorithms, 2nd ed., §3.1). So |s − r| ≤ β with
//
//	β = (γ_f(2⁻²⁴) + γ_f(2⁻⁵³) + 2⁻²⁴)·‖q‖·max‖y‖ + f·2⁻¹²⁶
//
// for the float32 product, the float64 one, the rounding to float32, and underflow, be it gradual or to zero. An item
// whose s is more than β below the r of K other items cannot be among the best K.
package dense

import (
	"context"
	"fmt"
	"math"

	"llm4rec/gpu"
	"llm4rec/models"
)

// Scores are made for a tile of queries × items at a time: 256 KiB, which stays in the cache.
const (
	queryTile = 64
	itemTile  = 1024
)

// Items is a catalogue of vectors. It is immutable and safe for concurrent use.
type Items struct {
	vectors []float32 // n×f, row-major
	n, f    int
	norm    float64 // of the longest vector
}

// New makes a catalogue of vectors, row-major with the given number of factors. It keeps the slice, which must not
// change. A vector that is not finite is an error.
func New(vectors []float32, factors int) (*Items, error) {
	if factors < 1 || len(vectors)%factors != 0 {
		panic(badFactors)
	}
	x := &Items{vectors: vectors, n: len(vectors) / factors, f: factors}
	for i := range x.n {
		norm := length(x.vector(int32(i)))
		if math.IsNaN(norm) || math.IsInf(norm, 0) {
			return nil, fmt.Errorf("dense: the vector of item %d is not finite", i)
		}
		x.norm = max(x.norm, norm)
	}
	return x, nil
}

// Len is the number of items.
func (x *Items) Len() int { return x.n }

func (x *Items) vector(i int32) []float32 { return x.vectors[int(i)*x.f : (int(i)+1)*x.f] }

// TopK answers queries[n] with the items of the highest inner product with row n of vectors (len(queries)×f).
func (x *Items) TopK(ctx context.Context, vectors []float32, queries []models.Query) ([][]models.Scored, error) {
	if len(vectors) != len(queries)*x.f {
		panic(badVectors)
	}
	out := make([][]models.Scored, len(queries))
	err := gpu.Blocks(ctx, len(queries), queryTile, func() func(lo, hi int) error {
		scores := make([]float32, queryTile*itemTile)
		return func(lo, hi int) error {
			searches, err := x.begin(vectors[lo*x.f:hi*x.f], queries[lo:hi], lo)
			if err != nil {
				return err
			}
			x.scan(searches, vectors[lo*x.f:hi*x.f], scores)
			for n := range searches {
				out[lo+n] = searches[n].best()
			}
			return nil
		}
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// begin makes a search of every query; the first query is number lo of its batch. A query with candidates is
// answered at once: they are few.
func (x *Items) begin(vectors []float32, queries []models.Query, lo int) ([]search, error) {
	searches := make([]search, len(queries))
	for n, q := range queries {
		v := vectors[n*x.f : (n+1)*x.f]
		bound := x.norm * length(v)
		if !(bound < math.MaxFloat32/2) {
			return nil, fmt.Errorf("dense: the scores of query %d, of user %d, are not finite in float32", lo+n, q.User)
		}
		searches[n] = newSearch(x, v, x.margin(bound), q)
	}
	return searches, nil
}

// margin is β of the package's comment, where bound = ‖q‖·max‖y‖.
func (x *Items) margin(bound float64) float64 {
	gamma := func(u float64) float64 { return float64(x.f) * u / (1 - float64(x.f)*u) }
	// The last factor covers the rounding of this expression and of the norms themselves.
	return ((gamma(0x1p-24)+gamma(0x1p-53)+0x1p-24)*bound + float64(x.f)*0x1p-126) * (1 + 0x1p-20)
}

// scan offers all items to the searches of the whole catalogue, tile by tile.
func (x *Items) scan(searches []search, vectors, scores []float32) {
	whole := false
	for n := range searches {
		whole = whole || !searches[n].done
	}
	if !whole {
		return
	}
	m := len(searches)
	for lo := 0; lo < x.n; lo += itemTile {
		hi := min(lo+itemTile, x.n)
		width := hi - lo
		gpu.MulT(scores[:m*width], vectors, x.vectors[lo*x.f:hi*x.f], m, width, x.f)
		for n := range searches {
			if !searches[n].done {
				searches[n].offer(int32(lo), scores[n*width:(n+1)*width])
			}
		}
	}
}

// length is the Euclidean norm.
func length(v []float32) float64 { return math.Sqrt(dot(v, v)) }

// dot is the inner product in float64. Four partial sums break the chain of dependent additions; their order is fixed.
// A product of two float32 is exact in float64, so it does not matter either whether the compiler fuses it with the
// addition.
func dot(a, b []float32) float64 {
	b = b[:len(a)]
	var s [4]float64
	n := 0
	for ; n+4 <= len(a); n += 4 {
		s[0] += float64(a[n]) * float64(b[n])
		s[1] += float64(a[n+1]) * float64(b[n+1])
		s[2] += float64(a[n+2]) * float64(b[n+2])
		s[3] += float64(a[n+3]) * float64(b[n+3])
	}
	for ; n < len(a); n++ {
		s[0] += float64(a[n]) * float64(b[n])
	}
	return (s[0] + s[1]) + (s[2] + s[3])
}

const (
	badFactors = "dense: vectors of at least one factor are needed, all of one length"
	badVectors = "dense: one vector a query is needed"
)
