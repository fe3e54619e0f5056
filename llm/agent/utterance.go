package agent

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"llm4rec/llm/agent/condition"
)

// wish is one thing that a user wants, as the scripted policy understands it.
type wish struct {
	says  string // in words
	where condition.Condition
	field string  // that the condition names; "": it is no condition
	seeds []int32 // items to be like
	drop  []int32 // items that are not wanted
	turn  int     // in which it was said

	listed bool // a value that only a comma parts from the one before
}

// reader reads the wishes out of what a user says.
type reader struct {
	catalogue  *catalogue
	vocabulary *vocabulary
	words      []string // and "|" where a sentence or a clause ends
	wishes     []wish
	until      int // where the last value ends
}

const clause = "|"

// understand reads values of sets, with no, not or without before them; years, decades, newer than, older than, between; like
// TITLE and not TITLE. Everything else is passed over.
func (a *Agent) understand(utterance string) []wish {
	r := &reader{catalogue: a.catalogue, vocabulary: a.vocabulary}
	text := r.quoted(utterance)
	for _, sign := range []string{".", ",", ";", "!", "?", ":"} {
		text = strings.ReplaceAll(text, sign, " "+clause+" ")
	}
	for part := range strings.FieldsSeq(text) {
		if part == clause {
			r.words = append(r.words, clause)
			continue
		}
		r.words = append(r.words, tokens(part)...)
	}
	not := false
	for p := 0; p < len(r.words); {
		w := r.words[p]
		switch {
		case w == clause || slices.Contains(breaks, w):
			not = false
		case slices.Contains(negations, w):
			not = true
			if n := r.title(p+1, true); n > 0 {
				p += n
			}
		case slices.Contains(likes, w):
			if n := r.title(p+1, not); n > 0 {
				p += n
			}
		default:
			if n := r.years(p, not); n > 0 {
				p += n
				continue
			}
			if v, n := r.vocabulary.at(r.words[p:]); n > 0 {
				r.value(v, not, p)
				p += n
				r.until = p
				continue
			}
		}
		p++
	}
	return r.wishes
}

var (
	negations = []string{"no", "not", "without", "except", "dont", "hate", "avoid", "never", "nothing", "isnt", "non", "seen", "watched", "besides"}
	breaks    = []string{"but", "want", "prefer", "rather", "instead", "please"}
	likes     = []string{"like", "similar", "loved", "love", "liked", "enjoyed", "enjoy", "fan", "resembles"}
	fillers   = []string{"to", "of", "the", "movie", "film", "watching", "seeing", "really", "movies", "films"}
	decades   = map[string]int{"twenties": 1920, "thirties": 1930, "forties": 1940, "fifties": 1950, "sixties": 1960, "seventies": 1970, "eighties": 1980, "nineties": 1990}
)

// add keeps a condition that the table can read; one that says what another said is none.
func (r *reader) add(field, where, says string) {
	c, err := r.catalogue.table.Parse(where)
	if err != nil || slices.ContainsFunc(r.wishes, func(w wish) bool { return w.where.Text == where }) {
		return
	}
	r.wishes = append(r.wishes, wish{says: says, where: c, field: field})
}

// value adds one of a set, which stands at a word. With or before it, it is another choice beside what was said last, and beside
// what commas join to that.
func (r *reader) value(v value, not bool, at int) {
	last := len(r.wishes) - 1
	beside := !not && last >= 0 && at > 0 && r.wishes[last].field == v.field && !strings.Contains(r.wishes[last].where.Text, "!=")
	if beside && r.words[at-1] == "or" {
		choices := fmt.Sprintf("%s = '%s'", v.field, strings.ReplaceAll(v.value, "'", "''"))
		says := v.value
		for more := true; more; last-- {
			w := r.wishes[last]
			choices, says = strings.Trim(w.where.Text, "()")+" or "+choices, w.says+" or "+says
			more = w.listed
		}
		r.wishes = r.wishes[:last+1]
		r.add(v.field, "("+choices+")", says)
		return
	}
	defer func() {
		if n := len(r.wishes) - 1; n > last {
			r.wishes[n].listed = beside && r.words[at-1] == clause && r.until == at-1
		}
	}()
	op, says := "=", v.value
	if not {
		op, says = "!=", "no "+v.value
	}
	r.add(v.field, fmt.Sprintf("%s %s '%s'", v.field, op, strings.ReplaceAll(v.value, "'", "''")), says)
}

var quotedTitle = regexp.MustCompile(`(\S*)\s*["“]([^"“”]{1,200})["”]`)

