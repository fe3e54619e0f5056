package simulate

import (
	"slices"
	"strings"
)

// part is one thing to say, in several ways, the best first, and what it reveals.
type part struct {
	ways    []string
	reveals []Clause
}

// say puts parts together so that nothing of the whole names the wanted item: each in the first way that does not, and not at
// all where every way does. What was not said reveals nothing.
func say(l Leak, parts []part) (utterance string, revealed []Clause) {
	var chosen []string
	for _, p := range parts {
		for _, way := range p.ways {
			if slices.Contains(chosen, way) {
				break // it need not be said twice
			}
			if whole := strings.TrimSpace(utterance + " " + way); !l.In(whole) {
				utterance, revealed, chosen = whole, append(revealed, p.reveals...), append(chosen, way)
				break
			}
		}
	}
	if utterance != "" {
		return utterance, revealed
	}
	for _, silence := range []string{"…", "-"} {
		if !l.In(silence) {
			return silence, revealed
		}
	}
	return "", revealed
}
