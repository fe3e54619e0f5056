package figure

import (
	"cmp"
	"slices"
	"unicode/utf8"
)

// many is how many points have names beside them; where there are more, those of the frontier alone have.
const many = 16

// longest is how much of a name stands in a drawing. The whole is in what a pointer shows, and in the data below a figure.
const longest = 26

// names writes the names of points where there is room, those of the frontier first. A name that would cover another is
// left out.
func (d *drawing) names() {
	type named struct {
		p    Point
		x, y float64
	}
	var list []named
	for _, s := range d.f.Series {
		for _, p := range s.Points {
			if !d.f.usable(p) {
				continue
			}
			x, y := d.x.place(p.X), d.y.place(p.Y)
			d.used = append(d.used, box{x - 4, y - 4, x + 4, y + 4})
			if p.Name != "" {
				list = append(list, named{p, x, y})
			}
		}
	}
	few := d.f.Named || len(list) <= many
	slices.SortStableFunc(list, func(a, b named) int {
		return cmp.Or(-cmp.Compare(truth(a.p.Front), truth(b.p.Front)), cmp.Compare(b.p.Y, a.p.Y))
	})
	for _, n := range list {
		if !few && !n.p.Front {
			continue
		}
		words := shortened(n.p.Name, longest)
		w := letter * float64(utf8.RuneCountInString(words))
		for _, at := range around(n.x, n.y, d.f.Named && n.p.X == 0) {
			b := box{at.x, at.y - 10, at.x + w, at.y + 2}
			switch at.anchor {
			case "end":
				b.x0, b.x1 = at.x-w, at.x
			case "middle":
				b.x0, b.x1 = at.x-w/2, at.x+w/2
			}
			inside := b.x0 >= left && b.x1 <= width && b.y0 >= 0 && b.y1 <= float64(d.h-bottom)
			if inside && !slices.ContainsFunc(d.used, b.meets) {
				d.used = append(d.used, b)
				d.text(name, at.x, at.y, at.anchor, words)
				break
			}
		}
	}
}

// spot is a place for a name.
type spot struct {
	x, y   float64
	anchor string
}

// around are places beside a point, the best one first.
func around(x, y float64, leftwards bool) []spot {
	out := []spot{{x + 7, y + 4, "start"}, {x - 7, y + 4, "end"}, {x, y - 9, "middle"}, {x, y + 17, "middle"}, {x + 6, y - 7, "start"}, {x + 6, y + 14, "start"}, {x - 6, y - 7, "end"}, {x - 6, y + 14, "end"}}
	if leftwards {
		out[0], out[1] = out[1], out[0]
	}
	return out
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

func shortened(s string, n int) string {
	r := []rune(s)
	if n = max(n, 4); len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}