// quoted takes the titles in quotes out of a text.
func (r *reader) quoted(text string) string {
	return quotedTitle.ReplaceAllStringFunc(text, func(found string) string {
		m := quotedTitle.FindStringSubmatch(found)
		items := r.catalogue.index.find(m[2])
		if len(items) == 0 {
			return found
		}
		r.item(items, slices.ContainsFunc(tokens(m[1]), func(w string) bool { return slices.Contains(negations, w) }))
		return m[1] + " " + clause + " "
	})
}

func (r *reader) item(items []int32, not bool) {
	title := r.catalogue.titles[items[0]]
	if not {
		r.wishes = append(r.wishes, wish{says: "not " + title, drop: items})
		return
	}
	r.wishes = append(r.wishes, wish{says: "like " + title, seeds: items[:1]})
}

// title reads titles that begin at a word, joined by and, or and commas, and says how many words they are. What is a value too, as
// Comedy may be, is no title.
func (r *reader) title(p int, not bool) int {
	begin := p
	taken := 0
	for p < len(r.words) {
		var items []int32
		n, skipped := 0, 0
		for ; skipped < 4 && p+skipped < len(r.words); skipped++ {
			if items, n = r.titleAt(p + skipped); n > 0 || !slices.Contains(fillers, r.words[p+skipped]) {
				break
			}
		}
		if n == 0 {
			break
		}
		r.item(items, not)
		p += skipped + n
		taken = p - begin
		if p+1 >= len(r.words) || r.words[p] != "and" && r.words[p] != "or" && r.words[p] != clause {
			break
		}
		p++
	}
	return taken
}

// titleAt is the longest title there, over the ends of clauses, and how many words of the text it takes.
func (r *reader) titleAt(p int) ([]int32, int) {
	var w []string
	var at []int // where the word after each ends
	for k := p; k < len(r.words) && len(w) < r.catalogue.index.longest+1; k++ {
		if r.words[k] != clause {
			w, at = append(w, r.words[k]), append(at, k+1-p)
		}
	}
	items, n := r.catalogue.index.at(w)
	if n == 0 {
		return nil, 0
	}
	if _, v := r.vocabulary.at(w); v >= n {
		return nil, 0
	}
	return items, at[n-1]
}

var decade = regexp.MustCompile(`^(18|19|20)?(\d0)s$`)

// years reads a condition on the field year that begins at a word, and says how many words it has.
func (r *reader) years(p int, not bool) int {
	if r.catalogue.table.Kind("year") != condition.Number {
		return 0
	}
	at := func(k int) string {
		if k < len(r.words) {
			return r.words[k]
		}
		return ""
	}
	put := func(where, says string) {
		if not {
			where, says = "not ("+where+")", "not "+says
		}
		r.add("year", where, says)
	}
	k := p
	relation := ""
	switch at(k) {
	case "newer", "later", "older", "earlier":
		if at(k+1) != "than" {
			return 0
		}
		relation = at(k)
		k += 2
	case "after", "since", "before", "until", "between", "from", "in":
		relation = at(k)
		k++
	case "up":
		if at(k+1) != "to" {
			return 0
		}
		relation = "until"
		k += 2
	}
	for at(k) == "the" || at(k) == "early" || at(k) == "late" || at(k) == "year" {
		k++
	}
	from, to, ok := span(at(k))
	if !ok {
		return 0
	}
	says := at(k)
	k++
	switch relation {
	case "newer", "later", "after":
		put(fmt.Sprintf("year > %d", to), "after "+says)
	case "since":
		put(fmt.Sprintf("year >= %d", from), "since "+says)
	case "older", "earlier", "before":
		put(fmt.Sprintf("year < %d", from), "before "+says)
	case "until":
		put(fmt.Sprintf("year <= %d", to), "until "+says)
	default:
		if relation == "between" || relation == "from" {
			if _, end, ok := span(at(k + 1)); ok && (at(k) == "and" || at(k) == "to") {
				put(fmt.Sprintf("year between %d and %d", from, end), says+" to "+at(k+1))
				return k + 2 - p
			}
			if relation == "from" && (at(k) == "on" || at(k) == "onwards") {
				put(fmt.Sprintf("year >= %d", from), "since "+says)
				return k + 1 - p
			}
		}
		put(fmt.Sprintf("year between %d and %d", from, to), "from "+says)
	}
	return k - p
}

// span is the years that a word means: 1995, 1990s, 90s, nineties.
func span(word string) (from, to int, ok bool) {
	if d, ok := decades[word]; ok {
		return d, d + 9, true
	}
	if m := decade.FindStringSubmatch(word); m != nil {
		century := m[1]
		if century == "" {
			century = "19"
		}
		year, err := strconv.Atoi(century + m[2])
		return year, year + 9, err == nil
	}
	if isYear(word) {
		year, err := strconv.Atoi(word)
		return year, year, err == nil
	}
	return 0, 0, false
}
