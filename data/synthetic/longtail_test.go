package synthetic

import (
	"math"
	"slices"
	"testing"
)

// A twentieth of the users, and the catalogue as it is: histories are as long as in MovieLens-20M, and items have a
// twentieth of the interactions.
func TestLongTailLooksLikeML20M(t *testing.T) {
	const part = 20
	c := ML20M()
	c.Users, c.Interactions = c.Users/part, c.Interactions/part
	d := Generate(c)
	users, items := make([]int, c.Users), make([]int, c.Items)
	for n, u := range d.Inter.User {
		users[u]++
		items[d.Inter.Item[n]]++
	}
	slices.Sort(users)
	slices.Sort(items)
	share := func(sorted []int, p float64) int { return sorted[int(p*float64(len(sorted)-1))] }
	for _, q := range []struct {
		name              string
		got, want, within float64 // a part of what is wanted
	}{
		{"fewest of a user", float64(users[0]), 20, 0},
		{"a quarter of the users", float64(share(users, .25)), 35, .15},
		{"median user", float64(share(users, .5)), 68, .05},
		{"three quarters of the users", float64(share(users, .75)), 155, .15},
		{"most of a user", float64(share(users, 1)), 9254, .2},
		{"most of an item", float64(share(items, 1)) * part, 67_310, .1},
		{"a tenth of the items", float64(share(items, .9)) * part, 2000, .4},
		{"a quarter of the items", float64(share(items, .75)) * part, 205, .25},
		{"median item", float64(share(items, .5)) * part, 18, 1.3},
	} {
		t.Logf("%s: %v, in MovieLens-20M %v", q.name, q.got, q.want)
		if math.Abs(q.got-q.want) > q.within*q.want {
			t.Errorf("%s: %v, want %v to a part of %v", q.name, q.got, q.want, q.within)
		}
	}
}

// Pinned as the default is: measurements are compared over time.
func TestLongTailIsPinned(t *testing.T) {
	c := ML20M()
	c.Users, c.Items, c.Interactions = 1000, 500, 20_000
	const want = "25f21e00e98c551798129c3f40ac72e65636ba7ae9709d319c92c516a64b0d18"
	if got := Generate(c).Checksum(); got != want {
		t.Errorf("checksum %s, want %s", got, want)
	}
}
