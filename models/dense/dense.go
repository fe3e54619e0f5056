// Package dense ranks items by the inner product of a query vector with item vectors, or by their distance, exactly.
//
// The score of item y for the query q is the inner product in float64, summed in one fixed order, rounded to float32:
// see [gpu.Dot]. Under L2 it is minus the squared distance, made the same way: see distance. It is a function of the two
// vectors alone, and so are the ranks: no batch size, number of workers or BLAS kernel changes a bit of them.
//
// A float32 matrix product finds the few items worth that sum. Let s be its estimate of the score, r the exact one, f the
// number of factors. A sum of f products in any order, with or without fused multiply-add, is off by at most
// γ_f(u)·Σ|q_l·y_l| ≤ γ_f(u)·‖q‖·‖y‖, where γ_f(u) = f·u/(1 − f·u) and u is the unit roundoff (Higham, Accuracy and
// Stability of Numerical Algorithms, 2nd ed., §3.1). So |s − r| ≤ β with
//
//	β = (γ_f(2⁻²⁴) + γ_f(2⁻⁵³) + 2⁻²⁴)·‖q‖·max‖y‖ + f·2⁻¹²⁶
//
// for the float32 product, the float64 one, the rounding to float32, and underflow, be it gradual or to zero. An item
// whose s is more than 2β below the k-th best s, or more than β below the k-th best r, cannot be among the best k.
//
// Under L2 the estimate is of h = (r + ‖q‖²)/2 = q·y − ‖y‖²/2, whose second term is added to the product, or is one more
// factor of it. With Q = ‖q‖ and Y = max‖y‖, the rounding of that term and of the addition, and of r, which is at most
// (Q + Y)² in size, make it
//
//	β = γ_{f+1}(2⁻²⁴)·(Q·Y + Y²/2) + 2⁻²⁴·(Q·Y + Y²) + (γ_{f+4}(2⁻⁵³) + 2⁻²⁴)·(Q + Y)²/2 + f·2⁻¹²⁶
//
// Vectors that lie close together and far from the origin have distances below that, and cost an exact score each.
package dense

import (
	"context"
	"fmt"
	"math"

	"llm4rec/gpu"
	"llm4rec/models"
)

// Estimates are made for a tile of queries × items at a time. Packing the items for the product costs the less the more
// queries share it, and 512 KiB stay in the second-level cache.
const (
	queryTile = 512
	itemTile  = 256
)

// Items is a catalogue of vectors. It is immutable and safe for concurrent use.
type Items struct {
	vectors []float32 // n×f, row-major
	n, f    int
	norm    float64   // of the longest vector
	halves  []float32 // −‖y‖²/2 under L2, otherwise nil
}

// New makes a catalogue of vectors, row-major with the given number of factors, ranked by inner product. It keeps the slice,
// which must not change. A vector that is not finite is an error.
func New(vectors []float32, factors int) (*Items, error) { return newItems(vectors, factors, false) }

// NewL2 makes one that is ranked by distance.
func NewL2(vectors []float32, factors int) (*Items, error) { return newItems(vectors, factors, true) }

