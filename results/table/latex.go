package table

import (
	"fmt"
	"strings"
)

// latex writes tables for the booktabs package. Papers set a dagger where a difference is significant, so the sign is on what
// is below the best and not, as elsewhere, on what cannot be told from it; rows that must not be published get the next one.
func latex(b *strings.Builder, grids []grid) {
	b.WriteString("% \\usepackage{booktabs}\n")
	marks := map[mark]string{plain: "%s", best: `\textbf{%s}`, near: "%s", far: `%s$^{\dagger}$`}
	signs := strings.NewReplacer("† not publishable", "‡ not publishable", bestSign+"; "+nearSign, "bold: the best; † significantly below the best")
	for _, g := range grids {
		fmt.Fprintf(b, "\\begin{table}\n\\centering\n\\caption{%s.}\n\\begin{tabular}{%s%s}\n\\toprule\n", escapeLaTeX(strings.Join(g.caption, ". ")), strings.Repeat("l", g.names), strings.Repeat("r", len(g.header)-g.names))
		var header []string
		for _, h := range g.header {
			header = append(header, escapeLaTeX(h))
		}
		fmt.Fprintf(b, "%s \\\\\n\\midrule\n", strings.Join(header, " & "))
		for _, row := range g.rows {
			var line []string
			for n, c := range row {
				if n < g.names {
					c.text = strings.ReplaceAll(c.text, "†", "‡")
				}
				line = append(line, fmt.Sprintf(marks[c.mark], escapeLaTeX(c.text)))
			}
			fmt.Fprintf(b, "%s \\\\\n", strings.Join(line, " & "))
		}
		b.WriteString("\\bottomrule\n\\end{tabular}\n")
		for _, line := range g.legend {
			fmt.Fprintf(b, "\n\\footnotesize %s\n", escapeLaTeX(signs.Replace(line)))
		}
		b.WriteString("\\end{table}\n")
	}
}

func escapeLaTeX(s string) string {
	return strings.NewReplacer(
		`\`, `\textbackslash{}`, "{", `\{`, "}", `\}`, "&", `\&`, "%", `\%`, "$", `\$`, "#", `\#`, "_", `\_`,
		"~", `\textasciitilde{}`, "^", `\textasciicircum{}`, "<", `\textless{}`, ">", `\textgreater{}`, "|", `\textbar{}`,
		"[", "{[}", "]", "{]}", // a row that starts with one would be read as the option of the line break before it
		none, "--", "−", "$-$", "≈", `$\approx$`, "†", `$\dagger$`, "‡", `$\ddagger$`, "→", `$\rightarrow$`, "α", `$\alpha$`,
	).Replace(s)
}
