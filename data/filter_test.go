package data

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// drawDataset makes a small data set with repeated pairs, ties in time, text, and sometimes ids that are not numbers.
func drawDataset(t *rapid.T) *Dataset {
	users := rapid.IntRange(1, 12).Draw(t, "users")
	items := rapid.IntRange(1, 15).Draw(t, "items")
	n := rapid.IntRange(1, 120).Draw(t, "interactions")
	odd := rapid.Bool().Draw(t, "odd ids")
	id := func(v int) string {
		if odd && v == 3 {
			return "x3"
		}
		return fmt.Sprint(v)
	}
	b := NewBuilder(n)
	for range n {
		u := rapid.IntRange(1, users).Draw(t, "u")
		i := rapid.IntRange(1, items).Draw(t, "i")
		b.Add([]byte(id(u)), []byte(id(i)), float32(rapid.IntRange(1, 5).Draw(t, "r")), rapid.Int64Range(0, 30).Draw(t, "t"))
	}
	b.SetItemFields(Field{Name: "title", Kind: TokenSeq})
	for i := 1; i <= items; i++ {
		if err := b.AddItem(id(i), "title of "+id(i)); err != nil {
			t.Fatal(err)
		}
	}
	b.SetUserFields(Field{Name: "name", Kind: Token})
	for u := 1; u <= users; u++ {
		if err := b.AddUser(id(u), "name of "+id(u)); err != nil {
			t.Fatal(err)
		}
	}
	d, err := b.Build("drawn")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func drawFilters(t *rapid.T) Filters {
	return Filters{
		MinRating:  float32(rapid.IntRange(0, 4).Draw(t, "min rating")),
		Duplicates: rapid.SampledFrom([]Duplicates{"", KeepAll, KeepFirst, KeepLast}).Draw(t, "duplicates"),
		Core:       Core{rapid.IntRange(0, 4).Draw(t, "core user"), rapid.IntRange(0, 4).Draw(t, "core item")},
	}
}

// row is an interaction by raw id, comparable across data sets.
type row struct {
	user, item string
	rating     float32
	time       int64
}

func rows(d *Dataset, user int32) []row {
	var out []row
	for n, u := range d.Inter.User {
		if u == user {
			out = append(out, row{d.Users.Raw(u), d.Items.Raw(d.Inter.Item[n]), d.Inter.Rating[n], d.Inter.Time[n]})
		}
	}
	return out
}

func TestFilterProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawDataset(t)
		f := drawFilters(t)
		before := d.Checksum()
		got, removed, err := f.Apply(d)
		if d.Checksum() != before {
			t.Fatal("the filters changed their input")
		}
		if err != nil {
			if !strings.Contains(err.Error(), "nothing is left") {
				t.Fatal(err)
			}
			return
		}

		// What was promised holds.
		userCount, itemCount := make([]int, got.Users.Len()), make([]int, got.Items.Len())
		pairs := map[[2]int32]int{}
		for n, u := range got.Inter.User {
			i := got.Inter.Item[n]
			userCount[u]++
			itemCount[i]++
			pairs[[2]int32{u, i}]++
			if got.Inter.Rating[n] < f.MinRating {
				t.Fatalf("rating %v is left", got.Inter.Rating[n])
			}
		}
		for _, c := range userCount {
			if c < max(1, f.Core.User) {
				t.Fatalf("a user with %d interactions is left", c)
			}
		}
		for _, c := range itemCount {
			if c < max(1, f.Core.Item) {
				t.Fatalf("an item with %d interactions is left", c)
			}
		}
		for p, c := range pairs {
			if c > 1 && (f.Duplicates == KeepFirst || f.Duplicates == KeepLast) {
				t.Fatalf("pair %v is left %d times", p, c)
			}
		}

		// Indexes ascend as a loader's would, the text went along, and every user's order is the old one.
		for _, x := range []*Index{got.Users, got.Items} {
			sorted := append([]string(nil), x.raw...)
			sortIDs(sorted)
			if !reflect.DeepEqual(sorted, x.raw) {
				t.Fatalf("ids are not ascending: %q", x.raw)
			}
		}
		for i, title := range got.ItemText.Values("title") {
			if title != "title of "+got.Items.Raw(int32(i)) {
				t.Fatalf("item %q has %q", got.Items.Raw(int32(i)), title)
			}
		}
		for u, name := range got.UserText.Values("name") {
			if name != "name of "+got.Users.Raw(int32(u)) {
				t.Fatalf("user %q has %q", got.Users.Raw(int32(u)), name)
			}
			old, _ := d.Users.Dense(got.Users.Raw(int32(u)))
			if !subsequence(rows(got, int32(u)), rows(d, old)) {
				t.Fatalf("the order of user %q changed", got.Users.Raw(int32(u)))
			}
		}

		// The counts add up, and filtering again takes nothing.
		lost := 0
		for _, r := range removed {
			lost += r.Interactions
		}
		if d.Inter.Len()-lost != got.Inter.Len() {
			t.Fatalf("%d interactions less %d are not %d", d.Inter.Len(), lost, got.Inter.Len())
		}
		again, _, err := f.Apply(got)
		if err != nil || again.Checksum() != got.Checksum() {
			t.Fatalf("filtering again changed the data (%v)", err)
		}
	})
}

