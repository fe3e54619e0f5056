package atomic

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"llm4rec/data"
	"llm4rec/data/datatest"
)

const seqHead = "user_id:token\titem_id_list:token_seq\titem_id:token\n"

func TestLoadGiven(t *testing.T) {
	d, err := Load(folder(
		// u's rows are windows of three items, newest first; v has one training row; w and x have none.
		"s.train.inter", seqHead+"u\tc d\te\nu\tb c\td\nu\ta b\tc\nu\ta\tb\nv\ta\tc\n",
		"s.valid.inter", seqHead+"u\td e\tf\nv\ta c\td\nw\ta\tb\nx\ta b\tc\n",
		"s.test.inter", seqHead+"u\te f\ta\nv\ta c d\tb\nw\ta b\tf\n",
		"s.item2index", "alpha\ta\nbeta\tb\nother\tzz\n",
		"s.text", "item_id:token\ttext:token_seq\nalpha\tThe A\nbeta\tThe B\nother\tnever seen\n",
	))
	if err != nil {
		t.Fatal(err)
	}
	// Items a to f are 0 to 5.
	want := data.Interactions{
		User:   []int32{0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3, 3, 3},
		Item:   []int32{0, 1, 2, 3, 4, 5, 0, 0, 2, 3, 1, 0, 1, 5, 0, 1, 2},
		Time:   []int64{0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 0, 1, 2, 0, 1, 2},
		Rating: []float32{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
	}
	if !cmp.Equal(d.Inter, want) {
		t.Error(cmp.Diff(want, d.Inter))
	}
	T, f := true, false
	if want := []bool{T, T, T, T, T, f, f, T, T, f, f, T, f, f, f, f, f}; !cmp.Equal(d.Given.Train, want) {
		t.Errorf("training is %v, want %v", d.Given.Train, want)
	}
	valid := data.Part{
		Cases: []data.Case{
			{User: 0, History: []int32{0, 1, 2, 3, 4}, Times: []int64{0, 1, 2, 3, 4}, At: 5},
			{User: 1, History: []int32{0, 2}, Times: []int64{0, 1}, At: 2},
			{User: 2, History: []int32{0}, Times: []int64{0}, At: 1},
			{User: 3, History: []int32{0, 1}, Times: []int64{0, 1}, At: 2},
		},
		Relevant: [][]int32{{5}, {3}, {1}, {2}},
	}
	if !cmp.Equal(d.Given.Valid, valid) {
		t.Error(cmp.Diff(valid, d.Given.Valid))
	}
	if got, want := d.Given.Test.Relevant, [][]int32{{0}, {1}, {5}}; !cmp.Equal(got, want) {
		t.Errorf("test answers are %v, want %v", got, want)
	}
	if got := d.ItemText.Values("text"); got[0] != "The A" || got[1] != "The B" || got[2] != "" || d.UnratedItems != 1 {
		t.Errorf("item text is %q, %d unrated", got, d.UnratedItems)
	}
}

func TestLoadGivenErrors(t *testing.T) {
	for _, c := range []struct{ want, train, valid, test string }{
		{"atomic: s.train.inter:3: the items are no part of the user's longest row", "u\ta b\tc\nu\tz\tb\n", "u\ta b c\td\n", "u\ta b c d\te\n"},
		{"atomic: s.train.inter:3: the items do not continue the user's other rows", "u\ta b\tc\nu\tx y\tz\n", "u\ta b c\td\n", "u\ta b c d\te\n"},
		{"atomic: s.valid.inter:2: the items before are not the end of the user's earlier rows", "u\ta b\tc\n", "u\ta b\td\n", "u\ta b d\te\n"},
		// The test target leaked into training: the validation row cannot follow it.
		{"atomic: s.valid.inter:2: the items before are not the end of the user's earlier rows", "u\ta b c d\te\n", "u\ta b c\td\n", "u\ta b c d\te\n"},
		{"atomic: s.test.inter:3: the user has more than one row", "u\ta\tb\n", "u\ta b\tc\n", "u\ta b c\td\nu\ta b c\te\n"},
		{"atomic: s.test.inter:2: item_id_list is empty", "u\ta\tb\n", "u\ta b\tc\n", "u\t \td\n"},
	} {
		_, err := Load(folder("s.train.inter", seqHead+c.train, "s.valid.inter", seqHead+c.valid, "s.test.inter", seqHead+c.test))
		if err == nil || err.Error() != c.want {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
}

func TestScientific(t *testing.T) {
	d, err := Load(datatest.Open(t, "amazon18-scientific"))
	if err != nil {
		t.Fatal(err)
	}
	// Counting test rows gives 59,384; three users have 80, 60 and 56 items, of which those windows of fifty and an answer
	// show 51 each.
	if u, i, n := d.Users.Len(), d.Items.Len(), d.Inter.Len(); u != 8442 || i != 4385 || n != 59384+43 {
		t.Errorf("%d users, %d items, %d interactions", u, i, n)
	}
	if valid, test := len(d.Given.Valid.Cases), len(d.Given.Test.Cases); valid != 8442 || test != 8442 {
		t.Errorf("%d validation and %d test cases, want 8442 each", valid, test)
	}
	for n, text := range d.ItemText.Values("text") {
		if text == "" {
			t.Fatalf("item %s has no text", d.Items.Raw(int32(n)))
		}
	}
	checkGiven(t, d)
}

// checkGiven checks that no answer is a training interaction, and that a history is all that came before.
func checkGiven(t testing.TB, d *data.Dataset) {
	t.Helper()
	type event struct {
		user int32
		time int64
	}
	at := map[event]int{}
	for n, u := range d.Inter.User {
		at[event{u, d.Inter.Time[n]}] = n
	}
	for _, p := range []data.Part{d.Given.Valid, d.Given.Test} {
		for n, c := range p.Cases {
			answer, ok := at[event{c.User, c.At}]
			if !ok || d.Given.Train[answer] || d.Inter.Item[answer] != p.Relevant[n][0] {
				t.Fatalf("user %s: the answer at %d is a training interaction or none", d.Users.Raw(c.User), c.At)
			}
			for k, item := range c.History {
				if h := at[event{c.User, c.Times[k]}]; d.Inter.Item[h] != item || c.Times[k] >= c.At {
					t.Fatalf("user %s: the history is not what came before", d.Users.Raw(c.User))
				}
			}
		}
	}
}

func TestWriteCases(t *testing.T) {
	d, err := Load(folder("s.train.inter", seqHead+"u\ta\tb\n", "s.valid.inter", seqHead+"u\ta b\tc\n", "s.test.inter", seqHead+"u\ta b c\td\n"))
	if err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	if err := WriteCases(&buf, d.Users, d.Items, d.Given.Test); err != nil {
		t.Fatal(err)
	}
	if want := seqHead + "u\ta b c\td\n"; buf.String() != want {
		t.Errorf("got %q, want %q", buf.String(), want)
	}
}

func FuzzLoadGiven(f *testing.F) {
	f.Add("u\tc d\te\nu\tb c\td\nu\ta\tb\n", "u\td e\tf\n", "u\te f\ta\n", "alpha\ta\n")
	f.Add("u\ta\ta\nu\ta a\ta\nu\ta a\ta\n", "u\ta a\ta\nw\ta\tb\n", "w\ta b\tc\r\n", "")
	f.Fuzz(func(t *testing.T, train, valid, test, index string) {
		fsys := folder("s.train.inter", seqHead+train, "s.valid.inter", seqHead+valid, "s.test.inter", seqHead+test)
		if index != "" {
			fsys["s.item2index"] = folder("", index)[""]
		}
		d, err := Load(fsys)
		if err != nil {
			return
		}
		checkGiven(t, d)
	})
}
