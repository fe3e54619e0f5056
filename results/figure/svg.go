package figure

import (
	"fmt"
	"html"
	"strings"
)

// The drawing's measures, in its own units.
const (
	width, usual             = 680, 380
	left, right, top, bottom = 66, 18, 14, 52
	letter                   = 6.4 // width of a letter, near enough to keep names apart
	legendLine               = 18
)

// Colours of series, light; pages have classes s0 to s7 instead. They are told apart by people who see few colours, and each
// series has a mark of its own too (Okabe & Ito 2008, without yellow).
var colours = [...]string{"#0072b2", "#c44e00", "#007a5a", "#a83279", "#3b3b3b", "#8a6d00", "#2a7fbf", "#7a4fb5"}

const style = `text{font:11px system-ui,sans-serif;fill:#222}.axis{stroke:#777;fill:none}.grid{stroke:#ddd}.front{fill:none;stroke:#555;stroke-dasharray:5 4}.name{paint-order:stroke;stroke:#fff;stroke-width:3px}` +
	`.line{fill:none;stroke-width:1.8}.thin{opacity:.55;stroke-width:1.2}`

// SVG is the figure as a file of its own.
func (f *Figure) SVG() string {
	var css strings.Builder
	css.WriteString(style)
	for n, c := range colours {
		fmt.Fprintf(&css, ".s%d{color:%s;stroke:%s}", n, c, c)
	}
	return f.draw(`xmlns="http://www.w3.org/2000/svg" `, "<style>"+css.String()+`</style><rect width="100%" height="100%" fill="#fff"/>`)
}

// Inline is the figure as a part of a page, whose style sheet has its classes.
func (f *Figure) Inline() string { return f.draw("", "") }

// drawing is an SVG under way.
type drawing struct {
	strings.Builder
	f    *Figure
	x, y scale
	used []box // by names
	h    int
}

type box struct{ x0, y0, x1, y1 float64 }

func (b box) meets(o box) bool { return b.x0 < o.x1 && o.x0 < b.x1 && b.y0 < o.y1 && o.y0 < b.y1 }

// layout finds the scales.
func (f *Figure) layout() *drawing {
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
	h := f.height()
	return &drawing{f: f, x: newScale(f.X, xs, left, width-right), y: newScale(f.Y, ys, float64(h-bottom), top), h: h}
}

func (f *Figure) draw(attributes, head string) string {
	rows := f.legend()
	d := f.layout()
	fmt.Fprintf(d, `<svg %sclass="figure" viewBox="0 0 %d %d" role="img" aria-label="%s">`, attributes, width, d.h+legendLine*len(rows), html.EscapeString(f.Title))
	d.WriteString("<title>" + html.EscapeString(f.Title) + "</title>" + head)
	d.axes()
	if front := f.front(); len(front) > 1 {
		d.WriteString(`<path class="front" d="` + d.stairs(front) + `"/>`)
	}
	for n, s := range f.Series {
		d.series(n, s)
	}
	d.names()
	for n, row := range rows {
		d.legend(n, row)
	}
	d.WriteString("</svg>")
	return d.String()
}

// height without the legend.
func (f *Figure) height() int {
	if f.Height > 0 {
		return f.Height
	}
	return usual
}

func (d *drawing) text(x, y float64, anchor, s, more string) {
	fmt.Fprintf(d, `<text x="%.1f" y="%.1f" text-anchor="%s"%s>%s</text>`, x, y, anchor, more, html.EscapeString(s))
}

func (d *drawing) axes() {
	for _, t := range d.y.ticks {
		y := d.y.place(t.value)
		fmt.Fprintf(d, `<path class="grid" d="M%d %.1fH%d"/>`, left, y, width-right)
		if !d.f.Y.Bare {
			d.text(left-7, y+4, "end", t.text, "")
		}
	}
	room := (width - left - right) / max(1, len(d.x.ticks))
	for n, t := range d.x.ticks {
		x := d.x.place(t.value)
		fmt.Fprintf(d, `<path class="axis" d="M%.1f %dv4"/>`, x, d.h-bottom)
		text := t.text
		if d.f.X.Names != nil {
			text = shortened(text, int(float64(room)/letter))
			if len(d.x.ticks) > 24 && n%(len(d.x.ticks)/12) != 0 {
				continue
			}
		}
		d.text(x, float64(d.h-bottom+17), "middle", text, "")
	}
	fmt.Fprintf(d, `<path class="axis" d="M%d %dV%dH%d"/>`, left, top, d.h-bottom, width-right)
	d.text((left+width-right)/2, float64(d.h-14), "middle", d.f.X.Label, "")
	d.text(0, 0, "middle", d.f.Y.Label, fmt.Sprintf(` transform="translate(14 %d) rotate(-90)"`, (top+d.h-bottom)/2))
}

