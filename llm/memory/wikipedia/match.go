package wikipedia

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"llm4rec/llm/clean"
)

// candidate is a page that a search found.
type candidate struct {
	Key          string `json:"key"` // as in the page's address
	Title        string `json:"title"`
	MatchedTitle string `json:"matched_title"` // of what redirects to it
	Description  string `json:"description"`

	score float64
}

// wanted is what is searched for.
type wanted struct {
	names []string // in normal form
	year  int      // 0: unknown
	kind  *regexp.Regexp
}

var (
	aside    = regexp.MustCompile(`\(([^()]*)\)`)
	article  = regexp.MustCompile(`(?i)^(.*), (the|a|an|il|lo|la|le|les|l'|el|los|las|der|die|das|den|det|de|het|un|une|uno|una)$`)
	alias    = regexp.MustCompile(`(?i)^(a\.?k\.?a\.?|or)\s+`)
	years    = regexp.MustCompile(`\b(1[89]|20)\d\d\b`)
	leading  = regexp.MustCompile(`^(the|a|an) `)
	numerals = regexp.MustCompile(`\b(\d+|ii|iii|iv|v|vi|vii|viii|ix|x)\b`)
	ambience = regexp.MustCompile(`(?i)disambiguation|referred to by the same term`)
)

// kinds are more words for what items are.
var kinds = map[string]string{
	"film": "films?|movies?|documentary|miniseries|mini-series|anime|cartoon",
	"book": "books?|novels?|novella|memoir|anthology",
	"game": "games?|video games?",
}

// others are what may share a name and a year, and is of another kind.
var others = strings.Fields(`soundtrack album song single ep score opera musical novel novella book comic comics manga play game
	franchise series sitcom episode character award list actor actress director producer singer band novelist writer surname name`)

// head is the noun of a description: "1995 soundtrack album to the film Heat" is an album.
var head = regexp.MustCompile(`(?i)^(.*?)(,|;|\s(by|of|from|for|to|in|on|with|about|based|directed|starring|written|produced|released|that|which)\b|$)`)

// look prepares what is searched for.
func look(title string, year int, word string) wanted {
	w := wanted{year: year, kind: regexp.MustCompile(`(?i)\b(` + cmp.Or(kinds[word], regexp.QuoteMeta(word)) + `)\b`)}
	for _, name := range spoken(title) {
		if n := normal(name); n != "" && !slices.Contains(w.names, n) {
			w.names = append(w.names, n)
		}
	}
	return w
}

// spoken are the names that a catalogue's title holds: "Postino, Il (The Postman) (1994)" is Il Postino and The Postman.
func spoken(title string) []string {
	names := []string{aside.ReplaceAllString(title, " ")}
	for _, m := range aside.FindAllStringSubmatch(title, -1) {
		if !regexp.MustCompile(`^\d{4}$`).MatchString(m[1]) {
			names = append(names, m[1])
		}
	}
	var out []string
	for _, n := range names {
		n = alias.ReplaceAllString(strings.TrimSpace(n), "")
		if m := article.FindStringSubmatch(n); m != nil {
			n = m[2] + " " + m[1]
		}
		if n = strings.TrimSpace(n); n != "" {
			out = append(out, n)
		}
	}
	return out
}

// normal is a name without case, accents, signs and an English article.
func normal(name string) string {
	plain := strings.NewReplacer("&", " and ", "'", "", "’", "").Replace(strings.ToLower(clean.WithoutAccents(name)))
	words := strings.FieldsFunc(plain, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return leading.ReplaceAllString(strings.Join(words, " "), "")
}

// like is how alike two normal forms are, from 0 to 1: the Dice coefficient of their pairs of letters. Names with different
// numbers are of different parts of a series.
func like(a, b string) float64 {
	if a == "" || b == "" {
		return 0
	}
	if a == b {
		return 1
	}
	if !slices.Equal(numerals.FindAllString(a, -1), numerals.FindAllString(b, -1)) {
		return 0
	}
	pairs := func(s string) map[string]int {
		out := map[string]int{}
		r := []rune(s)
		for n := range len(r) - 1 {
			out[string(r[n:n+2])]++
		}
		return out
	}
	x, y := pairs(a), pairs(b)
	common, all := 0, 0
	for p, n := range x {
		common += min(n, y[p])
		all += n
	}
	for _, n := range y {
		all += n
	}
	if all == 0 {
		return 0
	}
	return 2 * float64(common) / float64(all)
}

const (
	alike = .8 // the least likeness of a page's name
	// subtitled is what likeness to a name without its subtitle counts: Il Postino is Il Postino: The Postman.
	subtitled = .9
	margin    = .5 // by which a page's score has to be above the next
)

// weigh scores a candidate, or says that it cannot be it.
func (w wanted) weigh(c candidate) (score float64, possible bool) {
	if ambience.MatchString(c.Title+" "+c.Description) || slices.ContainsFunc(append(asides(c.Title), c.Description), w.other) {
		return 0, false
	}
	best := 0.
	for _, title := range []string{c.Title, c.MatchedTitle} {
		own := aside.ReplaceAllString(title, " ")
		short, _, _ := strings.Cut(own, ": ")
		for _, name := range w.names {
			best = max(best, like(name, normal(own)), subtitled*like(name, normal(short)))
		}
	}
	told := strings.Join(asides(c.Title), " ") + " " + c.Description
	near := w.off(told)
	if best < alike || near > 1 {
		return 0, false
	}
	score = 3 * best
	if w.year > 0 && near >= 0 {
		score += 2 - float64(near)
	}
	if w.kind.MatchString(told) {
		score++
	}
	return score, true
}

// other says whether a description is of another kind.
func (w wanted) other(description string) bool {
	words := strings.Fields(strings.ToLower(head.FindStringSubmatch(description)[1]))
	if len(words) == 0 {
		return false
	}
	noun := words[len(words)-1]
	return slices.Contains(others, noun) && !w.kind.MatchString(noun)
}

func asides(title string) []string {
	var out []string
	for _, m := range aside.FindAllStringSubmatch(title, -1) {
		out = append(out, m[1])
	}
	return out
}

// off is by how many years the nearest year in a text is off, -1 where there is none or it does not matter.
func (w wanted) off(text string) int {
	best := -1
	for _, y := range years.FindAllString(text, -1) {
		n, err := strconv.Atoi(y)
		if err != nil || w.year == 0 {
			continue
		}
		if d := max(n-w.year, w.year-n); best < 0 || d < best {
			best = d
		}
	}
	return best
}

// choose are the possible candidates, best first, and whether the first is clearly it.
func (w wanted) choose(found []candidate) (out []candidate, sure bool) {
	for _, c := range found {
		var possible bool
		if c.score, possible = w.weigh(c); possible && !slices.ContainsFunc(out, func(o candidate) bool { return o.Key == c.Key }) {
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(a, b candidate) int { return cmp.Compare(b.score, a.score) })
	return out, len(out) > 0 && (len(out) == 1 || out[0].score-out[1].score >= margin)
}

// confirms says whether the beginning of a page tells of the item: of its kind, and of its year where it is known.
func (w wanted) confirms(title, description, extract string) bool {
	if r := []rune(extract); len(r) > 300 {
		extract = string(r[:300])
	}
	told := strings.Join(append(asides(title), description, extract), " ")
	near := w.off(told)
	return w.kind.MatchString(told) && (w.year == 0 || near == 0 || near == 1)
}
