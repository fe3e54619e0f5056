package clean

import (
	"strings"
	"unicode"
)

// Lines is a text, of several lines, without what would steer a terminal or hide in it: controls, formatting, as that which turns
// directions, and private characters are spaces. Nothing else changes.
func Lines(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Co)) {
			return ' '
		}
		return r
	}, text)
}

// Line is Lines in one line, with single spaces.
func Line(text string) string { return strings.Join(strings.Fields(Lines(text)), " ") }
