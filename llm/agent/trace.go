package agent

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"
)

// Print writes a turn for a person to read: a line for each step, what was said and answered below it, and how the turn ended.
func (t Turn) Print(w io.Writer) error {
	out := bufio.NewWriter(w)
	for n, s := range t.Trace {
		fmt.Fprintf(out, "%2d  %-8s", n+1, s.By)
		switch {
		case s.Tool != "":
			fmt.Fprintf(out, " %s %s", s.Tool, s.Arguments)
		default:
			fmt.Fprintf(out, " prompt %.8s, request %.8s, %d + %d tokens", s.Prompt, s.Asked, s.PromptTokens, s.OutputTokens)
			if s.Recorded {
				fmt.Fprint(out, ", recorded")
			}
		}
		fmt.Fprintf(out, "  (%v, %d candidates)\n", s.Wall.Round(time.Microsecond), s.Bus)
		for _, text := range []string{s.Text, s.Result} {
			if text != "" {
				fmt.Fprintf(out, "      %s\n", strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n      "))
			}
		}
		if s.Error != "" {
			fmt.Fprintf(out, "      error: %s\n", strings.ReplaceAll(s.Error, "\n", "\n      "))
		}
	}
	fmt.Fprintf(out, "%s", t.End)
	if t.Fallback != "" {
		fmt.Fprintf(out, ", by the fallback %s", t.Fallback)
	}
	fmt.Fprintf(out, ": %v\n    %s\n", t.Items, strings.ReplaceAll(t.Text, "\n", "\n    "))
	return out.Flush()
}