func newItems(vectors []float32, factors int, l2 bool) (*Items, error) {
	if factors < 1 || len(vectors)%factors != 0 {
		panic(badFactors)
	}
	x := &Items{vectors: vectors, n: len(vectors) / factors, f: factors}
	if l2 {
		x.halves = make([]float32, x.n)
	}
	for i := range x.n {
		v := x.vector(int32(i))
		squares := gpu.Dot(v, v)
		norm := math.Sqrt(squares)
		if math.IsNaN(norm) || math.IsInf(norm, 0) {
			return nil, fmt.Errorf("dense: the vector of item %d is not finite", i)
		}
		x.norm = max(x.norm, norm)
		if l2 {
			x.halves[i] = float32(-squares / 2)
		}
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
	size := gpu.Even(len(queries), queryTile)
	err := gpu.Blocks(ctx, len(queries), size, func() func(lo, hi int) error {
		t := newTile(size, itemTile)
		return func(lo, hi int) error {
			searches, err := x.begin(vectors[lo*x.f:hi*x.f], queries[lo:hi], lo)
			if err != nil {
				return err
			}
			if err := x.scan(ctx, searches, vectors[lo*x.f:hi*x.f], t); err != nil {
				return err
			}
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
		size := gpu.Dot(v, v)
		margin, largest := x.margin(math.Sqrt(size))
		if !(largest < math.MaxFloat32/2) {
			return nil, fmt.Errorf("dense: the scores of query %d, of user %d, are not finite in float32", lo+n, q.User)
		}
		searches[n] = newSearch(x, v, size, margin, q)
	}
	return searches, nil
}

// margin is β of the package's comment for a query of that norm, and a bound of scores and estimates.
func (x *Items) margin(norm float64) (beta, largest float64) {
	gamma := func(n int, u float64) float64 { return float64(n) * u / (1 - float64(n)*u) }
	const u, v = 0x1p-24, 0x1p-53
	product, far := norm*x.norm, (norm+x.norm)*(norm+x.norm)
	if x.halves == nil {
		beta, largest = (gamma(x.f, u)+gamma(x.f, v)+u)*product, product
	} else {
		beta, largest = gamma(x.f+1, u)*(product+x.norm*x.norm/2)+u*(product+x.norm*x.norm)+(gamma(x.f+4, v)+u)*far/2, far
	}
	// The last factor covers the rounding of this expression and of the norms themselves.
	return (beta + float64(x.f)*0x1p-126) * (1 + 0x1p-20), largest
}

// estimate is what the estimate of a score would be without its error, for a query with ‖q‖² = size.
func (x *Items) estimate(score, size float64) float64 {
	if x.halves == nil {
		return score
	}
	return (score + size) / 2
}

// exact scores some items.
func (x *Items) exact(q []float32, items []int32) []models.Scored {
	out := make([]models.Scored, len(items))
	if x.halves != nil {
		for n, i := range items {
			out[n] = models.Scored{Item: i, Score: -float32(distance(q, x.vector(i)))}
		}
		return out
	}
	products := make([]float64, len(items))
	gpu.Dots(products, q, x.vectors, items)
	for n, i := range items {
		out[n] = models.Scored{Item: i, Score: float32(products[n])}
	}
	return out
}

// scan offers all items to the searches of the whole catalogue, tile by tile.
func (x *Items) scan(ctx context.Context, searches []search, vectors []float32, t *tile) error {
	whole := false
	for n := range searches {
		whole = whole || !searches[n].done
	}
	if !whole {
		return nil
	}
	for lo := 0; lo < x.n; lo += t.items {
		if err := ctx.Err(); err != nil {
			return err
		}
		hi := min(lo+t.items, x.n)
		var halves []float32
		if x.halves != nil {
			halves = x.halves[lo:hi]
		}
		t.offer(searches, lo, vectors, x.vectors[lo*x.f:hi*x.f], halves, x.f)
	}
	return nil
}

// distance is the squared distance in float64, in the order of [gpu.Dot]. The conversions keep a compiler from fusing a product,
// which here is rounded, with the addition.
func distance(a, b []float32) float64 {
	b = b[:len(a)]
	var s [4]float64
	n := 0
	for ; n+4 <= len(a); n += 4 {
		for l := range s {
			d := float64(a[n+l]) - float64(b[n+l])
			s[l] += float64(d * d)
		}
	}
	for ; n < len(a); n++ {
		d := float64(a[n]) - float64(b[n])
		s[0] += float64(d * d)
	}
	return (s[0] + s[1]) + (s[2] + s[3])
}

const (
	badFactors = "dense: vectors of at least one factor are needed, all of one length"
	badVectors = "dense: one vector a query is needed"
)
