package simulate

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// tokens are the runs of letters and digits of a text in lower case, without accents and without what nobody sees. An
// apostrophe parts only a final s from its word, and is none of it otherwise: Heat's is heat and s, I'm is im.
func tokens(text string) []string {
	var b strings.Builder
	runes := []rune(norm.NFKD.String(text))
	for n, r := range runes {
		switch {
		case r == '\'' || r == '’' || r == '‘':
			if n+1 < len(runes) && unicode.ToLower(runes[n+1]) == 's' && (n+2 == len(runes) || !unicode.IsLetter(runes[n+2])) {
				b.WriteByte(' ')
			}
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(unicode.ToLower(r))
		case unicode.In(r, unicode.Mn, unicode.Cf):
		default:
			b.WriteByte(' ')
		}
	}
	return strings.Fields(b.String())
}

// stems are tokens without the signs of a plural, so that comedies are Comedy and children's is children.
func stems(text string) []string {
	var out []string
	for _, w := range tokens(text) {
		switch {
		case w == "s":
			continue
		case len(w) > 4 && strings.HasSuffix(w, "ies"):
			w = w[:len(w)-3] + "y"
		case len(w) > 3 && strings.HasSuffix(w, "s") && !strings.HasSuffix(w, "ss"):
			w = w[:len(w)-1]
		}
		out = append(out, w)
	}
	return out
}

func join(words []string) string { return strings.Join(words, " ") }
