package rank

import (
	"regexp"
	"strconv"
	"strings"

	"llm4rec/llm"
)

// Class says what an answer was. Of several that fit, the first here counts.
type Class string

// What answers are.
const (
	Refusal    Class = "refusal"           // the model does not want to, or its provider does not let it
	Truncated  Class = "truncated"         // it ran into the limit of tokens
	Empty      Class = "empty"             // nothing but space
	Unreadable Class = "unreadable"        // no number of a candidate could be read
	Outside    Class = "out of candidates" // there are numbers of no candidate
	Duplicate  Class = "duplicate"         // a number stands there twice
	Missing    Class = "missing"           // a candidate is not there
	OK         Class = "ok"
)

// parseOrder reads an order of n candidates: their numbers, less one, each once, best first. Numbers are read even where the
// answer is no good one. They stand in JSON, as {"ranking": [3, 1]}, or, without a schema, also as [3, 1], in one line, or in
// lines of their own. A line in prose is passed over: a number in a sentence or a title is no answer.
func parseOrder(r llm.Response, n int, schema bool) ([]int, Class) {
	numbers, whole := read(r, order, schema)
	var out []int
	seen := make([]bool, n)
	outside, twice := false, false
	for _, x := range numbers {
		switch {
		case x < 1 || x > n:
			outside = true
		case seen[x-1]:
			twice = true
		default:
			seen[x-1] = true
			out = append(out, x-1)
		}
	}
	switch class := classify(r, whole, len(out) > 0); {
	case class == Truncated && len(out) == n:
		return out, OK // what was cut off was not wanted
	case class == Unreadable && outside:
		return nil, Outside
	case class != OK:
		return out, class
	case outside:
		return out, Outside
	case twice:
		return out, Duplicate
	case len(out) < n:
		return out, Missing
	default:
		return out, OK
	}
}

// parseBest reads the number of one of n candidates, less one. It is -1 unless the class is OK: of two numbers, neither is an
// answer.
func parseBest(r llm.Response, n int, schema bool) (int, Class) {
	numbers, whole := read(r, best, schema)
	class := classify(r, whole, len(numbers) == 1)
	switch {
	case class != OK:
		return -1, class
	case numbers[0] < 1 || numbers[0] > n:
		return -1, Outside
	default:
		return numbers[0] - 1, OK
	}
}

// classify says what is wrong with an answer as a whole.
func classify(r llm.Response, whole, found bool) Class {
	switch {
	case r.Finish == llm.Filtered:
		return Refusal
	case r.Finish == llm.Length || found && !whole:
		return Truncated
	case strings.TrimSpace(r.Text) == "":
		return Empty
	case found:
		return OK
	case llm.Refuses(r.Text):
		return Refusal
	default:
		return Unreadable
	}
}

// The forms of an answer: what stands in for the numbers, the sign that they are all there, and that of the answer's end.
var (
	order = regexp.MustCompile(`^\{\s*"ranking"\s*:\s*\[\s*((?:-?\d+\s*,\s*)*(?:-?\d+)?)\s*(\]\s*(\})?)?$`)
	best  = regexp.MustCompile(`^\{\s*"best"\s*:\s*(-?\d+)\s*((\}))?$`)
	array = regexp.MustCompile(`^\[\s*((?:-?\d+\s*,\s*)*(?:-?\d+)?)\s*((\]))?$`)
)

var (
	fence  = regexp.MustCompile("(?s)^```[a-z]*[ \t]*\n(.*?)\\s*(?:```)?$")
	single = regexp.MustCompile(`^\W*(\d+)\W*$`)                                                // 3, [3], "3." or - 3
	marked = regexp.MustCompile(`^(?:[-*•]\s*|\d+[.):]\s*)?\[(\d+)\](?:$|[:.]?\s+[^\s\[,;>→])`) // [3] a title, or 1. [3]
	row    = regexp.MustCompile(`^[-*•]?\s*([\d\s,;>→\[\]()]+)\.?$`)                            // 3, 1, 2 or [3] > [1] > [2]
	digits = regexp.MustCompile(`-?\d+`)
)

// read finds an answer's numbers, and whether it ends where it should. A number that an answer broke off in is left out: it
// may be the beginning of another.
func read(r llm.Response, form *regexp.Regexp, schema bool) (numbers []int, whole bool) {
	text := strings.TrimSpace(r.Text)
	if m := fence.FindStringSubmatch(text); m != nil && !schema {
		text = m[1]
	}
	m := form.FindStringSubmatch(text)
	switch {
	case m == nil && schema:
		return nil, true
	case m == nil:
		m = array.FindStringSubmatch(text)
	}
	if m == nil {
		if r.Finish == llm.Length {
			text = strings.TrimRight(text, "0123456789")
		}
		return readLines(text), true
	}
	list := m[1]
	if m[2] == "" {
		list = strings.TrimRight(list, "-0123456789")
	}
	return integers(list), m[3] != ""
}

func readLines(text string) (numbers []int) {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		for _, form := range []*regexp.Regexp{single, marked, row} {
			if m := form.FindStringSubmatch(line); m != nil {
				numbers = append(numbers, integers(m[1])...)
				break
			}
		}
	}
	return numbers
}

// integers are a text's numbers. One that is too large is that of no candidate, as 0 is.
func integers(text string) []int {
	var out []int
	for _, d := range digits.FindAllString(text, -1) {
		n, err := strconv.Atoi(d)
		if err != nil {
			n = 0
		}
		out = append(out, n)
	}
	return out
}
