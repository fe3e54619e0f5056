package reasons

import (
	"math"
	"slices"
	"testing"
)

// small is four films: their titles, genres and directors.
func small() *Catalogue {
	return NewCatalogue(
		[]string{"Alien", "Matrix, The", "War and Peace", "Postino, Il (The Postman)", "Alien"},
		map[string][][]string{
			"genres":   {{"Horror", "Sci-Fi"}, {"Action & Adventure", "Sci-Fi"}, {"War", "Drama"}, {}, {"Comedy"}},
			"director": {{"Ridley Scott"}, {"Wachowski"}, {}, {"Radford"}, {}},
		})
}

func TestMeasure(t *testing.T) {
	c := small()
	// Features: horror, sci fi, action adventure, war, drama, comedy; ridley scott, wachowski, radford: 9.
	got := Measure(c, []Reason{
		{ // both citations right, one of them named by two claims; Sci-Fi right, Horror is not The Matrix's
			Item: 1, History: []int32{0, 2}, Sentence: "Like “Alien”, “The Matrix” is sci-fi.",
			Claims: []Claim{{History, 0, "", ""}, {History, 2, "", ""}, {Field, 0, "genres", "scifi"}, {Field, NoItem, "genres", "Horror"}},
		},
		{ // item 3 is not in the history, and a line that does not exist is cited twice
			Item: 0, History: []int32{1}, Sentence: "LIKE “Matrix” it's Sci Fi horror by Ridley Scott; see “Heat” and “War and Peace”",
			Claims: []Claim{{History, 3, "", ""}, {History, Unknown, "", ""}, {Field, Unknown, "genres", "Horror"}, {Field, NoItem, "director", "Scott"}},
		},
		{Item: 2}, // no sentence
		{Item: 2, Sentence: "A war drama.", Claims: []Claim{{Field, NoItem, "genres", "war"}}},
		{Item: 2, Sentence: "a War, Drama!"},
	})
	want := Summary{
		Asked: 5, Reasons: 4,
		Grounded:  1. / 4,
		Citations: 2 + 3, InHistory: 2. / 5,
		FieldClaims: 5, Exact: 1. / 5, Fuzzy: 3. / 5, // war; and scifi, Scott
		Mentions: 2 + 3, Invented: 1. / 5, Elsewhere: 1. / 5, // Heat; War and Peace
		Features: 9, FCR: 5. / 9, // sci fi, horror, ridley scott, war, drama
		DIV: (1. + 2) / 6, // sci fi in two of the six pairs' first; war and drama in that of the last two
		USR: 3. / 4, Words: (7. + 16 + 3 + 3) / 4,
	}
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got := Measure(c, nil); got != (Summary{Features: 9}) {
		t.Errorf("of nothing: %+v", got)
	}
	if got := Measure(c, []Reason{{Sentence: "War."}}); got.DIV != 0 || got.USR != 1 {
		t.Errorf("of one: %+v", got)
	}
}

func TestSupports(t *testing.T) {
	c := small()
	r := Reason{Item: 1, History: []int32{0}}
	for _, x := range []struct {
		claim        Claim
		exact, fuzzy bool
	}{
		{Claim{Field, NoItem, "genres", "SCI fi"}, true, true},
		{Claim{Field, 0, "genres", "Sci-Fi"}, true, true},
		{Claim{Field, NoItem, "genres", "Scifi"}, false, true},
		{Claim{Field, NoItem, "genres", "Adventure"}, false, true},
		{Claim{Field, NoItem, "director", "Wachowsky"}, false, true},  // one letter of nine
		{Claim{Field, NoItem, "director", "Wachauski"}, false, false}, // two of nine
		{Claim{Field, 0, "genres", "Adventure"}, false, false},        // the cited item has it not
		{Claim{Field, 2, "genres", "Sci-Fi"}, false, false},           // not in the history
		{Claim{Field, Unknown, "genres", "Sci-Fi"}, false, false},
		{Claim{Field, NoItem, "genres", "Horror"}, false, false}, // the other item's
		{Claim{Field, NoItem, "year", "1999"}, false, false},
		{Claim{Field, NoItem, "genres", " - "}, false, false},
	} {
		if e, f := c.Supports(r, x.claim); e != x.exact || f != x.fuzzy {
			t.Errorf("%+v: %v, %v", x.claim, e, f)
		}
	}
}

