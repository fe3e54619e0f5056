package simulate

import (
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"llm4rec/eval/dialogue"
	"llm4rec/llm/agent"
)

// Rules makes users who go by rules: what they say is determined by the task and by what the agent said.
//
// A user begins with what is volunteered. Asked for a field, by its name or the usual words for it, the user says what is
// wanted of it; asked whether a value is wanted, whether the wanted item has it, which is the truth also of what is no
// constraint; asked for anything else, the next thing that is said on ask; asked for the history, its newest items. What is
// hidden is not said before an item is rejected for it: until then the user could not say. A list without the wanted item is
// rejected, with one reason: the first constraint that one of its items breaks, one that had not been said if there is one.
// Whatever else an agent says, the user does not know.
type Rules struct{}

// User is made for a task. Repeats are alike.
func (Rules) User(t *Task, _, k int) User { return newRuled(t, k) }

type ruled struct {
	*Task
	k    int
	said []Clause
}

func newRuled(t *Task, k int) *ruled { return &ruled{Task: t, k: k} }

// Said is what has been revealed.
func (u *ruled) Said() []Clause { return u.said }

// know keeps what was revealed.
func (u *ruled) know(clauses []Clause) {
	for _, c := range clauses {
		if !slices.Contains(u.said, c) {
			u.said = append(u.said, c)
		}
	}
}

// Open says what is volunteered.
func (u *ruled) Open() string {
	parts := []part{{ways: []string{"Hello, I am looking for something.", "Hello, please recommend something.", "Hello.", "Good day."}}}
	for _, c := range u.Constraints {
		if c.Kind == dialogue.Volunteered {
			parts = append(parts, u.wish(c.Clause))
		}
	}
	text, revealed := say(u.leak, parts)
	u.know(revealed)
	return text
}

// Reply answers a turn.
func (u *ruled) Reply(ctx context.Context, turn agent.Turn) (string, bool, error) {
	if err := ctx.Err(); err != nil {
		return "", false, err
	}
	text, revealed, over := u.reply(turn)
	u.know(revealed)
	return text, over, nil
}

// reply is what to say to a turn, and what that reveals.
func (u *ruled) reply(turn agent.Turn) (text string, revealed []Clause, over bool) {
	shown := turn.Items[:min(len(turn.Items), u.k)]
	if slices.Contains(shown, u.Target) {
		text, _ = say(u.leak, []part{{ways: []string{"Yes, that is the one, thank you.", "Thank you.", "Great."}}})
		return text, nil, true
	}
	var parts []part
	if len(shown) > 0 {
		parts = append(parts, part{ways: []string{"No, none of these.", "None.", "No."}})
		parts = append(parts, u.reason(shown)...)
	}
	asked := u.catalogue.understand(turn)
	for _, q := range asked {
		parts = append(parts, u.answer(q))
	}
	if len(shown) == 0 && len(asked) == 0 {
		parts = append(parts, part{ways: []string{"I do not know.", "Who knows?", "No idea."}})
	}
	text, revealed = say(u.leak, parts)
	return text, revealed, false
}

// wish says what is wanted.
func (u *ruled) wish(c Clause) part {
	return part{ways: []string{"I want " + c.noun() + ".", capital(c.String()) + "."}, reveals: []Clause{c}}
}

// secret tells whether a clause is about what is hidden and was not said: of years the whole field, because every range of
// them says something of the decade.
func (u *ruled) secret(c Clause) bool {
	for _, own := range u.Constraints {
		if own.Kind == dialogue.Hidden && own.Field == c.Field && own.Value == c.Value && !slices.Contains(u.said, own.Clause) {
			return true
		}
	}
	return false
}

// answer answers a question.
func (u *ruled) answer(q question) part {
	switch q.act {
	case whether:
		return u.truth(q.clause)
	case about:
		return u.about(q.field)
	case taken:
		return u.history()
	default:
		for _, c := range u.Constraints {
			if c.Kind != dialogue.Hidden && !slices.Contains(u.said, c.Clause) {
				return u.wish(c.Clause)
			}
		}
		return part{ways: []string{"Nothing else.", "That is all.", "No."}}
	}
}

