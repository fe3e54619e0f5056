package eval

import (
	"cmp"
	"math"
	"slices"
)

// Catalogue is what the metrics beyond accuracy need to know of the training data. Make it with [NewCatalogue].
type Catalogue struct {
	Popularity []int64 // training interactions of each item
	Users      int     // users with training interactions
	head       []bool
}

// HeadShare of the catalogue's items, the most popular ones, are its head; the rest is its long tail.
const HeadShare = 0.2

// NewCatalogue makes a catalogue from the training interactions of each item and the number of users in training.
func NewCatalogue(popularity []int64, users int) *Catalogue {
	order := make([]int32, len(popularity))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(popularity[b], popularity[a]) })
	head := make([]bool, len(popularity))
	for _, i := range order[:int(math.Ceil(HeadShare*float64(len(popularity))))] {
		head[i] = true
	}
	return &Catalogue{popularity, users, head}
}

// mean is the mean of f over the list, 0 for an empty one.
func mean(ranked []int32, f func(i int32) float64) float64 {
	if len(ranked) == 0 {
		return 0
	}
	sum := 0.0
	for _, i := range ranked {
		sum += f(i)
	}
	return sum / float64(len(ranked))
}

// novelty is the mean of −log2(p(i)), p(i) = popularity(i) / users: the self-information of the list's items
// (Zhou et al. 2010, PNAS 107(10)). Deviation: an item without training data counts as taken once, since its
// self-information would be infinite; repeated interactions may make p greater than 1, which counts as 1.
func novelty(ranked, _ []int32, _ int, c *Catalogue) float64 {
	return mean(ranked, func(i int32) float64 {
		return -math.Log2(min(1, float64(max(1, c.Popularity[i]))/float64(max(1, c.Users))))
	})
}

// popularity is the mean number of training interactions of the list's items (Abdollahpouri et al. 2019, "average
// recommendation popularity").
func popularity(ranked, _ []int32, _ int, c *Catalogue) float64 {
	return mean(ranked, func(i int32) float64 { return float64(c.Popularity[i]) })
}

// tail is the share of the list's items outside the catalogue's head: the fifth of the items with the most training
// interactions, ties by ascending item (Abdollahpouri et al. 2019, "average percentage of long tail items").
func tail(ranked, _ []int32, _ int, c *Catalogue) float64 {
	return mean(ranked, func(i int32) float64 {
		if c.head[i] {
			return 0
		}
		return 1
	})
}

// recommended counts in how many lists each catalogue item stands within rank k.
func recommended(lists [][]int32, k int, c *Catalogue) []int64 {
	count := make([]int64, len(c.Popularity))
	for _, l := range lists {
		for _, i := range l[:min(k, len(l))] {
			count[i]++
		}
	}
	return count
}

// coverage is the share of the catalogue that stands in at least one list (Herlocker et al. 2004, section 4.2).
func coverage(lists [][]int32, k int, c *Catalogue) float64 {
	if len(c.Popularity) == 0 {
		return 0
	}
	n := 0
	for _, x := range recommended(lists, k, c) {
		if x > 0 {
			n++
		}
	}
	return float64(n) / float64(len(c.Popularity))
}

// gini is Σ_j (2j − n − 1) x_j / (n Σ x_j), x ascending, over how often each of the n catalogue items is recommended:
// 0 if all equally often, (n−1)/n if only one ever is (Fleder & Hosanagar 2009). Without any recommendation it is 0.
func gini(lists [][]int32, k int, c *Catalogue) float64 {
	x := recommended(lists, k, c)
	slices.Sort(x)
	sum, weighted := 0.0, 0.0
	for j, v := range x {
		sum += float64(v)
		weighted += float64(2*(j+1)-len(x)-1) * float64(v)
	}
	if sum == 0 {
		return 0
	}
	return weighted / (float64(len(x)) * sum)
}
