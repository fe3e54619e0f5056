package bench

import (
	"slices"
	"strings"
	"testing"
)

// A simulated user wants the one item that is held out.
func TestTargets(t *testing.T) {
	asked, err := asks(t, &Suite{}, Protocol{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := targets(asked); err == nil || !strings.Contains(err.Error(), "user cid: 2 items are held out, and a simulated user wants one") {
		t.Errorf("of two: %v", err)
	}
	asked.relevant = asked.relevant[:2]
	if got, err := targets(asked); err != nil || !slices.Equal(got, []int32{5, 0}) {
		t.Errorf("%v, %v", got, err)
	}
}
