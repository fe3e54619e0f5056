package report

import (
	"fmt"
	"html/template"
	"unicode/utf8"
)

const (
	sampled  = 60      // users or conversations that a page shows at most
	budget   = 500_000 // bytes of words on a page, which is far under a megabyte with what stands around them
	longest  = 6_000   // runes of one text
	perTitle = 300     // runes of what ought to be short
)

// browse is what a sample can be filtered by: the page's words are searched in any case.
type browse struct {
	Kinds []string
	Bad   string // the words of a box for what is wrong
}

// spread returns n of the places 0 … of-1, evenly.
func spread(n, of int) []int {
	n = min(n, of)
	out := make([]int, n)
	for k := range out {
		out[k] = k * of / n
	}
	return out
}

// once remembers what a function made of each place.
func once[T any](of func(place int) T) func(place int) T {
	made := map[int]T{}
	return func(place int) T {
		x, has := made[place]
		if !has {
			x = of(place)
			made[place] = x
		}
		return x
	}
}

// sample is an evenly spread choice of the places, as large as the page has room for.
func sample(n, of, room int, size func(place int) int) []int {
	size = once(size)
	for n = min(n, of); n > 1; n-- {
		sum := 0
		for _, at := range spread(n, of) {
			sum += size(at)
		}
		if sum <= room {
			break
		}
	}
	return spread(n, of)
}

// cut shortens a text that no page has room for.
func cut(s string, most int) string {
	n := utf8.RuneCountInString(s)
	if n <= most {
		return s
	}
	return fmt.Sprintf("%s … (%d characters more)", string([]rune(s)[:most]), n-most)
}

// weight of texts on a page.
func weight(texts ...string) int {
	n := 0
	for _, s := range texts {
		n += len(template.HTMLEscapeString(s))
	}
	return n
}
