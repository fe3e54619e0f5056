package eval

import (
	"math"
	"strings"
	"testing"
)

// A catalogue of ten items; items 0 and 1 are the head (a fifth of ten), item 9 has no training data.
func catalogue() *Catalogue {
	return NewCatalogue([]int64{8, 4, 2, 1, 1, 1, 1, 1, 1, 0}, 8)
}

func TestUserMetricsByHand(t *testing.T) {
	log := math.Log2
	for _, c := range []struct {
		metric           string
		ranked, relevant []int32
		want             float64
	}{
		{"recall@3", []int32{5, 2, 7, 1}, []int32{1, 2}, 0.5},
		{"recall@4", []int32{5, 2, 7, 1}, []int32{1, 2}, 1},
		{"recall@1", []int32{2}, []int32{1, 2, 3}, 1. / 3}, // more relevant items than ranks: still over |R|
		{"recall@9", nil, []int32{1}, 0},
		{"hit@3", []int32{5, 2, 1}, []int32{1, 2}, 1},
		{"hit@1", []int32{5, 2, 1}, []int32{1, 2}, 0},
		{"precision@4", []int32{5, 2}, []int32{1, 2}, 0.25}, // over k, though the list is short
		{"ndcg@3", []int32{5, 2, 7}, []int32{2}, 1 / log(3)},
		{"ndcg@3", []int32{2, 5, 1}, []int32{1, 2}, (1 + 1/log(4)) / (1 + 1/log(3))},
		{"ndcg@1", []int32{2, 1}, []int32{1, 2}, 1}, // the ideal list is cut at k as well
		{"ndcg@2", []int32{2, 1}, []int32{1, 2, 3}, 1},
		{"mrr@3", []int32{5, 2, 1}, []int32{1, 2}, 0.5},
		{"mrr@1", []int32{5, 2, 1}, []int32{1, 2}, 0},
		{"map@4", []int32{5, 2, 7, 1}, []int32{1, 2}, (1./2 + 2./4) / 2},
		{"map@2", []int32{5, 2, 7, 1}, []int32{1, 2}, (1. / 2) / 2}, // over |R|, not over what fits in k
		{"novelty@2", []int32{0, 2, 9}, nil, (0 + 2) / 2.},
		{"novelty@1", []int32{9}, nil, 3}, // no training data: as if taken once by one of eight
		{"novelty@5", nil, nil, 0},
		{"popularity@2", []int32{0, 1, 2}, nil, 6},
		{"popularity@2", nil, nil, 0},
		{"tail@4", []int32{0, 1, 2, 9}, nil, 0.5},
		{"tail@4", nil, nil, 0},
	} {
		m, err := Parse(c.metric)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.User(c.ranked, c.relevant, catalogue()); math.Abs(got-c.want) > 1e-15 {
			t.Errorf("%s of %v for %v = %v, want %v", c.metric, c.ranked, c.relevant, got, c.want)
		}
	}
}

func TestAccuracyWithoutRelevantItemsIsUndefined(t *testing.T) {
	for _, name := range []string{"recall", "hit", "precision", "ndcg", "mrr", "map"} {
		m, err := Parse(name + "@5")
		if err != nil {
			t.Fatal(err)
		}
		if got := m.User([]int32{1, 2}, nil, catalogue()); !math.IsNaN(got) {
			t.Errorf("%s without relevant items = %v, want NaN", name, got)
		}
	}
}

func TestListMetricsByHand(t *testing.T) {
	for _, c := range []struct {
		metric string
		lists  [][]int32
		want   float64
	}{
		{"coverage@2", [][]int32{{0, 1, 2}, {1, 3}}, 0.3},
		{"coverage@2", nil, 0},
		{"gini@1", [][]int32{{4}, {4}, {4}}, 0.9},
		{"gini@5", [][]int32{{0, 1, 2, 3, 4}, {5, 6, 7, 8, 9}}, 0},
		// x = eight zeros, 1, 3: ((2·9−11)·1 + (2·10−11)·3) / (10·4)
		{"gini@2", [][]int32{{0, 1}, {0}, {0}}, 34. / 40},
		{"gini@2", nil, 0},
	} {
		m, err := Parse(c.metric)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Lists(c.lists, catalogue()); math.Abs(got-c.want) > 1e-15 {
			t.Errorf("%s of %v = %v, want %v", c.metric, c.lists, got, c.want)
		}
	}
}

func TestHeadTiesByAscendingItem(t *testing.T) {
	c := NewCatalogue([]int64{3, 3, 3, 3, 3}, 3) // the head is one item: the first of five equals
	m, _ := Parse("tail@5")
	if got := m.User([]int32{0, 1, 2, 3, 4}, nil, c); got != 0.8 {
		t.Errorf("tail = %v, want 0.8", got)
	}
}

func TestParseErrorsNameTheValue(t *testing.T) {
	for in, want := range map[string]string{
		"ndcg": "NAME@CUTOFF", "ndcg@0": `"0"`, "ndcg@-1": `"-1"`, "ndcg@x": `"x"`, "ndcg@+5": `"+5"`, "auc@5": `"auc"`,
	} {
		if _, err := Parse(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q) = %v, want an error with %s", in, err, want)
		}
	}
	if _, err := ParseAll([]string{"ndcg@5", "ndcg@5"}); err == nil {
		t.Error("a repeated metric was accepted")
	}
}
