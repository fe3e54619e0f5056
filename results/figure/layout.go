package figure

import (
	"fmt"
	"unicode/utf8"
)

// The drawing's measures, in its own units.
const (
	width, usual             = 680, 380
	left, right, top, bottom = 66, 18, 14, 52
	letter                   = 6.4 // width of a letter, near enough to keep names apart
	legendLine               = 18
	dotted                   = 60 // points of a line that have dots, at most
)

// shape is one thing to draw: every form of file draws the same shapes in the same places.
type shape struct {
	role   role
	colour int  // of a series; −1: none
	points []xy // of a line or an area; the centre of a dot; where words stand
	words  string
	anchor string // start, middle or end
	tip    string // what a pointer shows
}

type xy struct{ x, y float64 }

type role int

const (
	grid role = iota
	axis
	front
	line
	thin
	interval
	dot
	area
	text
	name
	aside // the label of Y, along it
)

// drawing is a figure on its way to shapes.
type drawing struct {
	f      *Figure
	x, y   scale
	h      int
	shapes []shape
	used   []box // by names
}

type box struct{ x0, y0, x1, y1 float64 }

func (b box) meets(o box) bool { return b.x0 < o.x1 && o.x0 < b.x1 && b.y0 < o.y1 && o.y0 < b.y1 }

// layout places everything. The height is that of the drawing with its legend.
func (f *Figure) layout() (shapes []shape, height int) {
	var xs, ys []float64
	for _, s := range f.Series {
		for _, p := range s.Points {
			if !f.usable(p) {
				continue
			}
			xs, ys = append(xs, p.X), append(ys, p.Y)
			for _, v := range []*float64{p.Lo, p.Hi} {
				if v != nil && finite(*v, f.Y.Log) {
					ys = append(ys, *v)
				}
			}
		}
	}
	h := usual
	if f.Height > 0 {
		h = f.Height
	}
	d := &drawing{f: f, x: newScale(f.X, xs, left, width-right), y: newScale(f.Y, ys, float64(h-bottom), top), h: h}
	d.axes()
	if points := f.front(); len(points) > 1 {
		steps := d.stairs(points)
		d.add(shape{role: front, colour: -1, points: steps})
		for n, b := range steps[1:] { // no name is crossed by it
			a := steps[n]
			d.used = append(d.used, box{min(a.x, b.x) - 1, min(a.y, b.y) - 1, max(a.x, b.x) + 1, max(a.y, b.y) + 1})
		}
	}
	for n, s := range f.Series {
		d.series(f.colour(n), s)
	}
	d.names()
	rows := f.legend()
	for n, row := range rows {
		d.legend(n, row)
	}
	return d.shapes, h + legendLine*len(rows)
}

func (d *drawing) add(s shape) { d.shapes = append(d.shapes, s) }

func (d *drawing) text(r role, x, y float64, anchor, words string) {
	d.add(shape{role: r, colour: -1, points: []xy{{x, y}}, words: words, anchor: anchor})
}

func (d *drawing) place(p Point) xy { return xy{d.x.place(p.X), d.y.place(p.Y)} }

func (d *drawing) axes() {
	foot := float64(d.h - bottom)
	for _, t := range d.y.ticks {
		y := d.y.place(t.value)
		d.add(shape{role: grid, colour: -1, points: []xy{{left, y}, {width - right, y}}})
		d.text(text, left-7, y+4, "end", t.text)
	}
	room := (width - left - right) / max(1, len(d.x.ticks))
	for n, t := range d.x.ticks {
		x := d.x.place(t.value)
		d.add(shape{role: axis, colour: -1, points: []xy{{x, foot}, {x, foot + 4}}})
		words := t.text
		if d.f.X.Names != nil {
			words = shortened(words, int(float64(room)/letter))
			if len(d.x.ticks) > 24 && n%(len(d.x.ticks)/12) != 0 {
				continue
			}
		}
		d.text(text, x, foot+17, "middle", words)
	}
	d.add(shape{role: axis, colour: -1, points: []xy{{left, top}, {left, foot}, {width - right, foot}}})
	d.text(text, (left+width-right)/2, float64(d.h-14), "middle", d.f.X.Label)
	d.text(aside, 14, (top+foot)/2, "middle", d.f.Y.Label)
}

