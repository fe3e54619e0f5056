package synthetic

import (
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"llm4rec/data"
)

// The bytes are pinned: a change of them is a change of every figure measured on synthetic data.
func TestDefaultIsPinned(t *testing.T) {
	const want = "fbf6cb22d4ce433be16a2df974797d88ddd903f9b95be9e4d4414557fe1f5573"
	if got := Generate(Default()).Checksum(); got != want {
		t.Errorf("checksum %s, want %s", got, want)
	}
	other := Default()
	other.Seed = 2
	if Generate(other).Checksum() == want {
		t.Error("another seed gives the same data")
	}
}

func TestDefaultLooksLikeML100K(t *testing.T) {
	d := data.Describe(Generate(Default()))
	t.Logf("\n%s", d)
	if d.Users != 943 || d.Items != 1682 || d.Interactions != 100_000 {
		t.Errorf("%d users, %d items, %d interactions", d.Users, d.Items, d.Interactions)
	}
	between := func(name string, got, lo, hi float64) {
		if got < lo || got > hi {
			t.Errorf("%s is %v, want %v to %v", name, got, lo, hi)
		}
	}
	between("Gini", d.Gini, .5, .7)                                   // ML-100K: .63
	between("median history", float64(d.Lengths[3].Value), 50, 80)    // 65
	between("longest history", float64(d.Lengths[6].Value), 500, 841) // 737
	between("last two tied", float64(d.Time.LastTied), 300, 500)      // 415
	between("within an hour", float64(d.Time.WithinHour), 200, 700)   // 498
	between("later than the test event", d.Time.Later, .25, .55)      // .38
	between("titles", float64(d.ItemText[0].Filled), 1682, 1682)      // 1682
	if len(d.Notes) != 1 || !strings.Contains(d.Notes[0], "synthetic data (seed 1, ") || !strings.HasSuffix(d.Notes[0], "not a real data set") {
		t.Errorf("notes %q", d.Notes)
	}
}

func TestGenerateProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Config{
			Seed: rapid.Uint64().Draw(t, "seed"), Users: rapid.IntRange(1, 30).Draw(t, "users"), Items: rapid.IntRange(2, 60).Draw(t, "items"),
			Skew: rapid.Float64Range(0, 4).Draw(t, "skew"), Follow: rapid.Float64Range(0, 1).Draw(t, "follow"), Ties: rapid.Float64Range(0, 1).Draw(t, "ties"),
			LongTail: rapid.Bool().Draw(t, "long tail"),
		}
		least, most := max(c.Users, c.Items), c.Users*(c.Items/2)
		if least > most {
			t.Skip("so many users and items cannot all have interactions")
		}
		c.Interactions = rapid.IntRange(least, most).Draw(t, "interactions")
		d := Generate(c)

		if d.Inter.Len() != c.Interactions || d.Users.Len() != c.Users || d.Items.Len() != c.Items {
			t.Fatalf("got %d users, %d items, %d interactions", d.Users.Len(), d.Items.Len(), d.Inter.Len())
		}
		x := d.Inter
		pairs := map[[2]int32]bool{}
		users, items := make([]bool, c.Users), make([]bool, c.Items)
		for n, u := range x.User {
			i := x.Item[n]
			if pairs[[2]int32{u, i}] {
				t.Fatalf("user %d takes item %d twice", u, i)
			}
			pairs[[2]int32{u, i}] = true
			users[u], items[i] = true, true
			if n > 0 && (x.User[n-1] > u || x.User[n-1] == u && x.Time[n-1] > x.Time[n]) {
				t.Fatalf("interaction %d is not in canonical order", n)
			}
		}
		if slices.Contains(users, false) || slices.Contains(items, false) {
			t.Fatal("a user or an item has no interaction")
		}
		// A loader would make the same data set of the same rows.
		b := data.NewBuilder(x.Len())
		for n := range x.User {
			b.Add([]byte(d.Users.Raw(x.User[n])), []byte(d.Items.Raw(x.Item[n])), x.Rating[n], x.Time[n])
		}
		built, err := b.Build("built")
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(built.Inter.Item, x.Item) || !slices.Equal(built.Inter.User, x.User) || !slices.Equal(built.Inter.Time, x.Time) {
			t.Fatal("a builder gives other indexes or another order")
		}
	})
}

func TestValidate(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"0 users":                   func(c *Config) { c.Users = 0 },
		"too few for":               func(c *Config) { c.Interactions = 1600 },
		"more than half of":         func(c *Config) { c.Interactions = 900_000 },
		"skew NaN is not between":   func(c *Config) { c.Skew = math.NaN() },
		"ties are probabilities":    func(c *Config) { c.Ties = 1.5 },
		"follow and ties are proba": func(c *Config) { c.Follow = -1 },
	} {
		c := Default()
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func BenchmarkGenerate(b *testing.B) {
	c := Config{Seed: 1, Users: 6040, Items: 3706, Interactions: 1_000_000, Skew: 1, Follow: .25, Ties: .4}
	for b.Loop() {
		Generate(c)
	}
}
