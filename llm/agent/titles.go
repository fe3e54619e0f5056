package agent

import (
	"slices"
	"strings"
	"unicode"
)

// titles finds items by what people call them.
type titles struct {
	items   map[string][]int32 // by words of the title
	years   []string
	longest int // title, in words
}

func newTitles(all, years []string) *titles {
	t := &titles{items: map[string][]int32{}, years: years}
	for i, title := range all {
		for _, name := range names(title) {
			if !slices.Contains(t.items[name], int32(i)) {
				t.items[name] = append(t.items[name], int32(i))
			}
			t.longest = max(t.longest, strings.Count(name, " ")+1)
		}
	}
	return t
}

// names are the ways in which a title may be written, in small words: "Usual Suspects, The" is also the usual suspects, and
// usual suspects.
func names(title string) []string {
	var out []string
	add := func(name string) {
		if name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	// What stands in brackets is another title, or the original one.
	main := title
	if at := strings.IndexByte(title, '('); at > 0 {
		main = title[:at]
	}
	for _, t := range []string{title, main} {
		head, article := strings.TrimSpace(t), ""
		if at := strings.LastIndex(head, ","); at > 0 {
			if last := strings.ToLower(strings.TrimSpace(head[at+1:])); slices.Contains(articles, last) {
				head, article = head[:at], last
			}
		}
		plain := strings.Join(tokens(head), " ")
		if article != "" {
			add(strings.Join(tokens(article), " ") + " " + plain)
		}
		add(plain)
		for _, a := range []string{"the ", "a ", "an "} {
			if rest, ok := strings.CutPrefix(plain, a); ok {
				add(rest)
			}
		}
	}
	return out
}

var articles = []string{"the", "a", "an", "la", "le", "les", "l'", "il", "das", "der", "die", "el", "los"}

// tokens are the words of a text, in small letters: runs of letters and digits, with the apostrophes dropped.
func tokens(text string) []string {
	text = strings.NewReplacer("'", "", "’", "", "&", " and ").Replace(strings.ToLower(text))
	return strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// find are the items of a title, also where a year follows it; the year then tells those of one name apart.
func (t *titles) find(title string) []int32 {
	w := tokens(title)
	items, n := t.at(w)
	if n == len(w) {
		return items
	}
	return nil
}

// at are the items whose title is the longest that words begin with, and how many words that are.
func (t *titles) at(w []string) (items []int32, n int) {
	for n = min(len(w), t.longest); n > 0; n-- {
		if items = t.items[strings.Join(w[:n], " ")]; len(items) > 0 {
			break
		}
	}
	if n == 0 || n == len(w) || !isYear(w[n]) {
		return items, n
	}
	var of []int32
	for _, i := range items {
		if t.years != nil && t.years[i] == w[n] {
			of = append(of, i)
		}
	}
	if len(of) == 0 {
		return items, n
	}
	return of, n + 1
}

func isYear(word string) bool {
	return len(word) == 4 && strings.Trim(word, "0123456789") == "" && (word[:2] == "18" || word[:2] == "19" || word[:2] == "20")
}
