package agent

import (
	"fmt"
	"io"
	"strings"
	"time"

	"llm4rec/llm/clean"
)

// Print writes a turn for a person to read: a line for each step, what was said and answered below it, and how the turn ended, with
// items by the names that they are given. What models and items say cannot steer a terminal.
func (t Turn) Print(w io.Writer, named func(item int32) string) error {
	var out strings.Builder
	below := func(indent int, text string) {
		margin := strings.Repeat(" ", indent)
		fmt.Fprintf(&out, "%s%s\n", margin, strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n"+margin))
	}
	for n, s := range t.Trace {
		fmt.Fprintf(&out, "%2d  %-8s", n+1, s.By)
		switch {
		case s.Tool != "":
			fmt.Fprintf(&out, " %s %s", clean.Line(s.Tool), clean.Line(string(s.Arguments)))
		default:
			fmt.Fprintf(&out, " prompt %.8s, request %.8s, %d + %d tokens", s.Prompt, s.Asked, s.PromptTokens, s.OutputTokens)
			if s.Recorded {
				out.WriteString(", recorded")
			}
		}
		fmt.Fprintf(&out, "  (%v, %d candidates)\n", s.Wall.Round(time.Microsecond), s.Bus)
		for _, text := range []string{s.Text, s.Result} {
			if text != "" {
				below(6, text)
			}
		}
		if s.Error != "" {
			below(6, "error: "+s.Error)
		}
	}
	fmt.Fprintf(&out, "%s", t.End)
	if t.Fallback != "" {
		fmt.Fprintf(&out, ", by the fallback %s", t.Fallback)
	}
	var items []string
	for _, i := range t.Items {
		items = append(items, named(i))
	}
	fmt.Fprintf(&out, ": %s\n", strings.Join(items, ", "))
	below(4, t.Text)
	_, err := io.WriteString(w, clean.Lines(out.String()))
	return err
}
