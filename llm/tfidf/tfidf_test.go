package tfidf

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"
)

func TestRowByHand(t *testing.T) {
	c := New([]string{"Red fox, RED sky", "red dog", "blue"}, Terms{})
	if c.Len() != 5 { // blue dog fox red sky
		t.Fatalf("%d terms", c.Len())
	}
	one, two := math.Log(4./2)+1, math.Log(4./3)+1 // in one text, in two
	r := c.Row("red Red fox unknown")
	norm := math.Sqrt(one*one + 4*two*two)
	if !slices.Equal(r.Columns, []int32{2, 3}) || math.Abs(r.Values[0]-one/norm) > 1e-15 || math.Abs(r.Values[1]-2*two/norm) > 1e-15 {
		t.Errorf("%v, want %v and %v", r, one/norm, 2*two/norm)
	}
	if r := c.Row("nothing known"); len(r.Columns) != 0 {
		t.Errorf("unknown words: %v", r)
	}
	if d := c.Dense([]string{"", "dog"}); !slices.Equal(d[:5], make([]float32, 5)) || d[6] != 1 {
		t.Errorf("dense: %v", d)
	}
}

func TestRunsOfCharacters(t *testing.T) {
	got := Terms{Least: 3, Most: 4}.of("Ab c")
	want := []string{"ab", "c", "# ab", "#ab ", "# ab ", "# c "}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	for _, bad := range []Terms{{0, 3}, {3, 2}, {-1, -1}} {
		if bad.Validate() == nil {
			t.Errorf("%v: no error", bad)
		}
	}
}

// corpus is made of words that go together.
func corpus(n int) []string {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([]string, n)
	for i := range out {
		var words []string
		for range 8 {
			words = append(words, fmt.Sprintf("w%d", i%5*20+r.IntN(20)), fmt.Sprintf("v%d", r.IntN(50)))
		}
		out[i] = strings.Join(words, " ")
	}
	return out
}

// The projection on the strongest directions is as near to the vectors as the decomposition's own: no other is nearer.
func TestLSAIsTheBestProjection(t *testing.T) {
	texts := corpus(80)
	c := New(texts, Terms{})
	l, err := NewLSA(t.Context(), c, texts, 10, 1)
	if err != nil {
		t.Fatal(err)
	}
	x := mat.NewDense(len(texts), c.Len(), nil)
	for n, v := range c.Dense(texts) {
		x.Set(n/c.Len(), n%c.Len(), float64(v))
	}
	var svd mat.SVD
	svd.Factorize(x, mat.SVDNone)
	best := 0.
	for _, v := range svd.Values(nil)[:10] {
		best += v * v
	}
	got := 0.
	for _, v := range l.Dense(texts) {
		got += float64(v) * float64(v)
	}
	if got > best*(1+1e-5) || got < best*(1-1e-3) {
		t.Errorf("the projections have %v of the squares, the best %v", got, best)
	}
	var gram mat.Dense
	gram.Mul(l.basis.T(), l.basis)
	for n := range 10 {
		for k := range 10 {
			if want := map[bool]float64{true: 1}[n == k]; math.Abs(gram.At(n, k)-want) > 1e-6 {
				t.Fatalf("the basis is not orthonormal: %v at %d, %d", gram.At(n, k), n, k)
			}
		}
	}
	again, err := NewLSA(t.Context(), c, texts, 10, 1)
	if err != nil || !slices.Equal(again.Dense(texts), l.Dense(texts)) {
		t.Errorf("the same texts and seed give other vectors (%v)", err)
	}
}

func TestLSAOfFewerDirections(t *testing.T) {
	texts := []string{"a b", "a b", "c d", "c d", ""}
	c := New(texts, Terms{})
	l, err := NewLSA(t.Context(), c, texts, 4, 1)
	if err != nil {
		t.Fatal(err)
	}
	if l.Dim() != 2 {
		t.Errorf("%d directions, want the 2 that there are", l.Dim())
	}
	x := l.Dense(texts)
	for n, want := range []float64{1, 1, 1, 1, 0} {
		if got := math.Hypot(float64(x[2*n]), float64(x[2*n+1])); math.Abs(got-want) > 1e-6 {
			t.Errorf("text %d has length %v, want %v", n, got, want)
		}
	}
}
