package llmrank

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"llm4rec/data"
	"llm4rec/data/datatest"
)

const (
	userHead = "sasrec_user\tmovielens_user\n"
	itemHead = "sasrec_item\tmovielens_movie\n"
	textHead = "item_id:token\tmovie_title:token_seq\trelease_year:token\tgenre:token_seq\n"
)

var small = map[string]string{
	Sequences: "1 1\n1 2\n1 3\n2 3\n2 1\n",
	UserMap:   userHead + "1\t50\n2\t6\n3\t7\n",
	ItemMap:   itemHead + "1\t1198\n2\t3\n3\t20\n",
	Items:     textHead + "3\tThe A\t1995\tX Children's\n20\tThe B\t1996\tY\n100\tNever taken\t1999\tX\n1198\tThe C\t1980\tZ\n",
}

func folder(files map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, content := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return fsys
}

func TestLoad(t *testing.T) {
	d, err := Load(folder(small))
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for n, u := range d.Inter.User {
		got.WriteString(d.Users.Raw(u) + ":" + d.Items.Raw(d.Inter.Item[n]) + " ")
	}
	if want := "6:20 6:1198 50:1198 50:3 50:20 "; got.String() != want {
		t.Errorf("got %s, want %s", &got, want)
	}
	if want := []int64{0, 1, 0, 1, 2}; !slices.Equal(d.Inter.Time, want) {
		t.Errorf("times %v, want %v", d.Inter.Time, want)
	}
	if want := []string{"The A", "The B", "Never taken", "The C"}; !slices.Equal(d.ItemText.Values("title"), want) || d.UnratedItems != 0 {
		t.Errorf("titles %q, %d unrated", d.ItemText.Values("title"), d.UnratedItems)
	}
	if got := d.ItemText.Values("year")[0] + " " + d.ItemText.Values("genres")[0]; got != "1995 X, Children's" {
		t.Errorf("year and genres %q", got)
	}
	if len(d.Notes) != 2 || !strings.HasPrefix(d.Notes[1], "1 of 4 items") {
		t.Errorf("notes %q", d.Notes)
	}
}

func TestLoadErrors(t *testing.T) {
	for _, c := range []struct{ file, content, want string }{
		{Sequences, "", "llmrank: sequences/ml-1m.txt: the file is empty"},
		{Sequences, "1 1\n1\n", "llmrank: sequences/ml-1m.txt:2: want a user and an item, got 1 words"},
		{Sequences, "1 1\n9 1\n", `llmrank: sequences/ml-1m.txt:2: user "9" is not in sequences/ml-1m.user_map.tsv`},
		{Sequences, "1 9\n", `llmrank: sequences/ml-1m.txt:1: item "9" is not in sequences/ml-1m.item_map.tsv`},
		{UserMap, itemHead, `llmrank: sequences/ml-1m.user_map.tsv:1: want the header "sasrec_user\tmovielens_user", got "sasrec_item\tmovielens_movie"`},
		{UserMap, userHead + "1\n", "llmrank: sequences/ml-1m.user_map.tsv:2: want 2 fields, got 1"},
		{ItemMap, itemHead + "1\tx\n", `llmrank: sequences/ml-1m.item_map.tsv:2: the id "x" is not a whole number`},
		{ItemMap, itemHead + "1\t3\n1\t4\n", `llmrank: sequences/ml-1m.item_map.tsv:3: "1" or "4" appears twice`},
		{ItemMap, itemHead + "1\t3\n2\t3\n", `llmrank: sequences/ml-1m.item_map.tsv:3: "2" or "3" appears twice`},
		{Items, textHead + "3\tThe A\n", "atomic: llmrank/ml-1m/ml-1m.item:2: want 4 fields, got 2"},
		{Items, textHead + "3\tA\t1\tX\n3\tA\t1\tX\n", `atomic: llmrank/ml-1m/ml-1m.item:3: id "3" appears twice`},
		{Items, "-", "atomic: open llmrank/ml-1m/ml-1m.item: file does not exist"},
	} {
		files := maps.Clone(small)
		if files[c.file] = c.content; c.content == "-" {
			delete(files, c.file)
		}
		if _, err := Load(folder(files)); err == nil || err.Error() != c.want {
			t.Errorf("%s %q:\ngot  %v\nwant %s", c.file, c.content, err, c.want)
		}
	}
}

func TestRealFiles(t *testing.T) {
	datatest.Open(t, "llmrank/ml-1m")
	datatest.Open(t, "sequences")
	d, err := Load(datatest.Open(t, "."))
	if err != nil {
		t.Fatal(err)
	}
	if u, i, n := d.Users.Len(), d.Items.Len(), d.Inter.Len(); u != 6040 || i != 3883 || n != 999611 {
		t.Errorf("%d users, %d items, %d interactions", u, i, n)
	}
	for field, want := range map[string]string{"title": "Toy Story", "year": "1995", "genres": "Animation, Children's, Comedy"} {
		if got := d.ItemText.Values(field)[0]; got != want {
			t.Errorf("%s is %q, want %q", field, got, want)
		}
	}
	if n := data.Describe(d).IdleItems; n != 467 {
		t.Errorf("%d items without interactions, want 467", n)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(small[Sequences], small[UserMap], small[ItemMap], small[Items])
	f.Add("1\t1\r\n", userHead+"1\t-1\r\n", itemHead+"1\t01\n", "item_id:token\n5\n")
	f.Fuzz(func(t *testing.T, sequences, users, items, text string) {
		d, err := Load(folder(map[string]string{Sequences: sequences, UserMap: users, ItemMap: items, Items: text}))
		if err != nil {
			return
		}
		// Ids that stand for themselves: the same data set comes back.
		var pairs strings.Builder
		for n, u := range d.Inter.User {
			pairs.WriteString(d.Users.Raw(u) + " " + d.Items.Raw(d.Inter.Item[n]) + "\n")
		}
		identity := func(head string, x *data.Index, used map[int32]bool) string {
			b := strings.Builder{}
			b.WriteString(head)
			for id := range used {
				b.WriteString(x.Raw(id) + "\t" + x.Raw(id) + "\n")
			}
			return b.String()
		}
		u, i := map[int32]bool{}, map[int32]bool{}
		for n := range d.Inter.User {
			u[d.Inter.User[n]], i[d.Inter.Item[n]] = true, true
		}
		again, err := Load(folder(map[string]string{Sequences: pairs.String(), UserMap: identity(userHead, d.Users, u), ItemMap: identity(itemHead, d.Items, i), Items: text}))
		if err != nil {
			t.Fatal(err)
		}
		if again.Checksum() != d.Checksum() {
			t.Errorf("%q became another data set", pairs.String())
		}
	})
}
