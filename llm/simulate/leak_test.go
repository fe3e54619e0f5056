package simulate

import (
	"strings"
	"testing"
	"unicode"
)

func TestLeak(t *testing.T) {
	for _, c := range []struct {
		title, id, text string
		want            bool
	}{
		{"GoldenEye", "2", "I want GoldenEye.", true},
		{"GoldenEye", "2", "I want GOLDEN-EYE!", true},
		{"GoldenEye", "2", "g o l d e n  e y e", true},
		{"GoldenEye", "2", "ＧｏｌｄｅｎＥｙｅ", true}, // wide letters
		{"GoldenEye", "2", "Golden\u200bEye", true},
		{"GoldenEye", "2", "a golden age", false},
		{"GoldenEye", "2", "the eye is golden", false},
		{"Heat", "187", "Heat's cast", true},
		{"Heat", "187", "heating, cheat", false},
		{"Heat", "187", "number 187", true},
		{"Heat", "187", "#187!", true},
		{"Heat", "187", "1874 or 87", false},
		{"Matrix, The", "5", "a matrix", true},
		{"Matrix, The", "5", "The Matrix", true},
		{"The Matrix (1999)", "5", "matrix", true},
		{"The Matrix (1999)", "5", "of 1999", false},
		{"Misérables, Les", "5", "Miserables", true},
		{"Cité des enfants perdus, La (City of Lost Children, The) (1995)", "5", "that city of lost children", true},
		{"Cité des enfants perdus, La (City of Lost Children, The) (1995)", "5", "cite des enfants perdus", true},
		{"Star Trek: First Contact", "5", "star trek", true},
		{"Star Trek: First Contact", "5", "the first contact", true},
		{"Crow: The Movie", "5", "a movie", false}, // says nothing
		{"Schindler's List", "5", "Schindlers list", true},
		{"M", "5", "I'm looking", false},
		{"M", "5", "M, it is", true},
		{"M*A*S*H", "5", "mash", true},
		{"1984", "5", "from 1984", true},
		{"1984", "5", "the 1980s", false},
		{"Face/Off", "1990", "from 1990 or later", true},
		{"Face/Off", "1990", "from the 1990s", false},
		{"…", "5", "well …", true},
		{"…", "5", "well", false},
		{"", "B00-7", "it is b00 7", true},
		{"", "", "anything", false},
		{"A", "", "a film", true},
		{"Western", "4", "Western, please.", true},
	} {
		if got := NewLeak(c.title, c.id).In(c.text); got != c.want {
			t.Errorf("%q (%s) in %q: %v", c.title, c.id, c.text, got)
		}
	}
}

// named is a detector of titles that is obviously right, if not as sharp: the words, in a row.
func named(title, id, text string) bool {
	plain := func(s string) string {
		return " " + strings.Join(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), " ") + " "
	}
	for _, form := range []string{title, strings.TrimSuffix(title, ", The"), strings.TrimPrefix(title, "The "), strings.TrimSuffix(title, ", A"), id} {
		if p := plain(form); strings.TrimSpace(p) != "" && strings.Contains(plain(text), p) {
			return true
		}
	}
	return false
}

func FuzzLeak(f *testing.F) {
	f.Add("Heat", "I want heat", "7")
	f.Add("M", "I'm", "")
	f.Fuzz(func(t *testing.T, title, text, id string) {
		l := NewLeak(title, id)
		if len(tokens(title)) > 0 && !l.In(title) || len(tokens(id)) > 0 && !l.In("it is "+id+".") {
			t.Fatalf("%q, %q is not in itself", title, id)
		}
		l.In(text)
		if said, _ := say(l, []part{{ways: []string{text, title, id}}}); l.In(said) {
			t.Fatalf("%q says %q", title, said)
		}
	})
}