func (d *drawing) path(points []Point) string {
	var b strings.Builder
	for n, p := range points {
		fmt.Fprintf(&b, "%c%.1f %.1f", "ML"[min(n, 1)], d.x.place(p.X), d.y.place(p.Y))
	}
	return b.String()
}

// stairs is a frontier: between two of its points, what can be had is what the cheaper one gives.
func (d *drawing) stairs(points []Point) string {
	var b strings.Builder
	for n, p := range points {
		if n == 0 {
			fmt.Fprintf(&b, "M%.1f %.1f", d.x.place(p.X), d.y.place(p.Y))
			continue
		}
		fmt.Fprintf(&b, "H%.1fV%.1f", d.x.place(p.X), d.y.place(p.Y))
	}
	return b.String()
}

// dotted is how many points of a line have dots.
const dotted = 60

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

func (d *drawing) series(n int, s Series) {
	var points []Point
	for _, p := range s.Points {
		if d.f.usable(p) {
			points = append(points, p)
		}
	}
	n = d.f.colour(n)
	fmt.Fprintf(d, `<g class="s%d">`, n%len(colours))
	if s.Kind == Line && len(points) > 1 {
		more := ""
		if s.Thin {
			more = " thin"
		}
		fmt.Fprintf(d, `<path class="line%s" d="%s"/>`, more, d.path(points))
	}
	for _, p := range points {
		x, y := d.x.place(p.X), d.y.place(p.Y)
		if p.Lo != nil && p.Hi != nil {
			fmt.Fprintf(d, `<path class="interval" d="M%.1f %.1fV%.1f"/>`, x, d.y.place(*p.Lo), d.y.place(*p.Hi))
		}
		switch {
		case s.Kind == Bars:
			w := .7 * (width - left - right) / float64(max(1, len(points)))
			fmt.Fprintf(d, `<rect fill="currentColor" stroke="none" x="%.1f" y="%.1f" width="%.1f" height="%.1f">`, x-w/2, y, w, max(0, float64(d.h-bottom)-y))
			d.WriteString("<title>" + html.EscapeString(d.tip(s, p)) + "</title></rect>")
		case !s.Thin && (s.Kind != Line || len(points) <= dotted):
			d.mark(n, x, y, d.tip(s, p))
		}
	}
	d.WriteString("</g>")
}

func (d *drawing) tip(s Series, p Point) string {
	name := p.Name
	if name == "" {
		name = s.Name
	}
	x := number(p.X, max(1e-4, abs(p.X)/1000))
	if at := int(p.X); d.f.X.Names != nil && at >= 0 && at < len(d.f.X.Names) {
		x = d.f.X.Names[at]
	}
	return fmt.Sprintf("%s: %s, %s", name, x, number(p.Y, max(1e-4, abs(p.Y)/1000)))
}

func abs(x float64) float64 { return max(x, -x) }

// mark draws a point in the form of its series.
func (d *drawing) mark(n int, x, y float64, tip string) {
	var shape string
	switch n % 4 {
	case 0:
		shape = fmt.Sprintf(`<circle cx="%.1f" cy="%.1f" r="4"`, x, y)
	case 1:
		shape = fmt.Sprintf(`<path d="M%.1f %.1fl4 4-4 4-4-4z"`, x, y-4)
	case 2:
		shape = fmt.Sprintf(`<path d="M%.1f %.1fl4.5 7.5h-9z"`, x, y-4.5)
	default:
		shape = fmt.Sprintf(`<path d="M%.1f %.1fh7v7h-7z"`, x-3.5, y-3.5)
	}
	d.WriteString(shape + ` fill="currentColor" stroke="none">`)
	end := "</path>"
	if n%4 == 0 {
		end = "</circle>"
	}
	d.WriteString("<title>" + html.EscapeString(tip) + "</title>" + end)
}
