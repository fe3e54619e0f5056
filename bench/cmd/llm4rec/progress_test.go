package main

import (
	"testing"
	"time"
)

func TestLeft(t *testing.T) {
	var p pace
	begin := time.Now()
	for _, c := range []struct {
		stage    string
		after    time.Duration
		done, of int
		want     time.Duration
	}{
		{"a", 0, 0, 0, 0},
		{"a", 1 * time.Second, 0, 10, 0},
		{"a", 2 * time.Second, 1, 10, 18 * time.Second},
		{"a", 10 * time.Second, 10, 10, 0},
		{"b", 20 * time.Second, 5, 10, 0}, // taken up again
		{"b", 24 * time.Second, 7, 10, 6 * time.Second},
		{"b", 30 * time.Second, 1, 10, 0}, // begun anew
	} {
		if got := p.left(c.stage, c.done, c.of, begin.Add(c.after)); got != c.want {
			t.Errorf("%+v: %v left", c, got)
		}
	}
}
