// Package synthetic makes a data set from a seed, with the kinds of signal that recommenders look for.
//
// Items have a main and perhaps a second topic, a popularity that falls with the rank, a year, and items that tend to
// follow them. Users prefer three topics, are differently active, and take items in sessions. Each next item is a
// successor of the last one, or comes by popularity from a preferred topic, which changes with the mood, or from the
// whole catalogue; no user takes an item twice, and some items appear only while the data is being collected. Titles use
// the words of an item's topics, and genres are its topics, so that text carries what the interactions carry. How unequal
// users and items are is that of MovieLens-100K or, with a long tail, of MovieLens-20M.
//
// The same configuration gives the same bytes on every machine: randomness is PCG, nothing iterates over a map, and
// every number that is drawn or decided on is an integer or comes from divisions, multiplications and square roots
// alone. Those are rounded as IEEE 754 says, and there is no sum of a product that arm64, ppc64 or s390x could fuse.
package synthetic

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"

	"llm4rec/data"
)

// Config is the size and the character of a synthetic data set.
type Config struct {
	Seed         uint64  `json:"seed" yaml:"seed" jsonschema:"of all random numbers"`
	Users        int     `json:"users" yaml:"users" jsonschema:"number of users"`
	Items        int     `json:"items" yaml:"items" jsonschema:"number of items; all of them occur"`
	Interactions int     `json:"interactions" yaml:"interactions" jsonschema:"exactly so many, at most half of users times items"`
	Skew         float64 `json:"skew" yaml:"skew" jsonschema:"exponent of popularity, rounded to sixteenths: 0 makes all items alike"`
	Follow       float64 `json:"follow" yaml:"follow" jsonschema:"how often the next item is looked for among the successors of the last one"`
	Ties         float64 `json:"ties" yaml:"ties" jsonschema:"how often an interaction has the time of the one before it"`
	LongTail     bool    `json:"long_tail" yaml:"long_tail" jsonschema:"users and items as unequal as in MovieLens-20M, not as in MovieLens-100K"`
}

// Default is about the shape of MovieLens-100K.
func Default() Config {
	return Config{Seed: 1, Users: 943, Items: 1682, Interactions: 100_000, Skew: 1.5, Follow: 0.3, Ties: 0.4}
}

// Validate says whether there can be such data.
func (c Config) Validate() error {
	switch {
	case c.Users < 1 || c.Items < 2 || c.Users > 1<<31-1 || c.Items > 1<<31-1:
		return fmt.Errorf("synthetic: %d users and %d items, want at least 1 and 2", c.Users, c.Items)
	case c.Interactions < c.Users || c.Interactions < c.Items:
		return fmt.Errorf("synthetic: %d interactions are too few for %d users and %d items", c.Interactions, c.Users, c.Items)
	case c.Interactions > c.Users*(c.Items/2):
		return fmt.Errorf("synthetic: %d interactions are more than half of %d users × %d items", c.Interactions, c.Users, c.Items)
	case !(c.Skew >= 0 && c.Skew <= 4):
		return fmt.Errorf("synthetic: skew %v is not between 0 and 4", c.Skew)
	case !(c.Follow >= 0 && c.Follow <= 1 && c.Ties >= 0 && c.Ties <= 1):
		return errors.New("synthetic: follow and ties are probabilities")
	}
	return nil
}

// Generate makes the data set. It panics on a configuration that Validate refuses.
func Generate(c Config) *data.Dataset {
	if err := c.Validate(); err != nil {
		panic(err)
	}
	w := newCatalogue(c)
	x := data.Interactions{
		User: make([]int32, 0, c.Interactions), Item: make([]int32, 0, c.Interactions),
		Rating: make([]float32, 0, c.Interactions), Time: make([]int64, 0, c.Interactions),
	}
	r := stream(c.Seed, "users")
	lastTaker := make([]int32, c.Items) // user + 1
	for user, length := range activity(c) {
		u := newVisitor(int32(user), w, lastTaker, r)
		for range length {
			item, rating, time := u.next(c)
			x.User, x.Item = append(x.User, int32(user)), append(x.Item, item)
			x.Rating, x.Time = append(x.Rating, rating), append(x.Time, time)
		}
	}
	fillGaps(x.Item, c.Items)
	return &data.Dataset{
		Name: "synthetic", Users: numbers(c.Users), Items: numbers(c.Items), Inter: x, ItemText: w.text(c),
		Notes: []string{fmt.Sprintf("synthetic data (seed %d, %d users, %d items, %d interactions): not a real data set", c.Seed, c.Users, c.Items, c.Interactions)},
	}
}

// stream is the random numbers for one purpose, independent of those for another.
func stream(seed uint64, purpose string) *rand.Rand {
	var id uint64
	for _, b := range []byte(purpose) {
		id = id<<8 | uint64(b) // purposes are at most eight letters
	}
	return rand.New(rand.NewPCG(seed, id))
}

// numbers indexes the raw ids "1" to "n", which ascend as they should.
func numbers(n int) *data.Index {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = strconv.Itoa(i + 1)
	}
	return data.NewIndex(ids)
}

// fillGaps gives every item without interactions one interaction of an item that has several. The item is new to
// whichever user gets it, so no pair repeats. The positions visited are spread over all users.
func fillGaps(item []int32, items int) {
	count := make([]int, items)
	for _, i := range item {
		count[i]++
	}
	step := len(item)*5/8 + 1
	for gcd(step, len(item)) != 1 {
		step++ // coprime: every position is visited once
	}
	p := 0
	for i := range count {
		for count[i] == 0 {
			p = (p + step) % len(item)
			if old := item[p]; count[old] > 1 {
				item[p] = int32(i)
				count[old]--
				count[i]++
			}
		}
	}
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
