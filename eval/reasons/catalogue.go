package reasons

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Catalogue is what reasons are held against. Make it with [NewCatalogue].
type Catalogue struct {
	titles   map[string][]int32 // normalised
	fields   map[string][][]string
	features map[string]int // normalised values of fields, numbered
	longest  int            // words of a feature
}

// NewCatalogue makes a catalogue of the titles of items and of the values that their fields have, by the field's name and the
// item.
func NewCatalogue(titles []string, fields map[string][][]string) *Catalogue {
	c := &Catalogue{titles: map[string][]int32{}, fields: fields, features: map[string]int{}}
	for i, t := range titles {
		for _, key := range titleKeys(t) {
			if of := c.titles[key]; len(of) == 0 || of[len(of)-1] != int32(i) {
				c.titles[key] = append(of, int32(i))
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		for _, values := range fields[name] {
			for _, v := range values {
				words := tokens(v)
				if _, known := c.features[join(words)]; !known && len(words) > 0 {
					c.features[join(words)] = len(c.features)
					c.longest = max(c.longest, len(words))
				}
			}
		}
	}
	return c
}

// Supports tells whether a claim about a field is so: the recommended item has that value in that field, and so has the cited
// item, which is in the history, where the claim cites one.
//
// Values are equal exactly if they have the same words, whatever stands between them and in whatever case: sci-fi is Sci-Fi.
// They are equal fuzzily if all the words of the claimed value are among those of the field's value, or one is made of the
// other by changing, inserting or dropping at most a fifth of the longer one's letters (Levenshtein): Scifi is Sci-Fi, Action
// & Adventure has Adventure. What is so exactly is so fuzzily.
func (c *Catalogue) Supports(r Reason, x Claim) (exact, fuzzy bool) {
	exact, fuzzy = c.has(r.Item, x)
	if x.Item == NoItem {
		return exact, fuzzy
	}
	if !r.has(x.Item) {
		return false, false
	}
	e, f := c.has(x.Item, x)
	return exact && e, fuzzy && f
}

func (c *Catalogue) has(item int32, x Claim) (exact, fuzzy bool) {
	values := c.fields[x.Field]
	want := tokens(x.Value)
	if len(want) == 0 || item < 0 || int(item) >= len(values) {
		return false, false
	}
	for _, v := range values[item] {
		got := tokens(v)
		exact = exact || slices.Equal(got, want)
		fuzzy = fuzzy || exact || within(want, got) || near(strings.Join(want, ""), strings.Join(got, ""))
	}
	return exact, fuzzy
}

func within(words, of []string) bool {
	for _, w := range words {
		if !slices.Contains(of, w) {
			return false
		}
	}
	return true
}

func near(a, b string) bool {
	x, y := []rune(a), []rune(b)
	return 5*distance(x, y) <= max(len(x), len(y))
}

// distance is Levenshtein's.
func distance(a, b []rune) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j := range b {
			change := diagonal + one(a[i] != b[j])
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// Mention is a title in a sentence.
type Mention struct {
	Text  string
	Items []int32 // that are called so, ascending; none: it is in no catalogue
}

// of tells whether it may be the recommended item or one of the history.
func (m Mention) of(r Reason) bool {
	return slices.ContainsFunc(m.Items, func(i int32) bool { return i == r.Item || r.has(i) })
}

var (
	quoted = regexp.MustCompile(`“([^”]*)”|«([^»]*)»|„([^“”]*)[“”]|"([^"]*)"|\*([^*\n]+)\*`)
	dated  = regexp.MustCompile(`([\p{L}\p{N}][^\n]{0,150}?)\s*\(\d{4}\)`)
)

// Mentions are the titles in a sentence: what stands in double quotes or between asterisks and begins with a capital letter or
// a digit, and what precedes a year in brackets, as far back as a title of the catalogue reaches. A title that is written
// otherwise is not seen: prompts ask for quotes.
//
// Titles are equal if their words are, without a year behind them and an article before or, as in "Matrix, The", behind them.
// One with something else in brackets is also known without it.
func (c *Catalogue) Mentions(sentence string) []Mention {
	var out []Mention
	rest := quoted.ReplaceAllStringFunc(sentence, func(s string) string {
		inner := strings.TrimSpace(strings.Trim(s, "“”«»„\"*"))
		if inner == "" || !title(inner) {
			return s
		}
		out = append(out, Mention{inner, c.called(inner)})
		return "\n"
	})
	for _, m := range dated.FindAllStringSubmatch(rest, -1) {
		out = append(out, c.before(m[1]))
	}
	return out
}

// before is the longest title that a text ends with, or its last words.
func (c *Catalogue) before(text string) Mention {
	words := strings.Fields(text)
	for n := range words {
		tail := strings.Join(words[n:], " ")
		if items := c.called(tail); len(items) > 0 {
			return Mention{tail, items}
		}
	}
	return Mention{Text: strings.Join(words[max(0, len(words)-3):], " ")}
}

func (c *Catalogue) called(text string) []int32 {
	return c.titles[titleKeys(text)[0]]
}

func title(s string) bool {
	for _, r := range s {
		return unicode.IsUpper(r) || unicode.IsDigit(r) || unicode.IsLetter(r) && unicode.ToUpper(r) == r // scripts without case
	}
	return false
}

const articles = `the|a|an|le|la|les|l'|il|el|los|las|der|die|das|un|une`

var (
	year     = regexp.MustCompile(`\s*\(\d{4}\)\s*$`)
	behind   = regexp.MustCompile(`(?i)^(.*), (?:` + articles + `)(\s*\(.*)?$`)
	ahead    = regexp.MustCompile(`(?i)^(?:the|a|an|le|la|les|il|el|los|las|der|die|das|un|une) (\S.*)$`)
	brackets = regexp.MustCompile(`\s*\([^()]*\)`)
)

// titleKeys are what a title is known by. The first is the title itself.
func titleKeys(text string) []string {
	text = year.ReplaceAllString(strings.TrimSpace(text), "")
	key := func(s string) string {
		s = strings.TrimSpace(s)
		s = behind.ReplaceAllString(s, "$1$2")
		s = ahead.ReplaceAllString(s, "$1")
		if k := join(tokens(s)); k != "" {
			return k
		}
		return s // signs alone, or nothing
	}
	out := []string{key(text)}
	if short := brackets.ReplaceAllString(text, ""); short != text && strings.TrimSpace(short) != "" {
		out = append(out, key(short))
	}
	return out
}

// mentionedFeatures are the numbers of the features in a sentence outside of its titles, each once. Of two that overlap, the
// longer one counts.
func (c *Catalogue) mentionedFeatures(sentence string) []int {
	var out []int
	// A title is no mention of what it is made of; a sign in its place keeps its neighbours apart.
	for _, part := range strings.Split(quoted.ReplaceAllString(sentence, "\n"), "\n") {
		words := tokens(part)
	next:
		for n := 0; n < len(words); n++ {
			for long := min(c.longest, len(words)-n); long > 0; long-- {
				if f, known := c.features[join(words[n:n+long])]; known {
					if !slices.Contains(out, f) {
						out = append(out, f)
					}
					n += long - 1
					continue next
				}
			}
		}
	}
	return out
}

// tokens are the runs of letters and digits of a text, in lower case.
func tokens(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) })
}

func join(words []string) string { return strings.Join(words, " ") }
