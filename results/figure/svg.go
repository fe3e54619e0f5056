package figure

import (
	"fmt"
	"html"
	"strconv"
	"strings"
)

// Colours of series, light; pages have classes s0 to s7 instead. They are told apart by people who see few colours, and each
// series has a mark of its own too (after Okabe & Ito 2008, darker, without yellow).
var colours = [...]string{"#0072b2", "#c44e00", "#007a5a", "#a83279", "#3b3b3b", "#8a6d00", "#2a7fbf", "#7a4fb5"}

const style = `text{font:11px system-ui,sans-serif;fill:#222}.axis{stroke:#777;fill:none}.grid{stroke:#ddd}.front{fill:none;stroke:#555;stroke-dasharray:5 4}` +
	`.name{paint-order:stroke;stroke:#fff;stroke-width:3px}.line{fill:none;stroke-width:1.8}.thin{fill:none;opacity:.55;stroke-width:1.2}.interval{stroke-width:1.4;opacity:.7}`

// SVG is the figure as a file of its own.
func (f *Figure) SVG() string {
	css := []string{style}
	for n, c := range colours {
		css = append(css, fmt.Sprintf(".s%d{color:%s;stroke:%s}", n, c, c))
	}
	return f.draw(`xmlns="http://www.w3.org/2000/svg" `, "<style>"+strings.Join(css, "")+`</style><rect width="100%" height="100%" fill="#fff"/>`)
}

// Inline is the figure as a part of a page, whose style sheet has its classes.
func (f *Figure) Inline() string { return f.draw("", "") }

func (f *Figure) draw(attributes, head string) string {
	shapes, height := f.layout()
	var b strings.Builder
	b.WriteString(fmt.Sprintf(`<svg %sclass="figure" viewBox="0 0 %d %d" role="img" aria-label="%s"><title>%s</title>`, attributes, width, height, html.EscapeString(f.Title), html.EscapeString(f.Title)) + head)
	for _, s := range shapes {
		b.WriteString(s.svg())
	}
	b.WriteString("</svg>")
	return b.String()
}

// svg is one shape. All words are escaped here.
func (s shape) svg() string {
	class := map[role]string{grid: "grid", axis: "axis", front: "front", line: "line", thin: "thin", interval: "interval", name: "name"}[s.role]
	if s.colour >= 0 {
		class = strings.TrimSpace(fmt.Sprintf("%s s%d", class, s.colour%len(colours)))
	}
	at := s.points[0]
	switch s.role {
	case text, name:
		if class != "" {
			class = ` class="` + class + `"`
		}
		return fmt.Sprintf(`<text x="%.1f" y="%.1f" text-anchor="%s"%s>%s</text>`, at.x, at.y, s.anchor, class, html.EscapeString(s.words))
	case aside:
		return fmt.Sprintf(`<text transform="translate(%.1f %.1f) rotate(-90)" text-anchor="%s">%s</text>`, at.x, at.y, s.anchor, html.EscapeString(s.words))
	case dot:
		return fmt.Sprintf(`<circle class="%s" fill="currentColor" stroke="none" cx="%.1f" cy="%.1f" r="4">%s</circle>`, class, at.x, at.y, s.title())
	case area:
		return fmt.Sprintf(`<path class="%s" fill="currentColor" stroke="none" d="%sz">%s</path>`, class, s.path(), s.title())
	default:
		return fmt.Sprintf(`<path class="%s" d="%s"/>`, class, s.path())
	}
}

func (s shape) title() string {
	if s.tip == "" {
		return ""
	}
	return "<title>" + html.EscapeString(s.tip) + "</title>"
}

func (s shape) path() string {
	var out []byte
	for n, p := range s.points {
		out = append(out, "ML"[min(n, 1)])
		out = append(strconv.AppendFloat(out, p.x, 'f', 1, 64), ' ')
		out = strconv.AppendFloat(out, p.y, 'f', 1, 64)
	}
	return string(out)
}
