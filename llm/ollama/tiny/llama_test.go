package tiny

import (
	"bytes"
	"math"
	"slices"
	"testing"
)

func TestChatModels(t *testing.T) {
	model := Random(1, 512)
	if !bytes.Equal(model, Random(1, 512)) {
		t.Error("two models of one seed differ")
	}
	for name, other := range map[string][]byte{"seed": Random(2, 512), "window": Random(1, 256), "end": Endless(1, 512)} {
		if bytes.Equal(model, other) {
			t.Errorf("the model does not depend on its %s", name)
		}
	}
}

func TestLearn(t *testing.T) {
	b := Learn("ab", "ac")
	for last := range b {
		sum := 0.
		for _, p := range b[last] {
			sum += p
		}
		if math.Abs(sum-1) > 1e-9 {
			t.Errorf("the probabilities after %d sum to %v", last, sum)
		}
	}
	const rest = .01 / 96 // 95 printable characters, and the end
	for _, x := range []struct {
		last, next int
		want       float64
	}{
		{'\n', 'a', .99 + rest}, {'a', 'b', .99/2 + rest}, {'c', End, .99 + rest}, {'c', 'z', rest}, {'z', 'y', 1. / 96}, {'a', 200, 0},
	} {
		if got := b[x.last][x.next]; math.Abs(got-x.want) > 1e-9 {
			t.Errorf("P(%d|%d) = %v, want %v", x.next, x.last, got, x.want)
		}
	}
}

func TestByteTokens(t *testing.T) {
	tokens := byteTokens()
	if tokens[' '] != "Ġ" || tokens['\n'] != "Ċ" || tokens['a'] != "a" || tokens[0xad] != "Ń" {
		t.Errorf("not GPT-2's spelling: %q", tokens)
	}
	slices.Sort(tokens)
	if len(slices.Compact(tokens)) != 256 {
		t.Error("two bytes are one token")
	}
}
