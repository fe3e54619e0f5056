package movielens

import (
	"testing"

	"llm4rec/data/datatest"
)

func TestLoad100K(t *testing.T) {
	d, err := Load100K(datatest.Open(t, "ml-100k"))
	if err != nil {
		t.Fatal(err)
	}
	if u, i, n := d.Users.Len(), d.Items.Len(), d.Inter.Len(); u != 943 || i != 1682 || n != 100000 {
		t.Fatalf("%d users, %d items, %d interactions, want 943, 1682, 100000", u, i, n)
	}
	if d.UnratedItems != 0 {
		t.Errorf("%d unrated items, want none", d.UnratedItems)
	}
	if got := lastTies(d.Inter.User, d.Inter.Time); got != 415 {
		t.Errorf("%d users have a tie between their last two interactions, want 415", got)
	}
	if d.Items.Raw(0) != "1" || d.Items.Raw(9) != "10" || d.Items.Raw(1681) != "1682" {
		t.Error("items do not ascend by number")
	}
	for _, want := range []struct{ id, title, year, genres, released string }{
		{"1", "Toy Story", "1995", "Animation, Children's, Comedy", "01-Jan-1995"},
		{"267", "", "", "", ""},
		{"1412", "Land Before Time III: The Time of the Great Giving", "1995", "Animation, Children's", "01-Jan-1995"},
		{"1201", "Marlene Dietrich: Shadow and Light", "1996", "Documentary", "02-Apr-1996"},
		{"543", "Misérables, Les", "1995", "Drama, Musical", "01-Jan-1995"},
	} {
		n, _ := d.Items.Dense(want.id)
		for field, value := range map[string]string{"title": want.title, "year": want.year, "genres": want.genres, "release_date": want.released} {
			if got := d.ItemText.Values(field)[n]; got != value {
				t.Errorf("item %s: %s is %q, want %q", want.id, field, got, value)
			}
		}
	}
	if u, _ := d.Users.Dense("1"); d.UserText.Values("occupation")[u] != "technician" || d.UserText.Values("zip")[u] != "85711" {
		t.Error("user 1 is not the technician of 85711")
	}
}

// lastTies counts users whose last two interactions have one time.
func lastTies(user []int32, time []int64) int {
	ties := 0
	for n := 1; n < len(user); n++ {
		last := n+1 == len(user) || user[n+1] != user[n]
		if last && user[n-1] == user[n] && time[n-1] == time[n] {
			ties++
		}
	}
	return ties
}
