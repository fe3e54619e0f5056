package synthetic

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"llm4rec/data"
)

// leftOut is the default data with every user's last item held out.
type leftOut struct {
	d         *data.Dataset
	histories [][]int32
	targets   []int32
	train     *data.Matrix
	counts    []float64
}

func leaveOut() leftOut {
	d := Generate(Default())
	l := leftOut{d: d, histories: make([][]int32, d.Users.Len()), targets: make([]int32, d.Users.Len()), counts: make([]float64, d.Items.Len())}
	var keep []int
	for n, u := range d.Inter.User {
		if n+1 < d.Inter.Len() && d.Inter.User[n+1] == u {
			keep = append(keep, n)
			l.histories[u] = append(l.histories[u], d.Inter.Item[n])
			l.counts[d.Inter.Item[n]]++
		} else {
			l.targets[u] = d.Inter.Item[n]
		}
	}
	l.train = d.Inter.Take(keep).UserItem(d.Users.Len(), d.Items.Len())
	return l
}

// cosines are the similarities of one item to all: cos(i, j) = |U_i ∩ U_j| / √(|U_i||U_j|).
func (l leftOut) cosines(byItem *data.Matrix, item int32) []float64 {
	s := make([]float64, l.d.Items.Len())
	users, _ := byItem.Row(item)
	for _, u := range users {
		for _, j := range l.histories[u] {
			s[j]++
		}
	}
	for j := range s {
		if s[j] > 0 {
			s[j] /= math.Sqrt(l.counts[item] * l.counts[j])
		}
	}
	s[item] = 0
	return s
}

// recall is the share of users whose target is among the k best unseen items of scores(user).
func (l leftOut) recall(k int, scores func(user int) []float64) float64 {
	hits := 0
	for u, target := range l.targets {
		s := scores(u)
		better := 0
		for i := range s {
			if int32(i) != target && !slices.Contains(l.histories[u], int32(i)) &&
				cmp.Or(cmp.Compare(s[i], s[target]), cmp.Compare(int(target), i)) > 0 {
				better++
			}
		}
		if better < k {
			hits++
		}
	}
	return float64(hits) / float64(len(l.targets))
}

// There is something to learn: interactions tell more than popularity, popularity more than chance, and the last item
// more than any other of the history.
func TestInteractionsCarrySignal(t *testing.T) {
	l := leaveOut()
	byItem := l.train.Transpose()
	cosines := make([][]float64, l.d.Items.Len())
	for i := range cosines {
		cosines[i] = l.cosines(byItem, int32(i))
	}
	sum := func(items []int32) []float64 {
		s := make([]float64, l.d.Items.Len())
		for _, h := range items {
			for j, c := range cosines[h] {
				s[j] += c
			}
		}
		return s
	}
	r := rand.New(rand.NewPCG(1, 2))
	chance := l.recall(10, func(int) []float64 {
		s := make([]float64, l.d.Items.Len())
		for i := range s {
			s[i] = r.Float64()
		}
		return s
	})
	popular := l.recall(10, func(int) []float64 { return l.counts })
	all := l.recall(10, func(u int) []float64 { return sum(l.histories[u]) })
	one := l.recall(10, func(u int) []float64 { h := l.histories[u]; return sum(h[r.IntN(len(h)):][:1]) })
	last := l.recall(10, func(u int) []float64 { h := l.histories[u]; return sum(h[len(h)-1:]) })
	three := l.recall(10, func(u int) []float64 { h := l.histories[u]; return sum(h[len(h)-3:]) })
	t.Logf("recall@10: chance %.4f, popularity %.4f, item-kNN: all %.4f, one at random %.4f, last %.4f, last three %.4f", chance, popular, all, one, last, three)
	if !(popular > 3*chance && all > 1.2*popular && last > 1.5*one && three > 1.2*all) {
		t.Error("a signal is missing")
	}
}

// Text tells what interactions tell: a target's title and genres share more words with the history than those of an
// item of equal popularity, taken by someone else.
func TestTextCarriesSignal(t *testing.T) {
	l := leaveOut()
	for _, field := range []string{"title", "genres"} {
		words := make([][]string, l.d.Items.Len())
		for i, v := range l.d.ItemText.Values(field) {
			words[i] = strings.Fields(strings.NewReplacer(",", "", "The ", "", " of the ", " ", " and ", " ").Replace(v))
		}
		overlap := func(user int, item int32) float64 {
			n := 0
			for _, h := range l.histories[user] {
				for _, w := range words[h] {
					if slices.Contains(words[item], w) {
						n++
					}
				}
			}
			return float64(n) / float64(len(l.histories[user]))
		}
		var target, other float64
		for u := range l.targets {
			target += overlap(u, l.targets[u])
			other += overlap(u, l.targets[(u+1)%len(l.targets)])
		}
		t.Logf("%s: words shared with a history item: target %.3f, someone else's %.3f", field, target/float64(len(l.targets)), other/float64(len(l.targets)))
		if target < 1.2*other {
			t.Errorf("%s carries no signal", field)
		}
	}
}
