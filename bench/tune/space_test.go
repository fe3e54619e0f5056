package tune

import (
	"math"
	"reflect"
	"slices"
	"testing"
)

func dimensions(t *testing.T, in map[string]any) space {
	t.Helper()
	var s space
	for _, param := range []string{"a", "b", "c"} {
		if in[param] == nil {
			continue
		}
		d, err := parseDimension(param, in[param])
		if err != nil {
			t.Fatal(err)
		}
		s = append(s, d)
	}
	return s
}

func TestDrawsAreReproducible(t *testing.T) {
	s := dimensions(t, map[string]any{
		"a": []any{1, 2, 3},
		"b": map[string]any{"low": .001, "high": 1, "scale": "log"},
		"c": map[string]any{"low": 2, "high": 9, "integer": true},
	})
	first := s.draw(7, "als", 50)
	if !reflect.DeepEqual(first, s.draw(7, "als", 50)) {
		t.Error("the same draw differs")
	}
	if !reflect.DeepEqual(first[:20], s.draw(7, "als", 20)) {
		t.Error("a larger budget does not begin with the trials of a smaller one")
	}
	for name, other := range map[string][]map[string]any{"seed": s.draw(8, "als", 50), "system": s.draw(7, "ease", 50)} {
		if reflect.DeepEqual(first, other) {
			t.Errorf("another %s draws the same", name)
		}
	}
	seen := map[string]bool{}
	for _, x := range first {
		if seen[text(x)] {
			t.Errorf("%v is tried twice", x)
		}
		seen[text(x)] = true
		if b := x["b"].(float64); b < .001 || b > 1 {
			t.Errorf("b is %v", b)
		}
		if c := x["c"].(int64); c < 2 || c > 9 {
			t.Errorf("c is %v", c)
		}
	}
}

func TestSmallSpacesAreTriedWhole(t *testing.T) {
	grid := dimensions(t, map[string]any{"a": []any{1, 2}, "b": []any{"x", "y"}})
	want := []map[string]any{{"a": 1, "b": "x"}, {"a": 1, "b": "y"}, {"a": 2, "b": "x"}, {"a": 2, "b": "y"}}
	if got := grid.draw(1, "s", 4); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
	if got := grid.draw(1, "s", 3); len(got) != 3 {
		t.Errorf("3 trials of 4 combinations: %v", got)
	}
	if got := space(nil).draw(1, "s", 9); len(got) != 1 || len(got[0]) != 0 {
		t.Errorf("nothing to search: %v", got)
	}
	whole := dimensions(t, map[string]any{"a": map[string]any{"low": 1, "high": 3, "integer": true}})
	if got := whole.draw(1, "s", 10); len(got) != 3 {
		t.Errorf("three whole numbers: %v", got)
	}
}

func TestRangeByHand(t *testing.T) {
	for _, c := range []struct {
		r    Range
		part float64
		want any
	}{
		{Range{Low: 0, High: 10}, 0, 0.},
		{Range{Low: 0, High: 10}, .123456, 1.23},
		{Range{Low: 0, High: 10}, .99999, 10.},
		{Range{Low: .01, High: 100, Scale: "log"}, .5, 1.},
		{Range{Low: .01, High: 100, Scale: "log"}, .75, 10.},
		{Range{Low: 1, High: 4, Integer: true}, 0, int64(1)},
		{Range{Low: 1, High: 4, Integer: true}, .26, int64(2)}, // each number has a quarter
		{Range{Low: 1, High: 4, Integer: true}, .999, int64(4)},
		{Range{Low: 1, High: 1000, Scale: "log", Integer: true}, 0, int64(1)},
		{Range{Low: 1, High: 1000, Scale: "log", Integer: true}, .99999, int64(1000)},
		{Range{Low: .12345, High: .12346}, .5, .12345}, // rounding does not leave the range
	} {
		if got := c.r.at(c.part); got != c.want {
			t.Errorf("%+v at %v: got %v, want %v", c.r, c.part, got, c.want)
		}
	}
}

// Every factor of ten is as likely as another, and every number of a linear range.
func TestRangesAreUniformOnTheirScale(t *testing.T) {
	r := stream(1, "s", 0)
	const n = 3000
	decades, numbers := make([]int, 3), make([]int, 5)
	for range n {
		x := Range{Low: 1, High: 1000, Scale: "log"}.at(r.Float64()).(float64)
		decades[min(2, int(math.Log10(x)))]++
		numbers[Range{Low: 0, High: 4, Integer: true}.at(r.Float64()).(int64)]++
	}
	for _, counts := range [][]int{decades, numbers} {
		want := n / len(counts)
		if slices.Min(counts) < want*8/10 || slices.Max(counts) > want*12/10 {
			t.Errorf("counts %v, want about %d each", counts, want)
		}
	}
}

func TestLevels(t *testing.T) {
	r := &Resource{"epochs", 5, 40}
	for _, c := range []struct {
		b      Budget
		trials int
		r      *Resource
		want   []level
	}{
		{Budget{Halvings: 2, Eta: 3}, 16, r, []level{{16, 5}, {5, 14}, {1, 40}}},
		{Budget{Halvings: 3, Eta: 2}, 16, r, []level{{16, 5}, {8, 10}, {4, 20}, {2, 40}}},
		{Budget{Halvings: 2, Eta: 3}, 16, nil, []level{{16, 0}}},
		{Budget{Halvings: 0, Eta: 3}, 16, r, []level{{16, 40}}},
		{Budget{Halvings: 2, Eta: 3}, 1, r, []level{{1, 40}}}, // nothing to drop
		{Budget{Halvings: 2, Eta: 3}, 2, r, []level{{2, 5}, {1, 40}}},
	} {
		if got := c.b.levels(c.trials, c.r); !slices.Equal(got, c.want) {
			t.Errorf("%+v of %d: got %v, want %v", c.b, c.trials, got, c.want)
		}
	}
}
