package figure

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"
)

func sample() *Figure {
	lo, hi := 1.5, 2.5
	return &Figure{
		Name: "f", Title: `a </title><script>`, X: Axis{Label: "seconds", Log: true}, Y: Axis{Label: "ndcg@10"},
		Series: []Series{
			{Name: "<b>first</b>", Points: []Point{{X: 1, Y: 1, Name: `"x"&<`}, {X: 10, Y: 2, Lo: &lo, Hi: &hi}, {X: 0, Y: 9}, {X: 3, Y: math.NaN()}}},
			{Name: "line", Kind: Line, Points: []Point{{X: 1, Y: 1}, {X: 100, Y: 3}}},
			{Kind: Line, Thin: true, Points: []Point{{X: 1, Y: 2}, {X: 100, Y: 2}}},
		},
	}
}

func TestFilesAreTheSameEachTime(t *testing.T) {
	for _, format := range Formats() {
		a, err := sample().File(format)
		if err != nil {
			t.Fatal(err)
		}
		b, err := sample().File(format)
		if err != nil {
			t.Fatal(err)
		}
		begins := map[string]string{"svg": "<svg ", "png": "\x89PNG", "pdf": "%PDF"}[format]
		if !bytes.Equal(a, b) || !strings.HasPrefix(string(a), begins) {
			t.Errorf("%s: two files of %d and %d bytes, which begin with %q", format, len(a), len(b), a[:4])
		}
	}
	var unknown *Unknown
	if _, err := sample().File("doc"); !errors.As(err, &unknown) {
		t.Errorf("doc: %v", err)
	}
}

func TestWordsAreEscaped(t *testing.T) {
	for _, text := range []string{sample().SVG(), sample().Inline()} {
		for _, bad := range []string{"<script>", "<b>", `"x"&<`, "NaN", "Inf"} {
			if strings.Contains(text, bad) {
				t.Errorf("the drawing has %q", bad)
			}
		}
	}
}

func TestFrontier(t *testing.T) {
	points := []Point{{X: 2, Y: 1}, {X: 1, Y: 1}, {X: 3, Y: 3}, {X: 3, Y: 2}, {X: 4, Y: 3}, {X: 9, Y: 4}}
	Frontier(points)
	for n, want := range []bool{false, true, true, false, false, true} {
		if points[n].Front != want {
			t.Errorf("point %d: %v", n, points[n])
		}
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		a      Axis
		values []float64
		want   string
	}{
		{Axis{}, []float64{0, .12}, "0.00 0.05 0.10"}, {Axis{}, []float64{5}, "4.6 4.8 5.0 5.2 5.4"}, {Axis{Log: true}, []float64{.001, 1000}, "0.001 0.01 0.1 1 10 100 1000"},
		{Axis{Reverse: true}, []float64{1, 4}, "1 2 3 4"}, {Axis{}, nil, "0.0 0.2 0.4 0.6 0.8 1.0"}, {Axis{Log: true}, []float64{7.6, 7.9}, "7.6 7.7 7.8 7.9"},
	} {
		var got []string
		for _, x := range newScale(c.a, c.values, 0, 1).ticks {
			got = append(got, x.text)
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%v: %s, want %s", c.values, s, c.want)
		}
	}
}
