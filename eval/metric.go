// Package eval computes ranking metrics over ranked and relevant item ids, and nothing else.
//
// Every metric has a cutoff and a name, such as "ndcg@10". Those of accuracy and most of the others have one value a
// user, and their mean over users is what is reported; coverage and Gini have one value for all users' lists together.
package eval

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Metric is a ranking metric at a cutoff. The zero Metric is not valid: use [Parse].
type Metric struct {
	Name string // as given to Parse: "recall@10"
	K    int    // the cutoff
	def  *definition
}

// definition is one line of the table of metrics.
type definition struct {
	name   string
	doc    string
	user   func(ranked, relevant []int32, k int, c *Catalogue) float64
	lists  func(lists [][]int32, k int, c *Catalogue) float64
	answer bool // needs relevant items
}

// definitions are all metrics. To add one, add a line.
func definitions() []definition {
	return []definition{
		{"recall", "relevant items found / relevant items", recall, nil, true},
		{"hit", "1 if any relevant item was found", hit, nil, true},
		{"precision", "relevant items found / k", precision, nil, true},
		{"ndcg", "DCG / ideal DCG, gain 1, discount log2(rank+1)", ndcg, nil, true},
		{"mrr", "1 / rank of the first relevant item", mrr, nil, true},
		{"map", "average precision: mean over all relevant items of the precision at their rank", averagePrecision, nil, true},
		{"novelty", "mean self-information of the list's items, bits", novelty, nil, false},
		{"popularity", "mean training interactions of the list's items", popularity, nil, false},
		{"tail", "share of the list's items outside the most popular fifth of the catalogue", tail, nil, false},
		{"coverage", "distinct items in all lists / catalogue", nil, coverage, false},
		{"gini", "Gini coefficient of how often each catalogue item is recommended", nil, gini, false},
	}
}

// Names lists the metrics with a line on each, in the order of the documentation.
func Names() (names, docs []string) {
	for _, d := range definitions() {
		names, docs = append(names, d.name), append(docs, d.doc)
	}
	return names, docs
}

// Parse reads a metric's name and cutoff: "recall@10".
func Parse(s string) (Metric, error) {
	name, cutoff, ok := strings.Cut(s, "@")
	if !ok {
		return Metric{}, fmt.Errorf("metric %q: want NAME@CUTOFF, such as ndcg@10", s)
	}
	k, err := strconv.Atoi(cutoff)
	if err != nil || k < 1 || strconv.Itoa(k) != cutoff {
		return Metric{}, fmt.Errorf("metric %q: the cutoff must be a positive whole number, got %q", s, cutoff)
	}
	defs := definitions()
	n := slices.IndexFunc(defs, func(d definition) bool { return d.name == name })
	if n < 0 {
		names, _ := Names()
		return Metric{}, fmt.Errorf("metric %q: unknown name %q; known are %s", s, name, strings.Join(names, ", "))
	}
	return Metric{s, k, &defs[n]}, nil
}

// ParseAll reads a list of metrics. A repeated one is an error.
func ParseAll(names []string) ([]Metric, error) {
	out := make([]Metric, len(names))
	for n, s := range names {
		m, err := Parse(s)
		if err != nil {
			return nil, err
		}
		if slices.Index(names, s) < n {
			return nil, fmt.Errorf("metric %q is given twice", s)
		}
		out[n] = m
	}
	return out, nil
}

// PerUser says whether the metric has one value a user. If not, use Lists.
func (m Metric) PerUser() bool { return m.def.user != nil }

// Accuracy says whether the metric is one of finding relevant items: one of which more is better. The others describe
// lists, and none of their values is best.
func (m Metric) Accuracy() bool { return m.def.answer }

// User is the metric of one user: ranked are distinct items, best first; relevant are distinct items, ascending. A list
// shorter than the cutoff counts as it is. Without a relevant item, a metric of accuracy is undefined: NaN.
// An empty list has novelty, popularity and tail share 0.
func (m Metric) User(ranked, relevant []int32, c *Catalogue) float64 {
	if m.def.user == nil {
		panic("eval: " + m.Name + " has no value for one user")
	}
	if m.def.answer && len(relevant) == 0 {
		return math.NaN()
	}
	return m.def.user(ranked[:min(m.K, len(ranked))], relevant, m.K, c)
}

// Lists is the metric of all users' lists together.
func (m Metric) Lists(lists [][]int32, c *Catalogue) float64 {
	if m.def.lists == nil {
		panic("eval: " + m.Name + " is a mean over users")
	}
	return m.def.lists(lists, m.K, c)
}
