package condition

import (
	"fmt"
	"slices"
	"strings"
)

// What a condition may be at most: who writes it is a model, and what it is told may come from anyone.
const (
	MaxLength = 1000 // bytes
	MaxDepth  = 20   // of brackets and negations
	MaxParts  = 60   // comparisons, and values of a list
)

// Condition is one that was read.
type Condition struct {
	Text   string
	fields []string
	test   test
}

// Match says whether an item fulfils it.
func (c Condition) Match(item int32) bool { return c.test(item) }

// Fields are those that it names, sorted.
func (c Condition) Fields() []string { return slices.Clone(c.fields) }

type test func(item int32) bool

type parser struct {
	table  *Table
	tokens []token
	parts  int
	depth  int
	named  []string
}

// Parse reads a condition:
//
//	genres = 'Comedy' and year between 1990 and 1999 and not (title like 'Star%' or genres in ('War', 'Crime'))
//
// Comparisons are =, !=, <, <=, >, >=, between, in, like (with % for anything and _ for one character) and is null, each also
// with not; they are joined by and, or and not. Of a set, = means that it has the value. Capitals do not matter. An item without
// a value fulfils no comparison but is null and !=, and so the opposites of the others. Errors are *Error.
func (t *Table) Parse(text string) (Condition, error) {
	if len(text) > MaxLength {
		return Condition{}, fail(MaxLength, "a condition has at most %d bytes", MaxLength)
	}
	tokens, err := lex(text)
	if err != nil {
		return Condition{}, err
	}
	p := &parser{table: t, tokens: tokens}
	root, err := p.or()
	if err != nil {
		return Condition{}, err
	}
	if next := p.next(); next.sort != end {
		return Condition{}, fail(next.at, "want and, or, or the end, got %s", next)
	}
	slices.Sort(p.named)
	return Condition{Text: text, fields: slices.Compact(p.named), test: root}, nil
}

func (p *parser) peek() token { return p.tokens[0] }

func (p *parser) next() token {
	t := p.tokens[0]
	if t.sort != end {
		p.tokens = p.tokens[1:]
	}
	return t
}

func (p *parser) accept(text string) bool {
	if p.peek().is(text) {
		p.next()
		return true
	}
	return false
}

func (p *parser) or() (test, error) {
	return p.joined("or", p.and, func(a, b test) test { return func(i int32) bool { return a(i) || b(i) } })
}

func (p *parser) and() (test, error) {
	return p.joined("and", p.not, func(a, b test) test { return func(i int32) bool { return a(i) && b(i) } })
}

func (p *parser) joined(by string, part func() (test, error), join func(a, b test) test) (test, error) {
	left, err := part()
	for err == nil && p.accept(by) {
		var right test
		if right, err = part(); err == nil {
			left = join(left, right)
		}
	}
	return left, err
}

func (p *parser) not() (test, error) {
	if p.depth++; p.depth > MaxDepth {
		return nil, fail(p.peek().at, "brackets and negations are more than %d deep", MaxDepth)
	}
	defer func() { p.depth-- }()
	switch {
	case p.accept("not"):
		inner, err := p.not()
		return func(i int32) bool { return !inner(i) }, err
	case p.accept("("):
		inner, err := p.or()
		if err != nil {
			return nil, err
		}
		if t := p.next(); !t.is(")") {
			return nil, fail(t.at, "want ), got %s", t)
		}
		return inner, nil
	}
	return p.comparison()
}

// count counts a comparison or a value.
func (p *parser) count(at int) error {
	if p.parts++; p.parts > MaxParts {
		return fail(at, "more than %d comparisons and values", MaxParts)
	}
	return nil
}

func (p *parser) comparison() (test, error) {
	t := p.next()
	if t.sort != word {
		return nil, fail(t.at, "want the name of a field, got %s; the fields are: %s", t, p.table.Describe())
	}
	f := p.table.find(t.text)
	if f == nil {
		return nil, fail(t.at, "there is no field %q; the fields are: %s", t.text, p.table.Describe())
	}
	if err := p.count(t.at); err != nil {
		return nil, err
	}
	p.named = append(p.named, f.name)
	negated := p.accept("not")
	result, err := p.operator(f)
	if negated && err == nil {
		inner := result
		result = func(i int32) bool { return !inner(i) }
	}
	return result, err
}

func (p *parser) operator(f *field) (test, error) {
	op := p.next()
	switch {
	case op.is("is"):
		negated := p.accept("not")
		if t := p.next(); !t.is("null") {
			return nil, fail(t.at, "want null, got %s", t)
		}
		return func(i int32) bool { return f.missing(i) != negated }, nil
	case op.is("like"):
		v, err := p.value(f)
		if err != nil {
			return nil, err
		}
		return f.like(v.text), nil
	case op.is("in"):
		return p.in(f)
	case op.is("between"):
		low, err := p.value(f)
		if err != nil {
			return nil, err
		}
		if t := p.next(); !t.is("and") {
			return nil, fail(t.at, "want and, got %s", t)
		}
		high, err := p.value(f)
		if err != nil {
			return nil, err
		}
		from, err := f.compare(">=", low, op.at)
		if err != nil {
			return nil, err
		}
		to, err := f.compare("<=", high, op.at)
		return func(i int32) bool { return from(i) && to(i) }, err
	case op.sort == sign && op.text != "(" && op.text != ")" && op.text != ",":
		v, err := p.value(f)
		if err != nil {
			return nil, err
		}
		return f.compare(op.text, v, op.at)
	}
	return nil, fail(op.at, "after %s want =, !=, <, <=, >, >=, between, in, like or is null, got %s", f.name, op)
}

func (p *parser) in(f *field) (test, error) {
	if t := p.next(); !t.is("(") {
		return nil, fail(t.at, "want (, got %s", t)
	}
	var values []test
	for {
		v, err := p.value(f)
		if err != nil {
			return nil, err
		}
		one, err := f.compare("=", v, v.at)
		if err != nil {
			return nil, err
		}
		values = append(values, one)
		t := p.next()
		if t.is(")") {
			return func(i int32) bool { return slices.ContainsFunc(values, func(t test) bool { return t(i) }) }, nil
		}
		if !t.is(",") {
			return nil, fail(t.at, "want , or ), got %s", t)
		}
	}
}

func (p *parser) value(f *field) (token, error) {
	t := p.next()
	if t.sort != quoted && t.sort != number {
		return t, fail(t.at, "want a number or a text in quotes to compare %s with, got %s", f.name, t)
	}
	return t, p.count(t.at)
}

// Describe are the fields, with what they are.
func (t *Table) Describe() string {
	var out []string
	for _, f := range t.fields {
		out = append(out, fmt.Sprintf("%s (%s)", f.name, f.kind))
	}
	return strings.Join(out, ", ")
}
