package figure

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Formats are the endings of the files that a figure can be.
func Formats() []string { return []string{"svg", "png", "pdf"} }

// Unknown is the error of a format that is none of [Formats].
type Unknown struct{ Format string }

func (e *Unknown) Error() string {
	return fmt.Sprintf("figure: format %q: known are %s", e.Format, strings.Join(Formats(), ", "))
}

// File is the figure as the content of a file.
func (f *Figure) File(format string) ([]byte, error) {
	switch format {
	case "svg":
		return []byte(f.SVG()), nil
	case "png", "pdf":
	default:
		return nil, &Unknown{format}
	}
	p, err := f.plot()
	if err != nil {
		return nil, fmt.Errorf("figure: %s: %w", f.Title, err)
	}
	high := font.Length(f.height()+legendLine*len(f.legend())) * vg.Inch / 96
	w, err := p.WriterTo(width*vg.Inch/96, high, format)
	if err != nil {
		return nil, fmt.Errorf("figure: %s: %w", f.Title, err)
	}
	var b bytes.Buffer
	if _, err := w.WriteTo(&b); err != nil {
		return nil, fmt.Errorf("figure: %s: %w", f.Title, err)
	}
	return b.Bytes(), nil
}

// plot gives gonum's the same axes, marks and colours as the SVG has.
func (f *Figure) plot() (*plot.Plot, error) {
	d := f.layout()
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = f.Title, f.X.Label, f.Y.Label
	p.Legend.Top = true
	axis(&p.X, d.x)
	axis(&p.Y, d.y)
	grid := plotter.NewGrid()
	grid.Vertical.Width, grid.Horizontal.Color = 0, color.Gray{0xdd}
	p.Add(grid)
	if front := f.front(); len(front) > 1 {
		var steps plotter.XYs
		for n, pt := range front {
			if n > 0 {
				steps = append(steps, plotter.XY{X: d.x.along(pt.X), Y: d.y.along(front[n-1].Y)})
			}
			steps = append(steps, plotter.XY{X: d.x.along(pt.X), Y: d.y.along(pt.Y)})
		}
		line, err := plotter.NewLine(steps)
		if err != nil {
			return nil, err
		}
		line.Color, line.Dashes = color.Gray{0x66}, []vg.Length{4, 3}
		p.Add(line)
	}
	for n, s := range f.Series {
		if err := f.add(p, d, n, s); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (f *Figure) add(p *plot.Plot, d *drawing, n int, s Series) error {
	c := shade(colours[f.colour(n)%len(colours)])
	var xy plotter.XYs
	var names []string
	for _, pt := range s.Points {
		if f.usable(pt) {
			xy = append(xy, plotter.XY{X: d.x.along(pt.X), Y: d.y.along(pt.Y)})
			names = append(names, " "+shortened(pt.Name, longest))
		}
	}
	if len(xy) == 0 {
		return nil
	}
	if s.Kind == Bars {
		var values plotter.Values
		for _, pt := range xy {
			values = append(values, pt.Y)
		}
		bars, err := plotter.NewBarChart(values, vg.Length(.6*float64(width)/float64(len(xy)+1))*vg.Inch/96)
		if err != nil {
			return err
		}
		bars.Color, bars.LineStyle.Width = c, 0
		p.Add(bars)
		return nil
	}
	line, dots, err := plotter.NewLinePoints(xy)
	if err != nil {
		return err
	}
	line.Color, dots.Color, dots.Radius = c, c, vg.Points(2.5)
	dots.Shape = []draw.GlyphDrawer{draw.CircleGlyph{}, draw.PyramidGlyph{}, draw.BoxGlyph{}, draw.TriangleGlyph{}}[f.colour(n)%4]
	if s.Kind == Line {
		p.Add(line)
	}
	if !s.Thin && (s.Kind == Dots || len(xy) <= dotted) {
		p.Add(dots)
	}
	if s.Name != "" && !s.Thin && len(f.Series) > 1 {
		p.Legend.Add(shortened(s.Name, longest), dots)
	}
	if few := len(names) <= many || f.Named; few && strings.TrimSpace(strings.Join(names, "")) != "" {
		labels, err := plotter.NewLabels(plotter.XYLabels{XYs: xy, Labels: names})
		if err != nil {
			return err
		}
		for n := range labels.TextStyle {
			labels.TextStyle[n].Font.Size = vg.Points(7)
		}
		p.Add(labels)
	}
	return nil
}

// along is where a value stands on gonum's axis, which is always linear: the logarithm is ours.
func (s scale) along(v float64) float64 {
	if s.Log {
		v = math.Log10(v)
	}
	if s.Reverse {
		return -v
	}
	return v
}

func axis(a *plot.Axis, s scale) {
	a.Min, a.Max = s.lo, s.hi
	if s.Reverse {
		a.Min, a.Max = -s.hi, -s.lo
	}
	var ticks plot.ConstantTicks
	for _, t := range s.ticks {
		ticks = append(ticks, plot.Tick{Value: s.along(t.value), Label: t.text})
	}
	a.Tick.Marker = ticks
}

// shade reads #rrggbb.
func shade(s string) color.Color {
	n, err := strconv.ParseUint(s[1:], 16, 32)
	if err != nil {
		panic("figure: colours are written #rrggbb: " + err.Error())
	}
	return color.RGBA{uint8(n >> 16), uint8(n >> 8), uint8(n), 255}
}
