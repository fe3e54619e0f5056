package figure

import (
	"bytes"
	"fmt"
	"image/color"
	"regexp"
	"strconv"
	"strings"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/font/liberation"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgpdf"
)

// Formats are those of the files that a figure can be.
func Formats() []string { return []string{"svg", "png", "pdf"} }

// Unknown is the error of a format that is none of [Formats].
type Unknown struct{ Format string }

func (e *Unknown) Error() string {
	return fmt.Sprintf("figure: format %q: known are %s", e.Format, strings.Join(Formats(), ", "))
}

// unit is that of the drawing. Of gonum's plot only the canvases are used: its axes would be others than the SVG's, and its
// labels bring fonts that would nearly double the program.
const unit = vg.Inch / 96

// File is the figure as the content of a file.
func (f *Figure) File(format string) ([]byte, error) {
	if format == "svg" {
		return []byte(f.SVG()), nil
	}
	shapes, high := f.layout()
	w, h := width*unit, vg.Length(high)*unit
	var b bytes.Buffer
	var err error
	switch format {
	case "png":
		c := vgimg.NewWith(vgimg.UseWH(w, h), vgimg.UseDPI(192))
		newPainter(c, h).paint(shapes)
		_, err = vgimg.PngCanvas{Canvas: c}.WriteTo(&b)
	case "pdf":
		c := vgpdf.New(w, h)
		c.EmbedFonts(true)
		newPainter(c, h).paint(shapes)
		_, err = c.WriteTo(&b)
	default:
		return nil, &Unknown{format}
	}
	if err != nil {
		return nil, fmt.Errorf("figure: %s: %w", f.Title, err)
	}
	return dates.ReplaceAll(b.Bytes(), []byte("/$1 (D:19700101000000)")), nil
}

// dates are those that a PDF has of its making, and that would make two files of one figure differ.
var dates = regexp.MustCompile(`/(CreationDate|ModDate) \(D:[0-9]{14}\)`)

// painter draws shapes on a canvas, whose origin is below.
type painter struct {
	vg.Canvas
	high vg.Length
	face font.Face
}

func newPainter(c vg.Canvas, high vg.Length) *painter {
	cache := font.NewCache(liberation.Collection())
	return &painter{c, high, cache.Lookup(font.Font{Typeface: "Liberation", Variant: "Sans"}, 11*unit)}
}

func (c *painter) paint(shapes []shape) {
	for _, s := range shapes {
		var ink color.Color = color.Gray{0x77}
		if s.colour >= 0 {
			ink = shade(colours[s.colour%len(colours)])
		}
		c.SetLineDash(nil, 0)
		c.SetLineWidth(unit)
		switch s.role {
		case text, name, aside:
			c.words(s)
			continue
		case dot:
			at := c.at(s.points[0])
			var p vg.Path
			p.Move(vg.Point{X: at.X + 4*unit, Y: at.Y})
			p.Arc(at, 4*unit, 0, 6.2832)
			p.Close()
			c.SetColor(ink)
			c.Fill(p)
			continue
		case area:
			p := c.path(s)
			p.Close()
			c.SetColor(ink)
			c.Fill(p)
			continue
		case grid:
			ink = color.Gray{0xdd}
		case front:
			c.SetLineDash([]vg.Length{5 * unit, 4 * unit}, 0)
		case line:
			c.SetLineWidth(1.8 * unit)
		case thin, interval:
			c.SetLineWidth(1.2 * unit)
		case axis:
		}
		c.SetColor(ink)
		c.Stroke(c.path(s))
	}
}

func (c *painter) at(p xy) vg.Point {
	return vg.Point{X: vg.Length(p.x) * unit, Y: c.high - vg.Length(p.y)*unit}
}

func (c *painter) path(s shape) vg.Path {
	var out vg.Path
	for n, p := range s.points {
		if n == 0 {
			out.Move(c.at(p))
		} else {
			out.Line(c.at(p))
		}
	}
	return out
}

func (c *painter) words(s shape) {
	at, shift := c.at(s.points[0]), vg.Length(0)
	switch s.anchor {
	case "middle":
		shift = -c.face.Width(s.words) / 2
	case "end":
		shift = -c.face.Width(s.words)
	}
	c.SetColor(color.Gray{0x22})
	c.Push()
	c.Translate(at)
	if s.role == aside {
		c.Rotate(1.5708)
	}
	c.FillString(c.face, vg.Point{X: shift}, s.words)
	c.Pop()
}

// shade reads #rrggbb.
func shade(s string) color.Color {
	n, err := strconv.ParseUint(s[1:], 16, 32)
	if err != nil {
		panic("figure: colours are written #rrggbb: " + err.Error())
	}
	return color.RGBA{uint8(n >> 16), uint8(n >> 8), uint8(n), 255}
}
