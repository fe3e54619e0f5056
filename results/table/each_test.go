package table

import (
	"math"
	"testing"
)

// TestEachIsLoad: reading one table at a time gives what reading all of them does.
func TestEachIsLoad(t *testing.T) {
	dir := t.TempDir()
	small().write(t, dir)
	all, err := Load(dir)
	check(t, err)
	n := 0
	check(t, Each(dir, func(e *Experiment, got *Table) error {
		want := all[0].Tables[n]
		n++
		if got.Protocol != want.Protocol || len(got.Rows) != len(want.Rows) || len(got.Target) != 60 || got.Catalogue == nil {
			t.Fatalf("%s: %d rows, %d targets", got.Protocol, len(got.Rows), len(got.Target))
		}
		standings := got.Standings()
		best := 0
		for i, r := range want.finished() {
			s, x := standings[i], r.summarise(primary(r.Metrics))[primary(r.Metrics)]
			if s.System != r.System || s.Mean != x.Mean || math.Abs(*s.Lo-*x.Lo) > 1e-12 || math.Abs(*s.Hi-*x.Hi) > 1e-12 {
				t.Errorf("%s: %v %g %g, want %v %g %g", s.System, s.Mean, *s.Lo, *s.Hi, x.Mean, *x.Lo, *x.Hi)
			}
			if s.Best {
				best++
			}
		}
		if best != 1 {
			t.Errorf("%d rows are the best", best)
		}
		return nil
	}))
	if n != 2 {
		t.Errorf("%d tables", n)
	}
}

// TestPairsAreCompare: all pairs at once are what one pair at a time is.
func TestPairsAreCompare(t *testing.T) {
	e := loaded(t, small())
	for _, got := range e.Tables[0].Pairs() {
		var a, b *Row
		for _, r := range e.Tables[0].finished() {
			switch r.System {
			case got.A:
				a = r
			case got.B:
				b = r
			}
		}
		want, err := compare(a, b, Primary)
		check(t, err)
		if got.P != want.P || math.Abs(got.Lo-want.Lo) > 1e-12 || got.Wins != want.Wins || got.Mean != want.Mean {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
}