var cannotSay = part{ways: []string{"I could not say.", "Hard to tell.", "No idea."}}

// truth says whether a clause holds for the wanted item, naming it, so that it is true however the question was turned, and can
// be read without the question.
func (u *ruled) truth(c Clause) part {
	unknown := c.Field == u.catalogue.yearField && u.catalogue.years[u.Target] == 0
	if u.secret(c) || unknown {
		return cannotSay
	}
	if u.catalogue.Holds(c, u.Target) {
		return part{ways: []string{"Yes, " + c.String() + ".", capital(c.String()) + "."}, reveals: []Clause{c}}
	}
	return part{ways: []string{"Not " + c.String() + ".", "Never " + c.String() + "."}, reveals: []Clause{c.opposite()}}
}

// about says what is wanted of a field.
func (u *ruled) about(field string) part {
	var words []string
	var reveals []Clause
	kept := false
	for _, c := range u.Constraints {
		switch {
		case c.Field != field:
		case u.secret(c.Clause):
			kept = true
		default:
			words, reveals = append(words, c.String()), append(reveals, c.Clause)
		}
	}
	switch {
	case len(words) > 0:
		all := capital(strings.Join(words, " and "))
		return part{ways: []string{all + ", please.", all + "."}, reveals: reveals}
	case kept:
		return cannotSay
	default:
		return part{ways: []string{"I do not mind.", "Anything goes.", "Whatever."}}
	}
}

// newest are how many items of the history a user tells.
const newest = 3

// history says what the user had last. The agent knows it already.
func (u *ruled) history() part {
	var titles []string
	for _, i := range slices.Backward(u.Visitor.History) {
		if i < 0 || int(i) >= len(u.catalogue.Titles) || i == u.Target {
			continue
		}
		if name := "“" + u.catalogue.name(i) + "”"; !u.leak.In(name) && !slices.Contains(titles, name) {
			titles = append(titles, name)
		}
		if len(titles) == newest {
			break
		}
	}
	if len(titles) == 0 {
		return part{ways: []string{"Nothing that I could name.", "None.", "No."}}
	}
	all := strings.Join(titles, ", ")
	return part{ways: []string{"Lately " + all + ".", all + "."}}
}

func capital(words string) string {
	r, size := utf8.DecodeRuneInString(words)
	return string(unicode.ToUpper(r)) + words[size:]
}

// reason says why a list is not right, in a way that a reader who only sees values and negations cannot turn into its opposite.
func (u *ruled) reason(shown []int32) []part {
	if n, c, ok := u.broken(shown); ok {
		return []part{{ways: []string{
			"I want " + c.noun() + ", and " + the(n) + " is not.", "I want " + c.noun() + ".", capital(c.String()) + ".",
		}, reveals: []Clause{c}}}
	}
	for n, i := range shown {
		if slices.Contains(u.Visitor.History, i) {
			return []part{{ways: []string{capital(the(n)) + " I know already.", "One I know already."}}}
		}
	}
	return nil
}

// broken is the first constraint that is broken by an item of a list, and the item's place: one that was not said if there is
// one.
func (u *ruled) broken(shown []int32) (place int, c Clause, ok bool) {
	for _, unsaid := range []bool{true, false} {
		for n, i := range shown {
			if i < 0 || int(i) >= len(u.catalogue.Titles) {
				continue // there is nothing to say of it
			}
			for _, c := range u.Constraints {
				if !u.catalogue.Holds(c.Clause, i) && slices.Contains(u.said, c.Clause) != unsaid {
					return n, c.Clause, true
				}
			}
		}
	}
	return 0, Clause{}, false
}

var ordinals = strings.Fields("first second third fourth fifth sixth seventh eighth ninth tenth")

// the names an item by its place, in words: a number might be its id.
func the(place int) string {
	if place < len(ordinals) {
		return "the " + ordinals[place]
	}
	return "one of them"
}

var _ Simulator = Rules{}
