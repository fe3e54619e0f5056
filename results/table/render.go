package table

import (
	"fmt"
	"html"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

func text(b *strings.Builder, grids []grid) error {
	for n, g := range grids {
		if n > 0 {
			b.WriteString("\n")
		}
		for _, line := range g.caption {
			b.WriteString(line + "\n")
		}
		style := renderer.NewBlueprint(tw.Rendition{
			Borders: tw.BorderNone, Symbols: tw.NewSymbols(tw.StyleLight),
			Settings: tw.Settings{Separators: tw.Separators{BetweenColumns: tw.Off, BetweenRows: tw.Off}},
		})
		var body strings.Builder
		// A blank where no mark stands keeps the figures in line.
		if err := draw(&body, style, g, plainText, map[mark]string{plain: "%s ", best: "%s*", near: "%s≈", far: "%s "}); err != nil {
			return err
		}
		for line := range strings.Lines(body.String()) {
			b.WriteString(strings.TrimRight(line, " \n") + "\n")
		}
		for _, line := range g.legend {
			b.WriteString(line + "\n")
		}
	}
	return nil
}

func markdown(b *strings.Builder, grids []grid) error {
	for n, g := range grids {
		if n > 0 {
			b.WriteString("\n")
		}
		if len(g.caption) == 1 {
			b.WriteString("**" + escapeMarkdown(g.caption[0]) + "**\n")
		} else {
			for _, line := range g.caption {
				b.WriteString("- " + escapeMarkdown(line) + "\n")
			}
		}
		b.WriteString("\n")
		marks := map[mark]string{plain: "%s", best: "**%s**", near: "%s≈", far: "%s"}
		if err := draw(b, renderer.NewMarkdown(), g, escapeMarkdown, marks); err != nil {
			return err
		}
		b.WriteString("\n")
		for _, line := range g.legend {
			b.WriteString("- " + escapeMarkdown(strings.Replace(line, "* the best", "bold: the best", 1)) + "\n")
		}
	}
	return nil
}

func page(b *strings.Builder, grids []grid) error {
	b.WriteString("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n<title>llm4rec</title>\n" +
		"<style>body{font-family:sans-serif} table{border-collapse:collapse} td,th{padding:.2em .6em;border-bottom:1px solid #ccc}</style>\n</head>\n<body>\n")
	for _, g := range grids {
		b.WriteString("<section>\n")
		for _, line := range g.caption {
			fmt.Fprintf(b, "<p>%s</p>\n", html.EscapeString(line))
		}
		// The renderer's own escaping would escape the marks too.
		style := renderer.NewHTML(renderer.HTMLConfig{EscapeContent: false})
		if err := draw(b, style, g, html.EscapeString, map[mark]string{plain: "%s", best: "<b>%s</b>", near: "%s≈", far: "%s"}); err != nil {
			return err
		}
		b.WriteString("\n")
		for _, line := range g.legend {
			fmt.Fprintf(b, "<p>%s</p>\n", html.EscapeString(strings.Replace(line, "* the best", "bold: the best", 1)))
		}
		b.WriteString("</section>\n")
	}
	b.WriteString("</body>\n</html>\n")
	return nil
}

// draw renders the body of a grid. Everything that would make the output depend on the terminal or the language of the
// machine, or change a name, is switched off.
func draw(b *strings.Builder, style tw.Renderer, g grid, escape func(string) string, marks map[mark]string) error {
	align := make([]tw.Align, len(g.header))
	header := make([]string, len(g.header))
	for n, h := range g.header {
		if n < g.names {
			align[n], header[n] = tw.AlignLeft, escape(h)
		} else {
			align[n], header[n] = tw.AlignRight, fmt.Sprintf(marks[plain], escape(h))
		}
	}

	t := tablewriter.NewTable(b,
		tablewriter.WithRenderer(style),
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithHeaderAutoWrap(tw.WrapNone),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithTrimSpace(tw.Off),
		tablewriter.WithAlignment(align),
	)
	t.Header(header)
	for _, row := range g.rows {
		line := make([]string, len(row))
		for n, c := range row {
			if line[n] = escape(c.text); n >= g.names {
				line[n] = fmt.Sprintf(marks[c.mark], line[n])
			}
		}
		if err := t.Append(line); err != nil {
			return fmt.Errorf("table: render: %w", err)
		}
	}
	if err := t.Render(); err != nil {
		return fmt.Errorf("table: render: %w", err)
	}
	return nil
}

func plainText(s string) string { return s }

// escapeMarkdown keeps a name from ending a cell or turning into markup.
func escapeMarkdown(s string) string {
	return strings.NewReplacer(`\`, `\\`, "|", `\|`, "*", `\*`, "_", `\_`, "`", "\\`", "<", "&lt;", ">", "&gt;", "&", "&amp;", "[", `\[`, "]", `\]`).Replace(s)
}
