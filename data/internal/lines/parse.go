package lines

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"
)

// Split cuts a line at every separator and appends the fields to dst. The fields are parts of the line.
func Split(dst [][]byte, line []byte, sep string) [][]byte {
	for {
		n := bytes.Index(line, []byte(sep))
		if n < 0 {
			return append(dst, line)
		}
		dst = append(dst, line[:n])
		line = line[n+len(sep):]
	}
}

// Words cuts a line at runs of spaces and tabs and appends the fields to dst. The fields are parts of the line.
func Words(dst [][]byte, line []byte) [][]byte {
	start := -1
	for n, c := range line {
		space := c == ' ' || c == '\t'
		switch {
		case !space && start < 0:
			start = n
		case space && start >= 0:
			dst = append(dst, line[start:n])
			start = -1
		}
	}
	if start >= 0 {
		dst = append(dst, line[start:])
	}
	return dst
}

// Int parses a decimal whole number without allocating.
func Int(b []byte) (int64, bool) {
	digits, negative := bytes.CutPrefix(b, []byte("-"))
	if len(digits) == 0 || len(digits) > 18 {
		v, err := strconv.ParseInt(string(b), 10, 64) // the rare long one, or an error
		return v, err == nil
	}
	v := int64(0)
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		v = v*10 + int64(c-'0')
	}
	if negative {
		v = -v
	}
	return v, true
}

// Float parses a finite decimal number. One digit, or two about a point, as ratings have, take no allocation.
func Float(b []byte) (float64, bool) {
	digit := func(n int) bool { return b[n] >= '0' && b[n] <= '9' }
	switch {
	case len(b) == 1 && digit(0):
		return float64(b[0] - '0'), true
	case len(b) == 3 && digit(0) && b[1] == '.' && digit(2):
		return float64(int(b[0]-'0')*10+int(b[2]-'0')) / 10, true
	}
	v, err := strconv.ParseFloat(string(b), 64)
	return v, err == nil && !math.IsNaN(v) && !math.IsInf(v, 0)
}

// Rating parses a number that a float32 can hold.
func Rating(b []byte) (float32, bool) {
	v, ok := Float(b)
	return float32(v), ok && !math.IsInf(float64(float32(v)), 0)
}

// UTF8 returns the text, which must be valid UTF-8.
func UTF8(b []byte) (string, error) {
	if !utf8.Valid(b) {
		return "", fmt.Errorf("%q is not valid UTF-8", b)
	}
	return string(b), nil
}

// Latin1 returns the text of an old file: Latin-1, or UTF-8 where all of it is valid UTF-8, since copies of old files are
// often converted and an accented Latin-1 letter before an ASCII one is never valid UTF-8. Bytes 0x80 to 0x9f, which no
// Latin-1 text has, are an error.
func Latin1(b []byte) (string, error) {
	if utf8.Valid(b) {
		return string(b), nil
	}
	text := make([]rune, len(b))
	for n, c := range b {
		if c >= 0x80 && c < 0xa0 {
			return "", fmt.Errorf("%q is neither Latin-1 nor UTF-8", b)
		}
		text[n] = rune(c)
	}
	return string(text), nil
}
