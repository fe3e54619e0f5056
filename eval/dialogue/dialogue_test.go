package dialogue

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestHitAndTurns(t *testing.T) {
	for _, c := range []struct {
		rank, turns, k, limit int
		hit                   bool
		want                  int
	}{
		{1, 1, 1, 5, true, 1},
		{10, 3, 10, 5, true, 3},
		{10, 3, 9, 5, false, 6}, // it ended the conversation, but not within the first nine
		{0, 5, 10, 5, false, 6},
		{0, 2, 10, 5, false, 6}, // it failed in the second turn, and gains nothing by it
		{0, 0, 10, 5, false, 6},
	} {
		x := Conversation{Rank: c.rank, Turns: c.turns}
		if got := x.TurnsTo(c.k, c.limit); got != c.want || x.Hit(c.k) != c.hit {
			t.Errorf("%+v: hit %v after %d", c, x.Hit(c.k), got)
		}
	}
}

func TestPass(t *testing.T) {
	for _, c := range []struct {
		successes, n, k int
		want            float64
	}{
		{3, 4, 1, .75}, {3, 4, 2, .5}, {3, 4, 3, .25}, {3, 4, 4, 0}, // C(3,2)/C(4,2) = 3/6, C(3,3)/C(4,3) = 1/4
		{4, 4, 4, 1}, {0, 4, 1, 0}, {5, 8, 3, 10. / 56}, {1, 1, 1, 1},
	} {
		if got := Pass(c.successes, c.n, c.k); math.Abs(got-c.want) > 1e-15 {
			t.Errorf("%+v: %v", c, got)
		}
	}
	for _, c := range [][3]int{{1, 2, 3}, {1, 2, 0}, {3, 2, 1}, {-1, 2, 1}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%v: no panic", c)
				}
			}()
			Pass(c[0], c[1], c[2])
		}()
	}
}

// Over many draws of n repeats, the mean of the estimate is p to the k.
func TestPassIsUnbiased(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const p, n, k, draws = .7, 5, 3, 200_000
	mean := 0.0
	for range draws {
		successes := 0
		for range n {
			if r.Float64() < p {
				successes++
			}
		}
		mean += Pass(successes, n, k) / draws
	}
	if math.Abs(mean-p*p*p) > .003 {
		t.Errorf("%v, want %v", mean, p*p*p)
	}
}

func TestMeasures(t *testing.T) {
	// User 7 hits in one of two repeats, user 3 never; hits and turns by hand, limit 5.
	all := []Conversation{
		{
			User: 7, Rank: 2, Turns: 2, ByKind: map[Kind]Share{Volunteered: {3, 4}}, Known: Share{3, 4}, Items: Share{1, 4},
			Calls: 4, PromptTokens: 100, OutputTokens: 10, ToolCalls: 4, ToolErrors: 1, Seconds: 1,
		},
		{User: 3, Turns: 5, ByKind: map[Kind]Share{Hidden: {0, 5}}, Items: Share{0, 5}, Calls: 5},
		{User: 7, Turns: 5, ByKind: map[Kind]Share{Volunteered: {0, 1}}, Known: Share{1, 4}, Calls: 10, PromptTokens: 180, OutputTokens: 4, ToolCalls: 6, Seconds: 6},
		{User: 3}, // failed before its first turn
	}
	want := map[string]Measure{
		"hit@10":                {Users: []int32{3, 7}, Values: []float64{0, .5}},
		"turns":                 {Users: []int32{3, 7}, Values: []float64{6, 4}}, // (2 + 6) / 2
		"pass^1":                {Users: []int32{3, 7}, Values: []float64{0, .5}},
		"pass^2":                {Users: []int32{3, 7}, Values: []float64{0, 0}},
		"satisfied volunteered": {Users: []int32{7}, Values: []float64{3. / 5}},
		"satisfied on ask":      {},
		"satisfied hidden":      {Users: []int32{3}, Values: []float64{0}},
		"satisfied known":       {Users: []int32{7}, Values: []float64{.5}},
		"satisfied all":         {Users: []int32{3, 7}, Values: []float64{0, .25}},
		"tool errors":           {Users: []int32{7}, Values: []float64{.1}},
		"calls a turn":          {Users: []int32{3, 7}, Values: []float64{1, 2}},
		"prompt tokens a turn":  {Users: []int32{3, 7}, Values: []float64{0, 40}},
		"output tokens a turn":  {Users: []int32{3, 7}, Values: []float64{0, 2}},
		"tool calls a turn":     {Users: []int32{3, 7}, Values: []float64{0, 10. / 7}},
		"seconds a turn":        {Users: []int32{3, 7}, Values: []float64{0, 1}},
	}
	got := Measures(all, 10, 5)
	if len(got) != len(want) {
		t.Errorf("%d measures, want %d", len(got), len(want))
	}
	for _, m := range got {
		w, ok := want[m.Name]
		if !ok || !slices.Equal(m.Users, w.Users) || !slices.EqualFunc(m.Values, w.Values, func(a, b float64) bool { return math.Abs(a-b) < 1e-15 }) {
			t.Errorf("%+v, want %+v", m, w)
		}
	}
	if m := got[0].Mean(); m != .25 {
		t.Errorf("the mean is %v", m)
	}
	if m := Measures(nil, 10, 5); m[0].Mean() != 0 {
		t.Errorf("of nothing: %+v", m)
	}
}

// Who has fewer repeats than k says nothing of pass^k.
func TestUnequalRepeats(t *testing.T) {
	for _, m := range Measures([]Conversation{{User: 1, Rank: 1, Turns: 1}, {User: 2, Rank: 1, Turns: 1}, {User: 2, Rank: 1, Turns: 1}}, 1, 5) {
		if m.Name == "pass^2" && (!slices.Equal(m.Users, []int32{2}) || m.Values[0] != 1) {
			t.Errorf("%+v", m)
		}
	}
}

func TestQuantiles(t *testing.T) {
	if got := Quantiles([]int{4, 1, 3, 2}, 0, .5, 1, 1./3); !slices.Equal(got, []float64{1, 2.5, 4, 2}) {
		t.Errorf("%v", got)
	}
	if got := Quantiles([]int{9}, .25); !slices.Equal(got, []float64{9}) {
		t.Errorf("%v", got)
	}
	if Quantiles(nil, .5) != nil {
		t.Error("of nothing")
	}
}
