package perf

import (
	"slices"
	"testing"
)

func TestSampleDiscardsWhatDidNotHaveItsCores(t *testing.T) {
	var s Sample
	s.add(2, 3.5, 1.8) // 1.75 cores
	s.add(2, 3.7, 1.8)
	s.add(1, -1, 1.8) // unknown
	s.add(4, 7.9, 1.8)
	s.add(3, 0, 0)
	if !slices.Equal(s.Seconds, []float64{2, 1, 4, 3}) || s.Discarded != 1 {
		t.Errorf("%+v", s)
	}
	if s.Median() != 2 || s.Min() != 1 {
		t.Errorf("median %v, least %v", s.Median(), s.Min())
	}
}
