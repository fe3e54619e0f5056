package simulate

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// Leak finds the name of one item in utterances: its title or its raw id.
//
// A title is found by its words, one after the other, whatever stands between them and however they are run together or torn
// apart: Golden-Eye and g o l d e n e y e are GoldenEye. It is also found without its year, without an article before or behind
// it, without what it has in brackets, by that alone, and by what stands before or behind a colon.
//
// Nothing is excused. Where a title is a common word, as Heat or M, or the value of a field, as Western, no utterance has that
// word; where a raw id is a number, as 1990, none has that number. Who speaks says it in other words, or not at all. What is
// not found is a title in other words or another language, or one of whose letters some were exchanged.
type Leak struct {
	forms []string // run together
	id    []string
	signs string // a title without letters or digits, as it is
}

var (
	year     = regexp.MustCompile(`\s*\(\d{4}\)\s*$`)
	brackets = regexp.MustCompile(`\(([^()]*)\)`)
	behind   = regexp.MustCompile(`^(.*), ?(\S+)$`)
)

var articles = func() map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields("the a an le la les l il lo gli el los las der das ein eine un une uno una") {
		out[w] = true
	}
	return out
}()

// NewLeak is that of an item.
func NewLeak(title, id string) Leak {
	l := Leak{id: tokens(id)}
	title = strings.TrimSpace(title)
	if len(tokens(title)) == 0 {
		l.signs = title
	}
	title = year.ReplaceAllString(title, "")
	l.add(title, 1)
	bare := brackets.ReplaceAllString(title, " ")
	l.add(bare, 1)
	for _, m := range brackets.FindAllStringSubmatch(title, -1) {
		l.add(m[1], 4)
	}
	if before, after, ok := strings.Cut(bare, ":"); ok {
		// A part is looked for only if it says something: The Movie, of many titles, does not.
		l.add(before, 3)
		l.add(after, 9)
	}
	return l
}

// add adds the forms of a title, with and without its article, that have so many letters at least.
func (l *Leak) add(title string, least int) {
	title = strings.TrimSpace(title)
	forms := [][]string{tokens(title)}
	if m := behind.FindStringSubmatch(title); m != nil && articles[join(tokens(m[2]))] {
		forms = append(forms, tokens(m[1]), append(tokens(m[2]), tokens(m[1])...))
	}
	for _, words := range forms {
		for {
			if form := strings.Join(words, ""); utf8.RuneCountInString(form) >= least {
				l.forms = append(l.forms, form)
			}
			if len(words) < 2 || !articles[words[0]] {
				break
			}
			words = words[1:]
		}
	}
}

// In tells whether an utterance names the item.
func (l Leak) In(utterance string) bool {
	if l.signs != "" && strings.Contains(utterance, l.signs) {
		return true
	}
	words := tokens(utterance)
	for n := range words {
		for _, form := range l.forms {
			if begins(words[n:], form) {
				return true
			}
		}
		if id := l.id; len(id) > 0 && len(words)-n >= len(id) && join(words[n:n+len(id)]) == join(id) {
			return true
		}
	}
	return false
}

// begins tells whether some of the first words, run together, are the form.
func begins(words []string, form string) bool {
	for _, w := range words {
		rest, ok := strings.CutPrefix(form, w)
		if !ok {
			return false
		}
		if rest == "" {
			return true
		}
		form = rest
	}
	return false
}
