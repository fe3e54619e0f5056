package fetch

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestLines(t *testing.T) {
	var buf bytes.Buffer
	m := Lines(slog.New(slog.NewTextHandler(&buf, nil))).Begin("set", 100)
	m.At(50, 100)
	m.(*logMeter).last = time.Now().Add(-2 * quiet)
	m.At(60, 100)
	m.At(100, 100)
	m.End(true)
	if lines := strings.Count(buf.String(), "\n"); lines != 3 || !strings.Contains(buf.String(), "bytes=60 of=100") {
		t.Errorf("%d lines, want begin, one between and end:\n%s", lines, &buf)
	}
}

// A bar must not wait for bytes that will never come.
func TestBarEnds(t *testing.T) {
	for _, size := range []int64{0, 100, 50} {
		for _, ok := range []bool{true, false} {
			m := bars{&bytes.Buffer{}}.Begin("set", size)
			m.At(70, -1)
			m.At(30, 90) // anew
			m.End(ok)
		}
	}
}
