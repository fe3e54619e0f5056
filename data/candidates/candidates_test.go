package candidates

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"llm4rec/data"
)

var (
	users = data.NewIndex([]string{"1", "2", "ann"})
	items = data.NewIndex([]string{"10", "20", "30"})
)

func load(content string) (map[int32][]int32, error) {
	return Load(fstest.MapFS{"f.random": {Data: []byte(content)}}, "f.random", users, items)
}

func TestLoad(t *testing.T) {
	got, err := load("ann\t30 10\r\n1\t20 10 20 30 10")
	if err != nil {
		t.Fatal(err)
	}
	if want := map[int32][]int32{2: {2, 0}, 0: {1, 0, 2}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestLoadErrors(t *testing.T) {
	for content, want := range map[string]string{
		"":                   "candidates: f.random: the file is empty",
		"1 20 30\n":          "candidates: f.random:1: want a user, a tab and the items, got 1 fields",
		"1\t20\t30\n":        "candidates: f.random:1: want a user, a tab and the items, got 3 fields",
		"1\t20\n\n2\t20\n":   "candidates: f.random:2: want a user, a tab and the items, got 1 fields",
		"1\t20\n2\t \n":      `candidates: f.random:2: user "2" has no items`,
		"1\t20\n3\t20\n":     `candidates: f.random:2: user "3" is not in the data set`,
		"\t20\n":             `candidates: f.random:1: user "" is not in the data set`,
		"1\t20\n2\t20 99\n":  `candidates: f.random:2: item "99" is not in the catalogue`,
		"1\t20\n2\t10\n1\t3": `candidates: f.random:3: user "1" has a line already, 1`,
		"1\t20\x00\n":        "candidates: f.random:1: a zero byte in column 5: not a text file",
	} {
		if _, err := load(content); err == nil || err.Error() != want {
			t.Errorf("%q:\ngot  %v\nwant %s", content, err, want)
		}
	}
	if _, err := Load(fstest.MapFS{}, "f.random", users, items); err == nil || !strings.Contains(err.Error(), "f.random") {
		t.Errorf("missing file: got %v", err)
	}
}

func FuzzLoad(f *testing.F) {
	for _, s := range []string{"1\t10 20\n2\t30\n", "ann\t30  10 \r\n", "\ufeff1\t20", "1\t\t2", "1 2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, content string) {
		got, err := load(content)
		if err != nil {
			return
		}
		// Written in one form, the same candidates come back, each item once.
		var b strings.Builder
		for _, user := range slices.Sorted(maps.Keys(got)) {
			var words []string
			for n, i := range got[user] {
				if slices.Index(got[user], i) != n {
					t.Fatalf("user %d has item %d twice", user, i)
				}
				words = append(words, items.Raw(i))
			}
			fmt.Fprintf(&b, "%s\t%s\n", users.Raw(user), strings.Join(words, " "))
		}
		again, err := load(b.String())
		if err != nil || !reflect.DeepEqual(again, got) {
			t.Errorf("%q became %v, %v", content, again, err)
		}
	})
}
