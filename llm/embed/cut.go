package embed

import (
	"math"
	"slices"
	"unicode/utf8"

	"llm4rec/llm"
)

// cut says what a model did not see of a text. No server tells how many tokens a text has that it cuts: they are taken to be
// as many a character as in the texts that it did not cut.
type cut struct {
	truncated bool
	share     float64 // of the text's tokens, in steps of 1/cutSteps
}

const cutSteps = 10000

func (c cut) flags() uint32 {
	if !c.truncated {
		return 0
	}
	return 1 | uint32(math.Round(c.share*cutSteps))<<1
}

func cutOf(flags uint32) cut {
	return cut{flags&1 == 1, float64(flags>>1) / cutSteps}
}

// density counts tokens and the characters that they stand for.
type density struct{ tokens, runes int }

// usual is that of English prose, for as long as nothing is known of the model's.
var usual = density{tokens: 1, runes: 4}

// missing is what the model did not see of each text of a call.
func (r *run) missing(part []int, u llm.Usage) []cut {
	out := make([]cut, len(part))
	runes := 0
	for n, text := range part {
		if !slices.Contains(u.Truncated, n) {
			runes += utf8.RuneCountInString(r.texts[text])
		}
	}
	r.mu.Lock()
	r.whole.tokens += u.Tokens - u.Window*len(u.Truncated)
	r.whole.runes += runes
	d := r.whole
	r.mu.Unlock()
	if d.runes == 0 || d.tokens == 0 {
		d = usual
	}
	for _, n := range u.Truncated {
		tokens := float64(utf8.RuneCountInString(r.texts[part[n]])*d.tokens) / float64(d.runes)
		out[n] = cut{true, max(0, 1-float64(u.Window)/tokens)}
	}
	return out
}

// cuts is how many texts were cut, and what part of all their tokens that cost.
func (r *run) cuts() (texts int, lost float64) {
	all := 0
	for n, c := range r.missed {
		runes := utf8.RuneCountInString(r.texts[n])
		all += runes
		if c.truncated {
			texts++
			lost += c.share * float64(runes)
		}
	}
	if all > 0 {
		lost /= float64(all)
	}
	return texts, lost
}