func subsequence(part, whole []row) bool {
	for _, r := range whole {
		if len(part) > 0 && part[0] == r {
			part = part[1:]
		}
	}
	return len(part) == 0
}

// The core is the largest part in which the minimum holds: no part that holds it has a row outside.
func TestCoreIsTheLargest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawDataset(t)
		c := Core{rapid.IntRange(2, 3).Draw(t, "user"), rapid.IntRange(2, 3).Draw(t, "item")}
		s := newSelection(d)
		s.core(c)
		// Removal one row at a time, in an order of its own, must end at the same rows.
		slow := newSelection(d)
		for {
			var bad []int
			for n, keep := range slow.keep {
				if keep && (slow.users[d.Inter.User[n]] < c.User || slow.items[d.Inter.Item[n]] < c.Item) {
					bad = append(bad, n)
				}
			}
			if len(bad) == 0 {
				break
			}
			slow.drop(rapid.SampledFrom(bad).Draw(t, "drop"))
		}
		if !reflect.DeepEqual(s.keep, slow.keep) {
			t.Fatal("the core depends on the order of removal")
		}
	})
}

func build(t *testing.T, rows ...row) *Dataset {
	t.Helper()
	b := NewBuilder(len(rows))
	for _, r := range rows {
		b.Add([]byte(r.user), []byte(r.item), r.rating, r.time)
	}
	d, err := b.Build("small")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDuplicatesKeepTheRightOne(t *testing.T) {
	d := build(t, row{"1", "7", 3, 10}, row{"1", "8", 4, 11}, row{"1", "7", 5, 12}, row{"2", "7", 1, 5}, row{"2", "7", 2, 5})
	for rule, want := range map[Duplicates][]float32{KeepFirst: {3, 4, 1}, KeepLast: {4, 5, 2}} {
		got, removed, err := Filters{Duplicates: rule}.Apply(d)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got.Inter.Rating, want) {
			t.Errorf("%s left ratings %v, want %v", rule, got.Inter.Rating, want)
		}
		if want := []Removed{{"duplicates: " + string(rule), 2, 0, 0}}; !reflect.DeepEqual(removed, want) {
			t.Errorf("%s: removed %v, want %v", rule, removed, want)
		}
		if len(got.Notes) != 1 {
			t.Errorf("%s: notes %q", rule, got.Notes)
		}
	}
}

// Without "x" every item is a number, and 9 comes before 10.
func TestFilterSortsIDsAnew(t *testing.T) {
	d := build(t, row{"x", "10", 1, 1}, row{"10", "10", 5, 1}, row{"9", "9", 5, 1})
	got, _, err := Filters{MinRating: 5}.Apply(d)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got.Users.raw, []string{"9", "10"}) || !reflect.DeepEqual(got.Items.raw, []string{"9", "10"}) {
		t.Fatalf("users %q, items %q", got.Users.raw, got.Items.raw)
	}
	if !reflect.DeepEqual(got.Inter.User, []int32{0, 1}) || !reflect.DeepEqual(got.Inter.Item, []int32{0, 1}) {
		t.Fatalf("interactions %v", got.Inter)
	}
}

func TestFilterErrors(t *testing.T) {
	d := build(t, row{"1", "1", 3, 1}, row{"2", "2", 3, 1})
	given := *d
	given.Given = &Given{}
	nan := float32(0)
	nan /= nan
	for _, c := range []struct {
		d    *Dataset
		f    Filters
		want string
	}{
		{d, Filters{MinRating: 4}, "filters: small: nothing is left after rating ≥ 4 (2 interactions before it)"},
		{d, Filters{Core: Core{User: 2}}, "nothing is left after core: user 2, item 0"},
		{d, Filters{Core: Core{User: -1}}, "core is user -1, item 0"},
		{d, Filters{Duplicates: "all"}, `duplicates is "all", want keep, first or last`},
		{d, Filters{MinRating: nan}, "min_rating is NaN"},
		{&given, Filters{MinRating: 1}, "small brings its own split"},
	} {
		if _, _, err := c.f.Apply(c.d); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want %q", c.f, err, c.want)
		}
	}
	for _, f := range []Filters{{}, {Duplicates: KeepAll}, {Core: Core{1, 1}}} {
		if got, removed, err := f.Apply(&given); got != &given || removed != nil || err != nil {
			t.Errorf("%+v asks for nothing, but gives %v, %v, %v", f, got, removed, err)
		}
	}
}
