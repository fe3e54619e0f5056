package dense

import (
	"fmt"
	"math"
	"slices"

	"llm4rec/gpu"
)

// Similarity is how a query's vector q is compared with an item's x.
type Similarity string

const (
	InnerProduct Similarity = "inner-product" // q·x
	Cosine       Similarity = "cosine"        // q·x / ‖q‖‖x‖; a vector of zeros has 0 with all
	L2           Similarity = "l2"            // −‖q − x‖²
)

// Validate says what is wrong.
func (s Similarity) Validate() error {
	if !slices.Contains([]Similarity{InnerProduct, Cosine, L2}, s) {
		return fmt.Errorf("%q is not one of %s, %s, %s", string(s), InnerProduct, Cosine, L2)
	}
	return nil
}

// Items makes a catalogue for queries of that similarity: inner products with vectors that are made for it. It may keep the
// slice, which must not change.
//
// Distances to vectors of length one are ranked by inner product, which orders alike: ties are then those of cosines, and not
// broken by the last bits of lengths.
func (s Similarity) Items(vectors []float32, factors int) (*Items, error) {
	if s == L2 && !Unit(vectors, factors) {
		return NewL2(vectors, factors)
	}
	return New(s.Queries(vectors, factors), factors) // what cosines compare is the directions alone
}

// Queries makes vectors of queries, row-major, what a catalogue of [Similarity.Items] is asked with.
func (s Similarity) Queries(vectors []float32, factors int) []float32 {
	if s == Cosine {
		vectors = slices.Clone(vectors)
		Normalize(vectors, factors)
	}
	return vectors
}

// Unit says whether all vectors have length one, up to rounding.
func Unit(vectors []float32, factors int) bool {
	for lo := 0; lo < len(vectors); lo += factors {
		if x := vectors[lo : lo+factors]; math.Abs(gpu.Dot(x, x)-1) > 1e-5 {
			return false
		}
	}
	return true
}

// Normalize makes vectors, row-major, length one. One of zeros stays.
func Normalize(vectors []float32, factors int) {
	if factors < 1 || len(vectors)%factors != 0 {
		panic(badFactors)
	}
	for v := range slices.Chunk(vectors, factors) {
		if n := math.Sqrt(gpu.Dot(v, v)); n > 0 {
			for d := range v {
				v[d] = float32(float64(v[d]) / n)
			}
		}
	}
}
