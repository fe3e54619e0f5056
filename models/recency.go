package models

import "fmt"

// Recency weighs a history at query time: the newest item has weight 1, the one before it d, then d², …
// A repeated item counts once, where it is newest.
type Recency struct {
	History int     `json:"history" yaml:"history" jsonschema:"how many of the newest history items count; 0: all"`
	Decay   float64 `json:"decay" yaml:"decay" jsonschema:"weight of a history item relative to the next newer one; 1: all equal"`
}

// Weigh calls f for each history item that counts, newest first. Items outside the catalogue are passed over.
func (r Recency) Weigh(history []int32, items int, f func(item int32, weight float64)) {
	weight := 1.0
	last := len(history) - 1
	for p := last; p >= 0 && (r.History == 0 || last-p < r.History); p-- {
		i := history[p]
		if i >= 0 && int(i) < items && !seenLater(history[p+1:], i) {
			f(i, weight)
		}
		weight *= r.Decay
	}
}

func seenLater(newer []int32, item int32) bool {
	for _, j := range newer {
		if j == item {
			return true
		}
	}
	return false
}

// Validate checks the parameters.
func (r Recency) Validate() error {
	if r.History < 0 {
		return fmt.Errorf("history %d is negative", r.History)
	}
	if !(r.Decay > 0 && r.Decay <= 1) {
		return fmt.Errorf("decay %v is not above 0 and at most 1", r.Decay)
	}
	return nil
}
