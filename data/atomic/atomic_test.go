package atomic

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"llm4rec/data"
	"llm4rec/data/datatest"
	"llm4rec/data/movielens"
)

// folder makes files of name, content pairs.
func folder(pairs ...string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for n := 0; n < len(pairs); n += 2 {
		fsys[pairs[n]] = &fstest.MapFile{Data: []byte(pairs[n+1])}
	}
	return fsys
}

func TestLoadAnyColumnOrder(t *testing.T) {
	d, err := Load(folder(
		"x.inter", "label:float\ttimestamp:float\titem_id:token\tuser_id:token\trating:float\r\n1\t20.5\ta\tu\t3.5\r\n\t10\tb\tu\t4",
		"x.item", "movie_title:token_seq\titem_id:token\tclass:token_seq\tvector:float_seq\nThe A\ta\tX Y\t1 2.5\nUnrated\tz\t\t\n",
		"x.user", "user_id:token\tage:float\nu\t33\n",
	))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := d.Inter, (data.Interactions{User: []int32{0, 0}, Item: []int32{1, 0}, Rating: []float32{4, 3.5}, Time: []int64{10, 20}}); !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
	want := data.Fields{
		{Name: "title", Kind: data.TokenSeq, Values: []string{"The A", ""}},
		{Name: "genres", Kind: data.TokenSeq, Values: []string{"X, Y", ""}},
		{Name: "vector", Kind: data.FloatSeq, Values: []string{"1 2.5", ""}},
	}
	if !cmp.Equal(d.ItemText, want) {
		t.Error(cmp.Diff(want, d.ItemText))
	}
	if d.UnratedItems != 1 || len(d.Notes) != 1 {
		t.Errorf("%d unrated items, notes %q, want one each", d.UnratedItems, d.Notes)
	}
}

func TestLoadWithoutTimes(t *testing.T) {
	d, err := Load(folder("x.inter", "user_id:token\titem_id:token\nu\tb\nv\tb\nu\ta\n"))
	if err != nil {
		t.Fatal(err)
	}
	if want := []int64{0, 1, 0}; !slices.Equal(d.Inter.Time, want) || d.Inter.Rating[2] != 1 {
		t.Errorf("times %v, want positions %v", d.Inter.Time, want)
	}
}

func TestLoadErrors(t *testing.T) {
	const head = "user_id:token\titem_id:token\trating:float\n"
	const seq = "user_id:token\titem_id_list:token_seq\titem_id:token\n"
	for _, c := range []struct {
		want  string
		files []string
	}{
		{"atomic: no .inter file", nil},
		{"atomic: several data sets in one folder: x, y", []string{"x.inter", head, "y.inter", head}},
		{"atomic: want x.inter, or x.train.inter, x.valid.inter and x.test.inter, got x.test.inter", []string{"x.test.inter", seq}},
		{"atomic: x.inter: the file is empty", []string{"x.inter", ""}},
		{"data: x: no interactions", []string{"x.inter", head}},
		{"atomic: x.inter:1: the header lacks item_id:token", []string{"x.inter", "user_id:token\n"}},
		{"atomic: x.inter:1: column rating appears twice in the header", []string{"x.inter", "user_id:token\trating:float\trating:float\n"}},
		{`atomic: x.inter:1: column rating has the unknown type "double", want token, token_seq, float or float_seq`, []string{"x.inter", "rating:double\n"}},
		{`atomic: x.inter:1: the header has "user_id", want name:type`, []string{"x.inter", "user_id\titem_id\n"}},
		{"atomic: x.inter:1: column user_id has the type float, want token", []string{"x.inter", "user_id:float\titem_id:token\n"}},
		{"atomic: x.inter:2: want 3 fields, got 2", []string{"x.inter", head + "u\ta"}},
		{"atomic: x.inter:2: item_id is empty", []string{"x.inter", head + "u\t\t3"}},
		{`atomic: x.inter:3: rating: "good" is not a finite number`, []string{"x.inter", head + "u\ta\t3\nu\tb\tgood\n"}},
		{`atomic: x.inter:2: rating: "NaN" is not a finite number`, []string{"x.inter", head + "u\ta\tNaN\n"}},
		{`atomic: x.inter:2: rating: "" is not a finite number`, []string{"x.inter", head + "u\ta\t\n"}},
		{`atomic: x.inter:2: user_id: "\xe9" is not valid UTF-8`, []string{"x.inter", head + "\xe9\ta\t1\n"}},
		{`atomic: x.item:3: id "a" appears twice`, []string{"x.inter", head + "u\ta\t1\n", "x.item", "item_id:token\na\na\n"}},
	} {
		if _, err := Load(folder(c.files...)); err == nil || err.Error() != c.want {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
}

func TestSameAsOriginal100K(t *testing.T) {
	d, err := Load(datatest.Open(t, "recbole/ml-100k"))
	if err != nil {
		t.Fatal(err)
	}
	o, err := movielens.Load100K(datatest.Open(t, "ml-100k"))
	if err != nil {
		t.Fatal(err)
	}
	if !cmp.Equal(d.Inter, o.Inter) {
		t.Error("the interactions differ from the original's")
	}
	n, _ := d.Items.Dense("1")
	for field, want := range map[string]string{"title": "Toy Story", "year": "1995", "genres": "Animation, Children's, Comedy"} {
		if got := d.ItemText.Values(field)[n]; got != want {
			t.Errorf("%s is %q, want %q", field, got, want)
		}
	}
	again := rewritten(t, o)
	if again.Checksum() != o.Checksum() {
		t.Error("the original, written and read again, is another data set")
	}
}

// rewritten writes a data set as atomic files and reads them.
func rewritten(t testing.TB, d *data.Dataset) *data.Dataset {
	t.Helper()
	var inter, item, user bytes.Buffer
	for _, err := range []error{WriteInter(&inter, d.Users, d.Items, d.Inter), WriteItems(&item, d), WriteUsers(&user, d)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	again, err := Load(folder("x.inter", inter.String(), "x.item", item.String(), "x.user", user.String()))
	if err != nil {
		t.Fatal(err)
	}
	return again
}

func FuzzLoad(f *testing.F) {
	f.Add("user_id:token\titem_id:token\trating:float\ttimestamp:float\nu\ta\t3\t9\nu\tb\t4\t8\n", "item_id:token\tclass:token_seq\na\tX Y\n")
	f.Add("item_id:token\tuser_id:token\tx:float_seq\n1\t2\t1 2 3\n", "item_id:token\ttitle:token_seq\tyear:float\n1\tA, b\t1999\n")
	f.Add("user_id:token\titem_id:token\ttimestamp:float\r\nu\ta\t1e9\r\n", "")
	f.Fuzz(func(t *testing.T, inter, item string) {
		d, err := Load(folder("x.inter", inter, "x.item", item))
		if err != nil {
			return
		}
		var buf bytes.Buffer
		if WriteInter(&buf, d.Users, d.Items, d.Inter) != nil {
			return // an id with a space
		}
		once := rewritten(t, d)
		if !cmp.Equal(once.Inter, d.Inter) {
			t.Error(cmp.Diff(d.Inter, once.Inter))
		}
		if twice := rewritten(t, once); twice.Checksum() != once.Checksum() {
			t.Errorf("%q changes each time it is written", strings.TrimSpace(item))
		}
	})
}