func TestMentions(t *testing.T) {
	c := small()
	for sentence, want := range map[string][]Mention{
		"“Alien” (1979) and “the matrix”":             {{"Alien", []int32{0, 4}}}, // begins with no capital: no title
		`You liked "Il Postino" and *The Postino*.`:   {{"Il Postino", []int32{3}}, {"The Postino", []int32{3}}},
		"the Postman's «Il Postino (The Postman)»":    {{"Il Postino (The Postman)", []int32{3}}},
		"You saw The Matrix (1999), then Heat (1995)": {{"The Matrix", []int32{1}}, {"then Heat", nil}},
		"You saw War and Peace (1956)":                {{"War and Peace", []int32{2}}},
		`"Blade Runner (1982)" it is`:                 {{"Blade Runner (1982)", nil}},
		"it is “feel-good” in 5 ways":                 nil,
		"no title":                                    nil,
		"":                                            nil,
	} {
		got := c.Mentions(sentence)
		if !slices.EqualFunc(got, want, func(a, b Mention) bool { return a.Text == b.Text && slices.Equal(a.Items, b.Items) }) {
			t.Errorf("%s: %+v, want %+v", sentence, got, want)
		}
	}
}

// A feature within a title is none; of overlapping ones the longer counts.
func TestFeatures(t *testing.T) {
	c := NewCatalogue([]string{"X"}, map[string][][]string{"g": {{"Science", "Science Fiction", "War"}}})
	for sentence, want := range map[string]int{
		"science fiction": 1, "Science, fiction": 1, "science and Science Fiction": 2, "“War and Peace”": 0, "warfare": 0, "War “X” war": 1, "science “X” fiction": 1,
	} {
		if got := c.mentionedFeatures(sentence); len(got) != want {
			t.Errorf("%s: %v, want %d", sentence, got, want)
		}
	}
}

func TestCited(t *testing.T) {
	r := Reason{History: []int32{5, 7}, Claims: []Claim{{Kind: Field, Item: 7}, {Kind: History, Item: 9}, {Kind: History, Item: 7}, {Kind: Field, Item: NoItem}, {Kind: History, Item: Unknown}, {Kind: History, Item: 5}}}
	if got := r.Cited(); !slices.Equal(got, []int32{7, 5}) {
		t.Errorf("%v", got)
	}
}

func TestBLEU(t *testing.T) {
	near := func(name string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-12 {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	// Papineni et al., example 2: clipped unigram precision 2/7, as long as the reference's six words: no penalty.
	the := []Pair{{"the the the the the the the", "The cat is on the mat."}}
	near("clipped", BLEU(the, 1), 2./7)
	near("no bigram", BLEU(the, 2), 0)
	// Unigrams 3/3, bigrams 1/2, two words too short of five: √(1/2) · exp(1 − 5/3).
	near("short", BLEU([]Pair{{"the cat mat", "the cat on the mat"}}, 2), math.Sqrt(.5)*math.Exp(1-5./3))
	// All sentences together: (3 + 1)/(3 + 2) of the words, six words against five.
	near("corpus", BLEU([]Pair{{"a b c", "a b c d"}, {"x y", "x z"}}, 1), 4./5*math.Exp(1-6./5))
	near("same", BLEU([]Pair{{"a b c d", "A b, c d"}}, 4), 1)
	near("empty", BLEU([]Pair{{"", "a"}}, 1), 0)
	near("nothing", BLEU(nil, 1), 0)
}

func TestROUGE(t *testing.T) {
	near := func(name string, got, want Rouge) {
		t.Helper()
		if math.Abs(got.Precision-want.Precision)+math.Abs(got.Recall-want.Recall)+math.Abs(got.F1-want.F1) > 1e-12 {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
	// Lin 2004, section 3.1: police killed the gunman; S2 and S3 have a common subsequence of 3 and of 2 words of 4.
	s2, s3 := []Pair{{"police kill the gunman", "police killed the gunman"}}, []Pair{{"the gunman kill police", "police killed the gunman"}}
	near("L, S2", ROUGEL(s2), Rouge{.75, .75, .75})
	near("L, S3", ROUGEL(s3), Rouge{.5, .5, .5})
	near("2, S2", ROUGE(s2, 2), Rouge{1. / 3, 1. / 3, 1. / 3})
	near("2, S3", ROUGE(s3, 2), Rouge{1. / 3, 1. / 3, 1. / 3})
	near("1, clipped", ROUGE([]Pair{{"a a b", "a c"}}, 1), Rouge{1. / 3, 1. / 2, .4})
	near("mean", ROUGE([]Pair{{"a", "a"}, {"", "b"}}, 1), Rouge{.5, .5, .5})
	near("nothing", ROUGE(nil, 1), Rouge{})
}
