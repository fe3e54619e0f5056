package agent

import (
	"maps"
	"slices"
	"strings"

	"llm4rec/llm/agent/condition"
)

// vocabulary is the values of sets as people write them: comedies are Comedy, science fiction is Sci-Fi.
type vocabulary struct {
	values  map[string]value // by stems
	longest int
}

type value struct{ field, value string }

// synonyms of values, by stems; those whose value no item has mean nothing.
var synonyms = map[string]string{
	"science fiction": "sci fi", "scifi": "sci fi", "animated": "animation", "cartoon": "animation", "romantic": "romance", "love story": "romance",
	"scary": "horror", "funny": "comedy", "kid": "children", "family": "children", "detective": "mystery", "noir": "film noir",
}

func newVocabulary(table *condition.Table) *vocabulary {
	v := &vocabulary{values: map[string]value{}}
	for _, name := range table.Names() {
		for _, word := range table.Values(name) {
			s := stems(tokens(word))
			if _, twice := v.values[s]; s == "" || twice {
				continue
			}
			v.values[s] = value{name, word}
			v.longest = max(v.longest, strings.Count(s, " ")+1)
		}
	}
	for _, from := range slices.Sorted(maps.Keys(synonyms)) {
		if of, known := v.values[synonyms[from]]; known {
			if _, twice := v.values[from]; !twice {
				v.values[from] = of
				v.longest = max(v.longest, strings.Count(from, " ")+1)
			}
		}
	}
	return v
}

// at is the value that the longest beginning of some words is, and how many words that are.
func (v *vocabulary) at(w []string) (value, int) {
	for n := min(len(w), v.longest); n > 0; n-- {
		if x, ok := v.values[stems(w[:n])]; ok {
			return x, n
		}
	}
	return value{}, 0
}

func stems(words []string) string {
	out := make([]string, len(words))
	for n, w := range words {
		switch {
		case len(w) > 4 && strings.HasSuffix(w, "ies"):
			w = w[:len(w)-3] + "y"
		case len(w) > 3 && strings.HasSuffix(w, "s") && !strings.HasSuffix(w, "ss"):
			w = w[:len(w)-1]
		}
		out[n] = w
	}
	return strings.Join(out, " ")
}
