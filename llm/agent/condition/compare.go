package condition

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

func (x *field) missing(item int32) bool { return x.texts[item] == "" }

// shown is how many values of a set an error names.
const shown = 30

// compare is the comparison of a field with a value.
func (x *field) compare(op string, v token, at int) (test, error) {
	switch x.kind {
	case Number:
		value := v.value
		if v.sort == quoted {
			var err error
			if value, err = strconv.ParseFloat(strings.TrimSpace(v.text), 64); err != nil || math.IsNaN(value) {
				return nil, fail(v.at, "%s is a number, '%s' is none", x.name, v.text)
			}
		}
		return x.order(op, value), nil
	case Set:
		place, known := x.index[strings.ToLower(strings.TrimSpace(v.text))]
		if !known {
			return nil, fail(v.at, "no item has '%s' in %s; there are: %s", v.text, x.name, x.some())
		}
		switch op {
		case "=", "==":
			return func(i int32) bool { return slices.Contains(x.sets[i], place) }, nil
		case "!=", "<>":
			return func(i int32) bool { return !slices.Contains(x.sets[i], place) }, nil
		}
		return nil, fail(at, "%s has several values without an order: want =, !=, in or like, got %s", x.name, op)
	default:
		value := strings.ToLower(strings.TrimSpace(v.text))
		return func(i int32) bool {
			return x.texts[i] != "" && holds(op, strings.Compare(x.texts[i], value)) || x.texts[i] == "" && unequal(op)
		}, nil
	}
}

func (x *field) order(op string, value float64) test {
	return func(i int32) bool {
		switch n := x.numbers[i]; {
		case math.IsNaN(n):
			return unequal(op)
		case n < value:
			return holds(op, -1)
		case n > value:
			return holds(op, 1)
		}
		return holds(op, 0)
	}
}

func unequal(op string) bool { return op == "!=" || op == "<>" }

// holds says whether an operator accepts the sign of a comparison.
func holds(op string, sign int) bool {
	switch op {
	case "=", "==":
		return sign == 0
	case "!=", "<>":
		return sign != 0
	case "<":
		return sign < 0
	case "<=":
		return sign <= 0
	case ">":
		return sign > 0
	default:
		return sign >= 0
	}
}

func (x *field) some() string {
	words := slices.Sorted(slices.Values(x.words))
	if len(words) > shown {
		return strings.Join(words[:shown], ", ") + ", …"
	}
	return strings.Join(words, ", ")
}

// like compares with a pattern; of a set, any of its values.
func (x *field) like(pattern string) test {
	p := []rune(strings.ToLower(pattern))
	if x.kind != Set {
		return func(i int32) bool { return x.texts[i] != "" && like(p, x.texts[i]) }
	}
	fits := make([]bool, len(x.words))
	for n, w := range x.words {
		fits[n] = like(p, strings.ToLower(w))
	}
	return func(i int32) bool { return slices.ContainsFunc(x.sets[i], func(w int16) bool { return fits[w] }) }
}

// like matches % with anything and _ with one character, in time that grows with the product of the lengths at most: only the last
// % is ever tried again.
func like(pattern []rune, text string) bool {
	t := []rune(text)
	p, n, star, back := 0, 0, -1, 0
	for n < len(t) {
		switch {
		case p < len(pattern) && pattern[p] == '%':
			star, back = p, n
			p++
		case p < len(pattern) && (pattern[p] == '_' || pattern[p] == t[n]):
			p, n = p+1, n+1
		case star >= 0:
			back++
			p, n = star+1, back
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '%' {
		p++
	}
	return p == len(pattern)
}
