package table

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestLaTeXDigits: every figure of every metric in the LaTeX table is that of the JSON.
func TestLaTeXDigits(t *testing.T) {
	e := loaded(t, small())
	var objects []object
	check(t, json.Unmarshal([]byte(output(t, JSON, e, Options{})), &objects))
	find := func(protocol, name string) *object {
		for n, x := range objects {
			if x.Protocol == protocol && escapeLaTeX(x.System) == strings.TrimSuffix(name, ` $\ddagger$`) {
				return &objects[n]
			}
		}
		return nil
	}
	caption := regexp.MustCompile(`^\\caption\{.*(standard|temporal)`)
	figure := regexp.MustCompile(`^(?:\\textbf\{)?([0-9.]+)\}?(?:\$\^\{\\dagger\}\$)?$`)
	compared, protocol := 0, ""
	var header []string
	for line := range strings.Lines(output(t, LaTeX, e, Options{})) {
		cells := strings.Split(strings.TrimSuffix(line, " \\\\\n"), " & ")
		if m := caption.FindStringSubmatch(line); m != nil {
			protocol = m[1]
		}
		if cells[0] == "system" {
			header = cells
			continue
		}
		x := find(protocol, cells[0])
		if x == nil || x.Status != OK || len(cells) != len(header) {
			continue
		}
		for c, name := range header {
			s, ok := x.Metrics[name]
			if !ok {
				continue
			}
			if m := figure.FindStringSubmatch(cells[c]); m == nil || m[1] != fmt.Sprintf("%.4f", s.Mean) {
				t.Errorf("%s of %s: %q in LaTeX, %v in JSON", name, x.System, cells[c], s.Mean)
			}
			compared++
		}
	}
	if want := 9 * 4; compared != want { // rows with values, metrics
		t.Errorf("%d figures were compared, not %d", compared, want)
	}
}

// TestLaTeXSigns: the best is bold, what is significantly below it has a dagger, and rows that do not compete have neither.
func TestLaTeXSigns(t *testing.T) {
	out := output(t, LaTeX, loaded(t, small()), Options{})
	for want, n := range map[string]int{
		`bold: the best; $\dagger$ significantly below the best (paired`: 2,
		`$\ddagger$ not publishable, see above`:                          2,
		`leaky $\ddagger$ & `:                                            6,
		`\textbf{`:                                                       4,
	} {
		if got := strings.Count(out, want); got != n {
			t.Errorf("%q: %d times, not %d", want, got, n)
		}
	}
	if !strings.Contains(out, `$^{\dagger}$ & `) || strings.Contains(out, `\approx`) {
		t.Error("no dagger, or the sign of the other forms")
	}
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "leaky") && (strings.Contains(line, `{\dagger}`) || strings.Contains(line, "bold")) {
			t.Errorf("a row that does not compete: %s", line)
		}
	}
}

// TestLaTeXCompiles sets the committed records' tables, every escape among them.
func TestLaTeXCompiles(t *testing.T) {
	tex, err := exec.LookPath("pdflatex")
	if err != nil {
		t.Skip("no pdflatex here (make test-tools): the LaTeX form was not compiled")
	}
	e, err := Load(stored)
	check(t, err)
	var b strings.Builder
	b.WriteString("\\documentclass{article}\n\\usepackage{booktabs}\n\\begin{document}\n")
	check(t, Write(&b, LaTeX, e, Options{Intervals: true, Relative: "popularity"}))
	b.WriteString("\\end{document}\n")
	dir := t.TempDir()
	check(t, os.WriteFile(filepath.Join(dir, "table.tex"), []byte(b.String()), 0o666))
	cmd := exec.CommandContext(t.Context(), tex, "-interaction=nonstopmode", "-halt-on-error", "table.tex")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
