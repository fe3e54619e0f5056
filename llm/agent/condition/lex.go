package condition

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Error says what is wrong with a condition, and where.
type Error struct {
	At      int // byte, from 0
	Message string
}

func (e *Error) Error() string { return fmt.Sprintf("position %d: %s", e.At+1, e.Message) }

func fail(at int, format string, args ...any) error {
	return &Error{At: at, Message: fmt.Sprintf(format, args...)}
}

type sort int

const (
	end    sort = iota
	word        // a name or a keyword
	quoted      // a text
	number
	sign // an operator or a bracket
)

type token struct {
	sort  sort
	text  string // of a word as written, of a quoted text without its quotes
	value float64
	at    int
}

func (t token) String() string {
	switch t.sort {
	case end:
		return "the end"
	case quoted:
		return "'" + t.text + "'"
	default:
		return strconv.Quote(t.text)
	}
}

// is says whether it is a keyword or a sign.
func (t token) is(text string) bool {
	return t.sort == word && strings.EqualFold(t.text, text) || t.sort == sign && t.text == text
}

var signs = []string{"<=", ">=", "<>", "!=", "==", "=", "<", ">", "(", ")", ","}

// lex cuts a condition into tokens, of which the last is the end.
func lex(text string) ([]token, error) {
	var out []token
	for at := 0; at < len(text); {
		rest := text[at:]
		r, size := utf8.DecodeRuneInString(rest)
		switch {
		case unicode.IsSpace(r):
			at += size
		case r == '\'' || r == '"':
			value, n, ok := unquote(rest)
			if !ok {
				return nil, fail(at, "the quote is not closed")
			}
			out = append(out, token{sort: quoted, text: value, at: at})
			at += n
		case r >= '0' && r <= '9' || (r == '-' || r == '.') && len(rest) > 1 && rest[1] >= '0' && rest[1] <= '9':
			n := 1
			for n < len(rest) && (rest[n] == '.' || rest[n] >= '0' && rest[n] <= '9') {
				n++
			}
			value, err := strconv.ParseFloat(rest[:n], 64)
			if err != nil {
				return nil, fail(at, "%q is no number", rest[:n])
			}
			out = append(out, token{sort: number, text: rest[:n], value: value, at: at})
			at += n
		case r == '_' || unicode.IsLetter(r):
			n := size
			for n < len(rest) {
				r, size := utf8.DecodeRuneInString(rest[n:])
				if r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
					break
				}
				n += size
			}
			out = append(out, token{sort: word, text: rest[:n], at: at})
			at += n
		default:
			known := ""
			for _, s := range signs {
				if strings.HasPrefix(rest, s) {
					known = s
					break
				}
			}
			if known == "" {
				return nil, fail(at, "%q does not belong in a condition", r)
			}
			out = append(out, token{sort: sign, text: known, at: at})
			at += len(known)
		}
	}
	return append(out, token{sort: end, at: len(text)}), nil
}

// unquote reads a text that begins with its quote, which stands twice for one inside.
func unquote(text string) (value string, length int, ok bool) {
	quote := text[0]
	var b strings.Builder
	for n := 1; n < len(text); n++ {
		if text[n] != quote {
			b.WriteByte(text[n])
			continue
		}
		if n+1 < len(text) && text[n+1] == quote {
			b.WriteByte(quote)
			n++
			continue
		}
		return b.String(), n + 1, true
	}
	return "", 0, false
}
