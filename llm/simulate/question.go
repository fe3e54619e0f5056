package simulate

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"llm4rec/llm/agent"
	"llm4rec/llm/clean"
)

// act is what an agent may want to know.
type act int

const (
	about   act = iota // a field
	whether            // a clause holds
	taken              // what is of the history
	more               // anything else
)

// question is what an agent wants to know.
type question struct {
	act    act
	field  string
	clause Clause
}

// Limits of what is read of an agent's text, and answered.
const (
	readBytes     = 1 << 16
	readRunes     = 4000
	mostQuestions = 3
	mostValues    = 3 // of a field in one sentence: more are a list of what there is, and the question is about the field
)

var (
	sentences = regexp.MustCompile(`[^.!?;]*[.!?;]*`)
	listed    = regexp.MustCompile(`(?m)^\s*(?:[-*•–]|\d+[.)])\s.*$`)
	quoted    = regexp.MustCompile(`"[^"]*"|“[^”]*”|„[^“”]*[“”]|«[^»]*»|\*[^*]*\*`)

	takenWords = set("watched seen liked enjoyed loved bought played owned last lately recently previously history favorite favorites favourite favourites")
	moreWords  = set("else more want wanted looking prefer preference preferences like watch see buy read enjoy mood interested describe detail details need help tell search searching wish")
)

// understand finds the questions in an agent's answer. Where it recommends, its sentences are about items, and only those are
// questions that end as one, and do not stand in a list.
func (x *Catalogue) understand(turn agent.Turn) []question {
	text := turn.Text
	if len(text) > readBytes {
		text = strings.ToValidUTF8(text[:readBytes], "")
	}
	if len(turn.Items) > 0 {
		text = listed.ReplaceAllString(text, "") // What's Eating Gilbert Grape? is no question
	}
	text = quoted.ReplaceAllStringFunc(clean.Text(text, readRunes), func(s string) string {
		if inner := strings.Trim(s, `"“”„«»*`); x.title(inner) {
			return " | " // it is no question about the words that it has
		}
		return s
	})
	var out []question
	for _, s := range sentences.FindAllString(text, -1) {
		if len(turn.Items) > 0 && !strings.HasSuffix(s, "?") {
			continue
		}
		for _, q := range x.questions(s) {
			if !slices.Contains(out, q) {
				out = append(out, q)
			}
		}
	}
	// What is definite is answered before what is not.
	slices.SortStableFunc(out, func(a, b question) int { return min(int(a.act), int(taken)) - min(int(b.act), int(taken)) })
	if len(out) > 0 && out[0].act < taken {
		out = slices.DeleteFunc(out, func(q question) bool { return q.act >= taken })
	}
	return out[:min(len(out), mostQuestions)]
}

// title tells whether what stands in quotes may be a title: it begins with a capital letter or a digit, and is no value.
func (x *Catalogue) title(text string) bool {
	r, _ := utf8.DecodeRuneInString(strings.TrimSpace(text))
	return (unicode.IsUpper(r) || unicode.IsDigit(r)) && x.words.values[join(stems(text))] == nil
}

// questions are those of one sentence: whether a value is wanted, else about a field, else what the user had or wants beside.
func (x *Catalogue) questions(sentence string) []question {
	var out []question
	clauses := x.words.mentioned(sentence)
	if x.yearField != "" {
		clauses = append(clauses, yearsIn(x.yearField, sentence)...)
	}
	for _, c := range clauses {
		q := question{act: whether, field: c.Field, clause: c}
		if count(clauses, c.Field) > mostValues {
			q = question{act: about, field: c.Field}
		}
		if !slices.Contains(out, q) {
			out = append(out, q)
		}
	}
	if out != nil {
		return out
	}
	for _, field := range x.words.asked(sentence) {
		out = append(out, question{act: about, field: field})
	}
	if out != nil {
		return out
	}
	words := tokens(sentence)
	switch {
	case slices.ContainsFunc(words, func(w string) bool { return takenWords[w] }):
		return []question{{act: taken}}
	case slices.ContainsFunc(words, func(w string) bool { return moreWords[w] }):
		return []question{{act: more}}
	}
	return nil
}

func count(clauses []Clause, field string) int {
	n := 0
	for _, c := range clauses {
		if c.Field == field {
			n++
		}
	}
	return n
}

func set(words string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(words) {
		out[w] = true
	}
	return out
}
