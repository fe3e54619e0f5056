package clean

import (
	"strings"
	"unicode"
)

// steers tells whether a terminal obeys a character, or hides it: controls, formatting, as that which turns directions, and private
// ones. Joiners are parts of words and emoji.
func steers(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Co) && r != joiner && r != nonjoiner
}

// Lines is a text as it is, in its lines, but for what would steer a terminal, in whose place stands U+FFFD, as in that of bytes
// that are no UTF-8.
func Lines(text string) string {
	return strings.Map(func(r rune) rune {
		if steers(r) && r != '\n' && r != '\t' {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// Line is a text in one line, without what would steer a terminal, and with single spaces.
func Line(text string) string {
	valid := strings.ToValidUTF8(text, string(unicode.ReplacementChar))
	return strings.Join(strings.FieldsFunc(valid, func(r rune) bool { return unicode.IsSpace(r) || steers(r) }), " ")
}
