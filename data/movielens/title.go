package movielens

import "strings"

// splitTitle takes the year of release from a title: "Toy Story (1995)" is "Toy Story" of "1995". What follows the year
// may be IMDb's mark of a kind, as in "… (1995) (V)", which is not part of the title; of the years of a series,
// "(1975-1979)", the first counts. A title without a year keeps all it has; "unknown" is none.
func splitTitle(raw string) (title, year string) {
	raw = strings.TrimSpace(raw)
	if raw == "unknown" {
		return "", ""
	}
	rest := raw
	if head, mark, ok := lastGroup(rest); ok && kindOfRelease(mark) {
		rest = head
	}
	head, group, ok := lastGroup(rest)
	if !ok || !yearGroup(group) || head == "" {
		return raw, ""
	}
	return head, group[:4]
}

// lastGroup cuts "head (group)" in two.
func lastGroup(s string) (head, group string, ok bool) {
	s, ok = strings.CutSuffix(s, ")")
	open := strings.LastIndexByte(s, '(')
	if !ok || open < 0 {
		return "", "", false
	}
	return strings.TrimSpace(s[:open]), s[open+1:], true
}

func kindOfRelease(group string) bool { return group == "V" || group == "TV" || group == "VG" }

// yearGroup tells a year, "1995", and the years of a series, "1975-1979", "1975–1979" or "2009–".
func yearGroup(group string) bool {
	first, digits := leadingYear(group)
	if !digits {
		return false
	}
	rest := strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(first, "-"), "–"))
	if rest == "" {
		return true
	}
	end, digits := leadingYear(rest)
	return digits && end == "" && rest != first
}

// leadingYear cuts four digits off the front of a string.
func leadingYear(s string) (rest string, ok bool) {
	if len(s) < 4 {
		return s, false
	}
	for _, c := range []byte(s[:4]) {
		if c < '0' || c > '9' {
			return s, false
		}
	}
	return s[4:], true
}
