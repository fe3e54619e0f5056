// Package clean makes strangers' texts harmless: those of items as data in prompts, and any on a terminal; and plain for models.
package clean

import (
	"strings"
	"unicode"
)

// lookalikes of what a prompt marks items with, its brackets, and of what chat templates mark turns with, have another sign in
// a title: a title can neither end its line's data nor pretend to be another line's number.
var lookalikes = func() map[rune]rune {
	out := map[rune]rune{}
	for sign, like := range map[rune]string{
		'‹': "<＜〈⟨﹤≺\u2329", '›': ">＞〉⟩﹥≻\u232a", '(': "[［【〔⟦〚", ')': "]］】〕⟧〛", '\'': "`", '|': "｜¦",
	} {
		for _, r := range like {
			out[r] = sign
		}
	}
	return out
}()

const (
	joiner    = '\u200d' // between the parts of an emoji
	nonjoiner = '\u200c' // within Persian words
	emoji     = '\ufe0f' // after the sign that is to be one
)

// Text makes an item's text data: one line of at most limit runes, without what nobody sees. Those who write titles and
// reviews are not those who ask.
//
// Controls and line ends become spaces. What Unicode calls formatting is dropped, which is bidirectional controls, zero widths
// and the tags that can spell a hidden text; so are private characters and the selectors of variants. Joiners stay where one
// of them stands alone, because emoji and Persian need them. Delimiters get other signs: see lookalikes.
func Text(text string, limit int) string {
	var b strings.Builder
	space, last, runes := false, rune(0), 0
	for _, r := range text { // a byte that is no UTF-8 is U+FFFD here
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp):
			space = runes > 0
			continue
		case r == joiner || r == nonjoiner || r == emoji:
			if space || runes == 0 || last == joiner || last == nonjoiner || last == r {
				continue
			}
		case unicode.In(r, unicode.Cf, unicode.Co, unicode.Cs) || unicode.Is(unicode.Variation_Selector, r) || unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r):
			continue
		}
		if other, ok := lookalikes[r]; ok {
			r = other
		}
		need := 1
		if space {
			need = 2
		}
		if runes+need > limit {
			break
		}
		if space {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
		space, last, runes = false, r, runes+need
	}
	return b.String()
}