// stairs is a frontier: between two of its points, what can be had is what the cheaper one gives.
func (d *drawing) stairs(points []Point) []xy {
	var out []xy
	for n, p := range points {
		at := d.place(p)
		if n > 0 {
			out = append(out, xy{at.x, out[len(out)-1].y})
		}
		out = append(out, at)
	}
	return out
}

// colour of a series, by its position among those that have names.
func (f *Figure) colour(n int) int {
	c := 0
	for _, s := range f.Series[1 : n+1] {
		if !s.Thin {
			c++
		}
	}
	return c
}

func (d *drawing) series(colour int, s Series) {
	var points []Point
	var path []xy
	for _, p := range s.Points {
		if d.f.usable(p) {
			points, path = append(points, p), append(path, d.place(p))
		}
	}
	if s.Kind == Line && len(points) > 1 {
		r := line
		if s.Thin {
			r = thin
		}
		d.add(shape{role: r, colour: colour, points: path})
	}
	for n, p := range points {
		at := path[n]
		if p.Lo != nil && p.Hi != nil {
			d.add(shape{role: interval, colour: colour, points: []xy{{at.x, d.y.place(*p.Lo)}, {at.x, d.y.place(*p.Hi)}}})
		}
		switch {
		case s.Kind == Bars:
			half, foot := .35*(width-left-right)/float64(len(points)), max(at.y, float64(d.h-bottom))
			d.add(shape{role: area, colour: colour, points: []xy{{at.x - half, foot}, {at.x - half, at.y}, {at.x + half, at.y}, {at.x + half, foot}}, tip: d.tip(s, p)})
		case !s.Thin && (s.Kind != Line || len(points) <= dotted):
			d.mark(colour, at, d.tip(s, p))
		}
	}
}

// mark draws a point in the form of its series, so that colours are not all that tells series apart.
func (d *drawing) mark(colour int, at xy, tip string) {
	s := shape{role: area, colour: colour, tip: tip}
	switch colour % 4 {
	case 0:
		s.role, s.points = dot, []xy{at}
	case 1:
		s.points = []xy{{at.x, at.y - 4.4}, {at.x + 4.4, at.y}, {at.x, at.y + 4.4}, {at.x - 4.4, at.y}}
	case 2:
		s.points = []xy{{at.x, at.y - 4.5}, {at.x + 4.5, at.y + 3}, {at.x - 4.5, at.y + 3}}
	default:
		s.points = []xy{{at.x - 3.5, at.y - 3.5}, {at.x + 3.5, at.y - 3.5}, {at.x + 3.5, at.y + 3.5}, {at.x - 3.5, at.y + 3.5}}
	}
	d.add(s)
}

func (d *drawing) tip(s Series, p Point) string {
	who := p.Name
	if who == "" {
		who = s.Name
	}
	x := number(p.X, max(1e-4, abs(p.X)/1000))
	if at := int(p.X); d.f.X.Names != nil && at >= 0 && at < len(d.f.X.Names) {
		x = d.f.X.Names[at]
	}
	return fmt.Sprintf("%s: %s, %s", who, x, number(p.Y, max(1e-4, abs(p.Y)/1000)))
}

func abs(x float64) float64 { return max(x, -x) }

// legend lays out the names of several series in rows, by their positions.
func (f *Figure) legend() [][]int {
	var rows [][]int
	if len(f.Series) < 2 {
		return nil
	}
	used := 0.
	for n, s := range f.Series {
		if s.Name == "" || s.Thin {
			continue
		}
		w := entry(s.Name)
		if rows == nil || used+w > width-left-right {
			rows, used = append(rows, nil), 0
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], n)
		used += w
	}
	return rows
}

func entry(name string) float64 {
	return 30 + letter*float64(utf8.RuneCountInString(shortened(name, longest)))
}

func (d *drawing) legend(row int, series []int) {
	x, y := float64(left), float64(d.h+legendLine*row)
	for _, n := range series {
		s := d.f.Series[n]
		d.mark(d.f.colour(n), xy{x + 5, y}, s.Name)
		d.text(text, x+15, y+4, "start", shortened(s.Name, longest))
		x += entry(s.Name)
	}
}
