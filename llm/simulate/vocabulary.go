package simulate

import (
	"slices"
	"strings"
)

// vocabulary is what an agent may call fields and their values. Its keys are stems.
type vocabulary struct {
	values  map[string][]Clause
	fields  map[string][]string
	longest int // of the keys of values, in words
}

// asks are the usual words for fields, beside their names.
var asks = map[string]string{
	"genres": "genre kind sort type category style", "genre": "kind sort type category style", "categories": "category kind sort type", "category": "kind sort type",
	"year": "year decade era period old older new newer recent modern classic release released", "director": "director directed", "brand": "brand make maker manufacturer",
	"author": "author writer wrote written", "authors": "author writer wrote written", "tags": "tag theme topic about",
}

// alike are other words for values that some catalogues have.
var alike = map[string]string{
	"science fiction": "sci fi", "scifi": "sci fi", "noir": "film noir", "romantic": "romance", "animated": "animation", "cartoon": "animation",
	"kid": "children", "family": "children", "funny": "comedy", "scary": "horror", "suspense": "thriller", "suspenseful": "thriller",
	"detective": "mystery", "cowboy": "western", "dramatic": "drama", "documental": "documentary",
}

func newVocabulary(x *Catalogue) vocabulary {
	v := vocabulary{values: map[string][]Clause{}, fields: map[string][]string{}}
	add := func(key string, c Clause) {
		if len(key) > 1 && !slices.Contains(v.values[key], c) {
			v.values[key] = append(v.values[key], c)
			v.longest = max(v.longest, 1+strings.Count(key, " "))
		}
	}
	for _, field := range x.Fields {
		for _, word := range append(stems(asks[field]), join(stems(field))) {
			if !slices.Contains(v.fields[word], field) {
				v.fields[word] = append(v.fields[word], field)
			}
		}
		seen := map[string]bool{}
		for _, own := range x.values[field] {
			for _, value := range own {
				if !seen[value] {
					seen[value] = true
					add(join(stems(value)), Clause{Field: field, Value: value})
				}
			}
		}
	}
	for word, key := range alike {
		for _, c := range v.values[key] {
			add(word, c)
		}
	}
	return v
}

// mentioned are the values in a text, each once, in its order. Of two that overlap, the longer one counts.
func (v vocabulary) mentioned(text string) []Clause {
	var out []Clause
	words := stems(text)
next:
	for n := 0; n < len(words); n++ {
		for long := min(v.longest, len(words)-n); long > 0; long-- {
			if found := v.values[join(words[n:n+long])]; found != nil {
				for _, c := range found {
					if !slices.Contains(out, c) {
						out = append(out, c)
					}
				}
				n += long - 1
				continue next
			}
		}
	}
	return out
}

// asked are the fields that a text names, each once.
func (v vocabulary) asked(text string) []string {
	var out []string
	words := stems(text)
	for n := range words {
		for long := 1; long <= 3 && n+long <= len(words); long++ {
			for _, field := range v.fields[join(words[n:n+long])] {
				if !slices.Contains(out, field) {
					out = append(out, field)
				}
			}
		}
	}
	return out
}
