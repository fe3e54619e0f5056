package perf

import (
	"errors"
	"testing"

	"llm4rec/models"
)

func TestFollowStopsAfterPatience(t *testing.T) {
	values := []float64{.1, .3, .2, .3, .25, .9}
	n := 0
	epoch := func() (wall, cpu, ndcg float64, err error) {
		n++
		return 2, 3, values[n-1], nil
	}
	told := 0.
	c, err := Curves{Progress: func(_ string, _ int, _, seconds float64) { told = seconds }}.follow("x", 6, 3, epoch)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Points) != 5 || c.Best() != c.Points[1] || c.Seconds() != 10 || c.Cores != 1.5 {
		t.Errorf("an equal value is no better one: %+v", c)
	}
	if p, found := c.Reach(.25); !found || p.Epoch != 2 || p.Seconds != 4 {
		t.Errorf("reached .25 at %+v", p)
	}
	if _, found := c.Reach(.31); found {
		t.Error("reached what it has not")
	}
	if told != 10 {
		t.Errorf("progress was told of %v s, want 10", told)
	}
	n = 0
	if c, err := (Curves{}).follow("x", 4, 0, epoch); err != nil || len(c.Points) != 4 {
		t.Errorf("without patience: %v, %v", c, err)
	}
	failure := errors.New("failure")
	if _, err := (Curves{}).follow("x", 4, 0, func() (_, _, _ float64, _ error) { return 0, 0, 0, failure }); !errors.Is(err, failure) {
		t.Errorf("error %v", err)
	}
}

func TestCommonIsWhatAllReached(t *testing.T) {
	curves := []Curve{{Points: []models.Point{{NDCG: .4}, {NDCG: .1}}}, {Points: []models.Point{{NDCG: .2}, {NDCG: .3}}}}
	if got := Common(curves); got != .3 {
		t.Errorf("common %v, want .3", got)
	}
}
