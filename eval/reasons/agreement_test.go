package reasons

import (
	"math"
	"testing"
)

func TestFleiss(t *testing.T) {
	// Fourteen votes on ten subjects, the worked example of the English Wikipedia's article on Fleiss' kappa: 0.210.
	got := Fleiss([][]int{
		{0, 0, 0, 0, 14}, {0, 2, 6, 4, 2}, {0, 0, 3, 5, 6}, {0, 3, 9, 2, 0}, {2, 2, 8, 1, 1},
		{7, 7, 0, 0, 0}, {3, 2, 6, 3, 0}, {2, 5, 3, 2, 2}, {6, 5, 2, 1, 0}, {0, 2, 2, 3, 7},
	})
	if math.Abs(got-.210) > .0005 {
		t.Errorf("%v, want .210", got)
	}
	for want, counts := range map[float64][][]int{
		1:  {{3, 0}, {0, 3}},
		-1: {{1, 1}, {1, 1}}, // P̄ = 0, P̄e = 1/2
		0:  nil,
	} {
		if got := Fleiss(counts); got != want {
			t.Errorf("%v: %v, want %v", counts, got, want)
		}
	}
	if got := Fleiss([][]int{{2, 0}}); got != 1 {
		t.Errorf("one category: %v", got)
	}
}

func TestCohen(t *testing.T) {
	// Twenty both yes, fifteen both no, five and ten apart: po = .7, pe = .5 · .6 + .5 · .4 = .5.
	var a, b []int
	for _, x := range []struct{ n, a, b int }{{20, 1, 1}, {5, 1, 0}, {10, 0, 1}, {15, 0, 0}} {
		for range x.n {
			a, b = append(a, x.a), append(b, x.b)
		}
	}
	if got := Cohen(a, b, 2); math.Abs(got-.4) > 1e-12 {
		t.Errorf("%v, want .4", got)
	}
	if got := Cohen([]int{1, 1}, []int{1, 1}, 2); got != 1 {
		t.Errorf("one category: %v", got)
	}
	if got := Cohen(nil, nil, 2); got != 0 {
		t.Errorf("nothing: %v", got)
	}
}
