package data

import (
	"bytes"
	"io/fs"
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"llm4rec/data/datatest"
)

// ml100k reads u.data with a few lines of its own, so that this package's tests need no loader.
func ml100k(t *testing.T) *Dataset {
	t.Helper()
	text, err := fs.ReadFile(datatest.Open(t, "ml-100k"), "u.data")
	if err != nil {
		t.Fatal(err)
	}
	b := NewBuilder(100_000)
	for line := range bytes.Lines(text) {
		f := bytes.Fields(line)
		rating, err1 := strconv.ParseFloat(string(f[2]), 32)
		time, err2 := strconv.ParseInt(string(f[3]), 10, 64)
		if err1 != nil || err2 != nil {
			t.Fatalf("u.data: %q", line)
		}
		b.Add(f[0], f[1], float32(rating), time)
	}
	d, err := b.Build("ml-100k")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDescribeML100K(t *testing.T) {
	d := Describe(ml100k(t))
	if d.Users != 943 || d.Items != 1682 || d.Interactions != 100_000 || d.Repeats != 0 {
		t.Errorf("%d users, %d items, %d interactions, %d repeats", d.Users, d.Items, d.Interactions, d.Repeats)
	}
	if d.Rating != (Range{1, 5}) {
		t.Errorf("rating %v", d.Rating)
	}
	if d.Time.LastTied != 415 {
		t.Errorf("the last two interactions of %d users tie, want 415", d.Time.LastTied)
	}
	if d.Time.WithinHour != 498 {
		t.Errorf("%d histories span less than an hour, want 498", d.Time.WithinHour)
	}
	if math.Round(100*d.Time.Later) != 38 {
		t.Errorf("for the median user %.2f %% of interactions are later, want 38", 100*d.Time.Later)
	}
	if least, median, most := d.Lengths[0].Value, d.Lengths[3].Value, d.Lengths[6].Value; least != 20 || median != 65 || most != 737 {
		t.Errorf("history lengths %d, %d, %d, want 20, 65, 737", least, median, most)
	}
}

func TestDescribeSmall(t *testing.T) {
	b := NewBuilder(0)
	for _, r := range []row{
		{"1", "1", 4, 100}, {"1", "2", 5, 100}, // ends in a tie, spans no hour
		{"2", "1", 3, 0}, {"2", "2", 3, 3600}, // spans an hour
		{"3", "1", 1, 50}, {"3", "1", 1, 60}, // repeats a pair
	} {
		b.Add([]byte(r.user), []byte(r.item), r.rating, r.time)
	}
	b.SetItemFields(Field{Name: "title", Kind: TokenSeq}, Field{Name: "year", Kind: Token})
	for _, item := range [][]string{{"1", "Ähre", "1990"}, {"2", "Ab", ""}, {"3", "nobody's", ""}} {
		if err := b.AddItem(item[0], item[1:]...); err != nil {
			t.Fatal(err)
		}
	}
	d, err := b.Build("small")
	if err != nil {
		t.Fatal(err)
	}
	d.Notes = []string{"made by hand"}
	got := Describe(d)
	want := Description{
		Name: "small", Users: 3, Items: 2, Interactions: 6, UnratedItems: 1, Density: 1, Repeats: 1,
		Lengths: []Quantile{{0, 2}, {.05, 2}, {.25, 2}, {.5, 2}, {.75, 2}, {.95, 2}, {1, 2}},
		Gini:    (float64(-1*2) + 1*4) / (2 * 6), // popularity 2, 4
		Rating:  Range{1, 5},
		// Later than user 1's last (100): one of six. Than user 2's (3600): none. Than user 3's (60): three.
		Time:     &Clock{First: 0, Last: 3600, LastTied: 1, Later: 1. / 6, WithinHour: 2},
		UserText: []Coverage{},
		ItemText: []Coverage{{"title", 2, 2, 3}, {"year", 1, 2, 4}},
		Notes:    []string{"made by hand"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v\ntimes %+v", got, want, *got.Time)
	}
	for _, line := range []string{
		"note                                                 made by hand",
		"items without interactions                           1, not in the catalogue",
		"users whose last two interactions tie in time        1 of 3 (33.3%)",
		"item text, title                                     2 of 2 (100.0%), 3 characters on average",
		"time                                                 1970-01-01 to 1970-01-01",
	} {
		if !strings.Contains(got.String(), line+"\n") {
			t.Errorf("%q is not in\n%s", line, got)
		}
	}
}

// Sources without time stamps number each user's interactions; what a clock would say of them is no fact.
func TestDescribeWithoutClock(t *testing.T) {
	for _, first := range []int64{0, 1} {
		d := build(t, row{"1", "1", 1, first}, row{"1", "2", 1, first + 1}, row{"2", "2", 1, first})
		if c := Describe(d).Time; c != nil {
			t.Errorf("positions from %d are read as times: %+v", first, *c)
		}
	}
	if Describe(build(t, row{"1", "1", 1, 7}, row{"1", "2", 1, 8})).Time == nil {
		t.Error("times from 7 are taken for positions")
	}
	text := Describe(build(t, row{"1", "1", 1, 0})).String()
	for _, line := range []string{"time                                 none (an order only)", "rating                               none (all are 1)"} {
		if !strings.Contains(text, line) {
			t.Errorf("%q is not in\n%s", line, text)
		}
	}
}

func TestGini(t *testing.T) {
	for _, c := range []struct {
		values []int
		want   float64
	}{
		{[]int{3, 3, 3}, 0},
		{[]int{0, 0, 0, 8}, .75}, // (n − 1) / n
		{[]int{4, 1, 3, 2}, .25},
	} {
		if got := gini(c.values); math.Abs(got-c.want) > 1e-15 {
			t.Errorf("gini(%v) = %v, want %v", c.values, got, c.want)
		}
	}
}
