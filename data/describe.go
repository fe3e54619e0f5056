package data

import (
	"math"
	"slices"
	"sort"
	"unicode/utf8"
)

// Description is what one should know of a data set before believing a result on it.
type Description struct {
	Name         string  `json:"name"`
	Users        int     `json:"users"`
	Items        int     `json:"items"`
	Interactions int     `json:"interactions"`
	UnratedItems int     `json:"unrated_items"`        // not in the catalogue
	IdleItems    int     `json:"idle_items,omitempty"` // in the catalogue, without interactions
	Density      float64 `json:"density"`              // interactions / (users × items); repeated pairs count each time

	Lengths []Quantile `json:"history_lengths"` // of all of a user's interactions
	// Gini of item popularity over the catalogue: 0 if all items are equally popular, near 1 if one has everything.
	Gini float64 `json:"popularity_gini"`
	// Repeats counts interactions with an item that the user has had before.
	Repeats int `json:"repeated_pairs"`

	Rating Range  `json:"rating"`         // equal ends: the source has no ratings, or all are the same
	Time   *Clock `json:"time,omitempty"` // nil: the source has no time stamps, only an order

	UserText []Coverage `json:"user_text"`
	ItemText []Coverage `json:"item_text"`
	Notes    []string   `json:"notes"`
}

// Clock is what the time stamps say.
type Clock struct {
	First int64 `json:"first"`
	Last  int64 `json:"last"`
	// LastTied counts users whose last two interactions have one time: their test item is a choice of the file's order.
	LastTied int `json:"users_last_two_tied"`
	// Later is the share of all interactions that are later than a user's last, its leave-one-out test event: the median
	// over users. Where it is large, models learn from the future of most test cases.
	Later float64 `json:"median_share_later_than_test"`
	// WithinHour counts users whose first and last interactions are less than an hour apart.
	WithinHour int `json:"users_within_an_hour"`
}

// Quantile of whole numbers: the least value that a share P of them does not exceed.
type Quantile struct {
	P     float64 `json:"p"`
	Value int     `json:"value"`
}

// Range of ratings.
type Range struct {
	Min float32 `json:"min"`
	Max float32 `json:"max"`
}

// Coverage says how much text one field holds.
type Coverage struct {
	Field  string  `json:"field"`
	Filled int     `json:"filled"` // rows with a value
	Of     int     `json:"of"`
	Chars  float64 `json:"mean_chars"` // over rows with a value
}

// Describe computes the description of d.
func Describe(d *Dataset) Description {
	lengths := make([]int, d.Users.Len())
	popularity := make([]int, d.Items.Len())
	for n, u := range d.Inter.User {
		lengths[u]++
		popularity[d.Inter.Item[n]]++
	}
	return Description{
		Name: d.Name, Users: d.Users.Len(), Items: d.Items.Len(), Interactions: d.Inter.Len(), UnratedItems: d.UnratedItems,
		IdleItems: len(popularity) - present(popularity),
		Density:   float64(d.Inter.Len()) / (float64(d.Users.Len()) * float64(d.Items.Len())),
		Lengths:   quantiles(lengths, 0, .05, .25, .5, .75, .95, 1),
		Gini:      gini(popularity),
		Repeats:   repeats(d),
		Rating:    Range{slices.Min(d.Inter.Rating), slices.Max(d.Inter.Rating)},
		Time:      clock(d),
		UserText:  coverage(d.UserText),
		ItemText:  coverage(d.ItemText),
		Notes:     d.Notes,
	}
}

func quantiles(values []int, ps ...float64) []Quantile {
	sorted := slices.Sorted(slices.Values(values))
	out := make([]Quantile, len(ps))
	for n, p := range ps {
		rank := int(math.Ceil(p * float64(len(sorted))))
		out[n] = Quantile{p, sorted[max(rank, 1)-1]}
	}
	return out
}

// gini is the Gini coefficient, G = Σ (2i − n − 1) x_i / (n Σ x_i) over x ascending, i = 1…n (Damgaard & Weiner 2000).
func gini(values []int) float64 {
	var weighted, sum float64
	n := len(values)
	for i, x := range slices.Sorted(slices.Values(values)) {
		weighted += float64(2*(i+1)-n-1) * float64(x)
		sum += float64(x)
	}
	return weighted / (float64(n) * sum)
}

func repeats(d *Dataset) int {
	seenBy := make([]int32, d.Items.Len()) // user + 1
	n := 0
	for p, u := range d.Inter.User {
		if i := d.Inter.Item[p]; seenBy[i] == u+1 {
			n++
		} else {
			seenBy[i] = u + 1
		}
	}
	return n
}

// clock reads the time stamps, or returns nil if they are nothing but positions.
func clock(d *Dataset) *Clock {
	x := d.Inter
	times := slices.Sorted(slices.Values(x.Time))
	c := &Clock{First: times[0], Last: times[len(times)-1]}
	var later []float64
	positions := true
	for lo := 0; lo < x.Len(); {
		hi := lo
		for hi < x.Len() && x.User[hi] == x.User[lo] {
			positions = positions && x.Time[hi] == x.Time[0]+int64(hi-lo)
			hi++
		}
		last := x.Time[hi-1]
		if hi-lo > 1 && x.Time[hi-2] == last {
			c.LastTied++
		}
		if last-x.Time[lo] < 3600 {
			c.WithinHour++
		}
		after := sort.Search(len(times), func(n int) bool { return times[n] > last })
		later = append(later, float64(len(times)-after)/float64(len(times)))
		lo = hi
	}
	if positions && (x.Time[0] == 0 || x.Time[0] == 1) {
		return nil
	}
	slices.Sort(later)
	c.Later = (later[len(later)/2] + later[(len(later)-1)/2]) / 2
	return c
}

func coverage(fields Fields) []Coverage {
	out := make([]Coverage, len(fields))
	for n, f := range fields {
		c := Coverage{Field: f.Name, Of: len(f.Values)}
		chars := 0
		for _, v := range f.Values {
			if v != "" {
				c.Filled++
				chars += utf8.RuneCountInString(v)
			}
		}
		if c.Filled > 0 {
			c.Chars = float64(chars) / float64(c.Filled)
		}
		out[n] = c
	}
	return out
}
