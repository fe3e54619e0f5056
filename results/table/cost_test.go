package table

import (
	"strings"
	"testing"
)

// TestHardwareApart: timings of different kinds of hardware share no grid, and a row that ran on two has none.
func TestHardwareApart(t *testing.T) {
	e := loaded(t, small())
	rows := e.Tables[0].Rows
	one := output(t, Text, e, Options{})
	if strings.Contains(one, "hardware of") || strings.Count(one, "Cost, standard\n") != 1 {
		t.Errorf("one kind of hardware:\n%s", one)
	}
	rows[1].Records[0].Env.GPU = "GPU A"
	rows[2].Records[1].Env.GPU = "GPU A" // the second seed of als
	out := output(t, Text, e, Options{})
	if !strings.Contains(out, "Warning: the rows ran on hardware of 2 kinds") {
		t.Error("no warning")
	}
	own := between(out, "Cost, standard, on Example CPU, 2 cores, linux/amd64\n", "Cost, standard, on Example CPU, 2 cores, linux/amd64, GPU A\n")
	other := between(out, "Cost, standard, on Example CPU, 2 cores, linux/amd64, GPU A\n", "temporal")
	if !strings.Contains(own, "pop ") || strings.Contains(own, "a<b") || !strings.Contains(other, "a<b") || strings.Contains(other, "pop ") {
		t.Errorf("own:\n%s\nother:\n%s", own, other)
	}
	for line := range strings.Lines(own) {
		if strings.HasPrefix(line, " als ") && strings.ContainsAny(line, "0123456789") {
			t.Errorf("timing over two kinds of hardware: %s", line)
		}
	}
	if strings.Contains(output(t, LaTeX, e, Options{}), `1.25$^`) {
		t.Error("a timing is marked")
	}
}

func between(s, from, to string) string {
	_, s, _ = strings.Cut(s, from)
	s, _, _ = strings.Cut(s, to)
	return s
}
