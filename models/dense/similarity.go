package dense

import (
	"fmt"
	"math"
	"slices"
)

// Similarity is how a query's vector q is compared with an item's x.
type Similarity string

const (
	InnerProduct Similarity = "inner-product" // q·x
	Cosine       Similarity = "cosine"        // q·x / ‖q‖‖x‖; a vector of zeros has 0 with all
	L2           Similarity = "l2"            // q·x − ½‖x‖², which orders as −‖q − x‖² does
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
// A squared length that is one but for rounding is one: of vectors of length one, distances, cosines and inner products then
// rank alike, and ties are not broken by last bits.
func (s Similarity) Items(vectors []float32, factors int) (*Items, error) {
	switch s {
	case Cosine:
		vectors = slices.Clone(vectors)
		for lo := 0; lo < len(vectors); lo += factors {
			Normalize(vectors[lo : lo+factors])
		}
	case L2:
		out := make([]float32, 0, len(vectors)/factors*(factors+1))
		for lo := 0; lo < len(vectors); lo += factors {
			x := vectors[lo : lo+factors]
			square := dot(x, x)
			if math.Abs(square-1) < 1e-5 {
				square = 1
			}
			out = append(append(out, x...), float32(-square/2))
		}
		vectors, factors = out, factors+1
	}
	return New(vectors, factors)
}

// Queries makes vectors of queries, row-major, what a catalogue of [Similarity.Items] is asked with.
func (s Similarity) Queries(vectors []float32, factors int) []float32 {
	switch s {
	case Cosine:
		vectors = slices.Clone(vectors)
		for lo := 0; lo < len(vectors); lo += factors {
			Normalize(vectors[lo : lo+factors])
		}
	case L2:
		out := make([]float32, 0, len(vectors)/factors*(factors+1))
		for lo := 0; lo < len(vectors); lo += factors {
			out = append(append(out, vectors[lo:lo+factors]...), 1)
		}
		return out
	}
	return vectors
}

// Normalize makes a vector length one. One of zeros stays.
func Normalize(v []float32) {
	if n := length(v); n > 0 {
		for d := range v {
			v[d] = float32(float64(v[d]) / n)
		}
	}
}
