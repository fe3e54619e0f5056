package simulate

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// mostYears are read of one form in a sentence: beyond that it is a list.
const mostYears = 8

const aYear = `(?:the )?(?:(?:early|mid|late)[ -])?((?:1[5-9]|20)\d\d|'?\d0(?:s))(?:'?s)?`

var (
	between = regexp.MustCompile(`\b` + aYear + `\s*(?:-|–|to|and|until)\s*` + aYear + `(?:\W|$)`)
	before  = regexp.MustCompile(`\b(?:before|prior to|older than|earlier than|until|up to)\s+` + aYear + `(?:\W|$)`)
	since   = regexp.MustCompile(`\b(after|newer than|later than|since)\s+` + aYear + `(?:\W|$)`)
	single  = regexp.MustCompile(`(?:^|\W)` + aYear + `(?:\W|$)`)
	plural  = regexp.MustCompile(`^\d{3}0'?s`)
)

// yearsIn are the ranges of years in a text, each once: years, decades, what is before or after one, and what is between two.
func yearsIn(field, text string) []Clause {
	text = strings.ToLower(text)
	var out []Clause
	add := func(from, to int) {
		if c := (Clause{Field: field, From: from, To: to}); from <= to && !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	each := func(form *regexp.Regexp, found func(at []int)) {
		for range mostYears {
			at := form.FindStringSubmatchIndex(text)
			if at == nil {
				return
			}
			found(at)
			text = text[:at[0]] + " | " + text[at[1]:] // it has been read, and is not part of another form
		}
	}
	span := func(at []int, n int) (from, to int) { return spanOf(text, at[2*n], at[2*n+1]) }
	each(between, func(at []int) {
		from, _ := span(at, 1)
		_, to := span(at, 2)
		add(from, to)
	})
	each(before, func(at []int) {
		from, _ := span(at, 1)
		add(firstYear, from-1)
	})
	each(since, func(at []int) {
		from, to := span(at, 2)
		if text[at[2]:at[3]] != "since" {
			from = to + 1
		}
		add(from, lastYear)
	})
	each(single, func(at []int) { add(span(at, 1)) })
	return out
}

// spanOf reads a year, as 1994, or a decade, as 1990s, '90s or 20s, which is of this century's if it is one of the first three.
func spanOf(text string, from, to int) (first, last int) {
	digits := strings.Trim(text[from:to], "'s")
	n, err := strconv.Atoi(digits)
	if err != nil {
		return 1, 0
	}
	if len(digits) == 2 {
		n += 1900
		if n < 1930 {
			n += 100
		}
		return n, n + 9
	}
	if n%10 == 0 && plural.MatchString(text[from:min(len(text), to+2)]) {
		return n, n + 9
	}
	return n, n
}
