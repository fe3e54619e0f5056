// Package figure draws what tables cannot show: points, lines, bars and ranks, as SVG, PNG or PDF.
//
// A figure is data. The same figure has the same bytes, and its colours are classes where a page may have its own.
package figure

import (
	"cmp"
	"math"
	"slices"
)

// Figure is one drawing.
type Figure struct {
	Name   string // of its file
	Title  string
	Note   string // what a reader must know beside it
	X, Y   Axis
	Series []Series
	Named  bool // every point has its name beside it, where there is room
	Height int  // 0: the usual
}

// Axis is one direction. With names, values are their positions from 0.
type Axis struct {
	Label   string
	Names   []string
	Log     bool
	Reverse bool // ranks: 1 is above
	Zero    bool // begins at 0
	Bare    bool // its figures are told beside the points
}

// Kind is how a series is drawn.
type Kind int

const (
	Dots Kind = iota
	Line      // with a dot at each point, if there are not many
	Bars
)

// Series is points of one name and colour.
type Series struct {
	Name   string
	Kind   Kind
	Points []Point
	Thin   bool // no dots and no name: it belongs to the series before, whose colour it has
}

// Point may have a name, and an interval in the direction of Y.
type Point struct {
	X, Y   float64
	Name   string
	Lo, Hi *float64
	Front  bool // on the Pareto frontier
}

// usable are the points that can be drawn: a logarithm has no place for zero.
func (f *Figure) usable(p Point) bool {
	return finite(p.X, f.X.Log) && finite(p.Y, f.Y.Log)
}

func finite(x float64, log bool) bool {
	return !math.IsNaN(x) && !math.IsInf(x, 0) && (!log || x > 0)
}

// Empty tells whether there is nothing to see.
func (f *Figure) Empty() bool {
	for _, s := range f.Series {
		if slices.ContainsFunc(s.Points, f.usable) {
			return false
		}
	}
	return true
}

// Frontier marks the points that no other beats: less X and at least as much Y, or more Y for no more X (Pareto).
func Frontier(points []Point) {
	order := make([]int, len(points))
	for n := range order {
		order[n] = n
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(points[a].X, points[b].X), cmp.Compare(points[b].Y, points[a].Y))
	})
	best := math.Inf(-1)
	for _, n := range order {
		if points[n].Y > best {
			best = points[n].Y
			points[n].Front = true
		}
	}
}

// front are the points of the frontier from left to right.
func (f *Figure) front() []Point {
	var out []Point
	for _, s := range f.Series {
		for _, p := range s.Points {
			if p.Front && f.usable(p) {
				out = append(out, p)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Point) int { return cmp.Compare(a.X, b.X) })
	return out
}
