package data

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// drawSplittable makes a data set without repeated pairs, whose ratings are the positions in the file: an interaction
// can then be told by user and item, and its place in the file by its rating.
func drawSplittable(t *rapid.T) *Dataset {
	users := rapid.IntRange(3, 15).Draw(t, "users")
	items := rapid.IntRange(3, 12).Draw(t, "items")
	type pair struct{ u, i int }
	pairs := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) pair {
		return pair{rapid.IntRange(1, users).Draw(t, "u"), rapid.IntRange(1, items).Draw(t, "i")}
	}), 6, users*items, func(p pair) pair { return p }).Draw(t, "pairs")
	latest := rapid.Int64Range(0, 40).Draw(t, "latest") // few different times make many ties
	b := NewBuilder(len(pairs))
	for n, p := range pairs {
		b.Add([]byte{byte('a' + p.u)}, []byte{byte('a' + p.i)}, float32(n), rapid.Int64Range(0, latest).Draw(t, "time"))
	}
	d, err := b.Build("drawn")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

var anyMethod = []string{"leave-one-out", "temporal", "ratio", "user-cold", "item-cold"}

// drawSpec draws a complete specification of one of the methods.
func drawSpec(t *rapid.T, methods ...string) SplitSpec {
	s, err := drawKeys(t, methods).WithDefaults()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func drawKeys(t *rapid.T, methods []string) SplitSpec {
	s := SplitSpec{
		Method:     rapid.SampledFrom(methods).Draw(t, "method"),
		MinHistory: rapid.IntRange(1, 3).Draw(t, "min history"),
	}
	if s.Method == "leave-one-out" {
		return s
	}
	if s.Method == "temporal" && rapid.Bool().Draw(t, "cut times") {
		s.ValidFrom = rapid.Int64Range(1, 30).Draw(t, "valid from")
		s.TestFrom = s.ValidFrom + rapid.Int64Range(1, 10).Draw(t, "test from")
		return s
	}
	s.Valid = rapid.Float64Range(.1, .45).Draw(t, "valid")
	s.Test = rapid.Float64Range(.25, .5).Draw(t, "test")
	if s.Method != "temporal" {
		s.Seed = rapid.Int64().Draw(t, "seed")
	}
	if s.Method == "ratio" {
		s.By = rapid.SampledFrom([]string{"", "user", "global"}).Draw(t, "by")
	}
	if s.Method == "ratio" || s.Method == "user-cold" {
		s.Order = rapid.SampledFrom([]string{"", "time", "random"}).Draw(t, "order")
	}
	if s.Method == "user-cold" {
		s.FoldIn = rapid.Float64Range(.1, .9).Draw(t, "fold in")
	}
	return s
}

// splitOf splits a drawn data set, or passes over one in which nothing is left to train on or to test.
func splitOf(t *rapid.T, d *Dataset, s SplitSpec) *Split {
	got, err := d.Split(s)
	if err == nil {
		return got
	}
	for _, fine := range []string{"nothing is left to train on", "no user is left to test", "no interaction is earlier"} {
		if strings.Contains(err.Error(), fine) {
			t.Skip(err)
		}
	}
	t.Fatal(err)
	return nil
}

// pairs maps user and item to the position of their interaction in the data set.
func pairs(x Interactions) map[[2]int32]int {
	out := map[[2]int32]int{}
	for p, u := range x.User {
		out[[2]int32{u, x.Item[p]}] = p
	}
	return out
}

// answersOf are the positions of a part's answers.
func answersOf(d *Dataset, part Part) map[int]bool {
	at := pairs(d.Inter)
	out := map[int]bool{}
	for n, c := range part.Cases {
		for _, i := range part.Relevant[n] {
			out[at[[2]int32{c.User, i}]] = true
		}
	}
	return out
}

func TestEverySplit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawSplittable(t)
		before := d.Checksum()
		spec := drawSpec(t, anyMethod...)
		s := splitOf(t, d, spec)
		at := pairs(d.Inter)

		// Nothing that is asked was seen in training, and nothing is asked in both parts.
		train := map[int]bool{}
		last := -1
		for n, u := range s.Train.Inter.User {
			p := at[[2]int32{u, s.Train.Inter.Item[n]}]
			if p <= last {
				t.Fatal("training interactions are not in canonical order")
			}
			train[p], last = true, p
		}
		valid, test := answersOf(d, s.Valid), answersOf(d, s.Test)
		for p := range d.Inter.Len() {
			if train[p] && (valid[p] || test[p]) || valid[p] && test[p] {
				t.Fatalf("interaction %d is used twice", p)
			}
		}
		if len(s.Train.Valid.Cases) != len(s.Valid.Cases) || s.Train.NumUsers != d.Users.Len() || s.Train.NumItems != d.Items.Len() {
			t.Fatal("the training part describes another split")
		}

		for _, part := range []struct {
			name string
			Part
		}{{"valid", s.Valid}, {"test", s.Test}} {
			for n, c := range part.Cases {
				relevant := part.Relevant[n]
				if n > 0 && part.Cases[n-1].User >= c.User {
					t.Fatalf("%s: users do not ascend", part.name)
				}
				if len(c.History) < spec.MinHistory || len(c.History) != len(c.Times) {
					t.Fatalf("%s: history %v with times %v", part.name, c.History, c.Times)
				}
				if len(relevant) == 0 || !slices.IsSorted(relevant) || len(slices.Compact(slices.Clone(relevant))) != len(relevant) {
					t.Fatalf("%s: relevant items %v", part.name, relevant)
				}
				// The history is a part of the user's interactions, in their order, without the answers.
				last := -1
				for k, i := range c.History {
					p, ok := at[[2]int32{c.User, i}]
					if !ok || p <= last || d.Inter.Time[p] != c.Times[k] || slices.Contains(relevant, i) {
						t.Fatalf("%s: user %d: history %v, answers %v", part.name, c.User, c.History, relevant)
					}
					last = p
				}
				// The question is asked when the first answer happens; where time decides, all of the history is before.
				first := d.Inter.Len()
				for _, i := range relevant {
					first = min(first, at[[2]int32{c.User, i}])
				}
				if c.At != d.Inter.Time[first] {
					t.Fatalf("%s: asked at %d, first answer at %d", part.name, c.At, d.Inter.Time[first])
				}
				if inTime := spec.Method != "item-cold" && spec.Order != "random"; inTime && last > first {
					t.Fatalf("%s: user %d: history reaches beyond the first answer", part.name, c.User)
				}
			}
		}

		// Every user is asked, or counted with the reason.
		skipped := 0
		for n := range maps.Values(s.Skipped) {
			skipped += n
		}
		if skipped+len(s.Test.Cases) != d.Users.Len() {
			t.Fatalf("%d users asked and %v skipped, of %d", len(s.Test.Cases), s.Skipped, d.Users.Len())
		}

		again, err := d.Split(spec)
		if err != nil || again.Checksum() != s.Checksum() || d.Checksum() != before {
			t.Fatal("splitting again gives another split, or changed the data")
		}
	})
}

// The history of a test case is what the user did in training and validation, and all of it. A validation answer that
// nobody was asked for, because the history was too short, still belongs to it.
func TestTestHistoryIsTrainingAndValidation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawSplittable(t)
		spec := drawSpec(t, "leave-one-out", "temporal", "ratio", "item-cold")
		spec.MinHistory = 1
		s := splitOf(t, d, spec)
		train, valid := pairs(s.Train.Inter), answersOf(d, s.Valid)
		for n, c := range s.Test.Cases {
			for p, u := range d.Inter.User {
				if u != c.User {
					continue
				}
				i := d.Inter.Item[p]
				_, trained := train[[2]int32{u, i}]
				if (trained || valid[p]) && !slices.Contains(c.History, i) {
					t.Fatalf("user %d: item %d is missing in the history %v", u, i, c.History)
				}
				if !slices.Contains(c.History, i) && !slices.Contains(s.Test.Relevant[n], i) {
					t.Fatalf("user %d: item %d is neither history nor answer", u, i)
				}
			}
		}
	})
}

func TestTemporalSplitHasNoFuture(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawSplittable(t)
		spec := drawSpec(t, "temporal")
		s := splitOf(t, d, spec)
		trained := slices.Max(s.Train.Inter.Time)
		for p := range answersOf(d, s.Valid) {
			trained = max(trained, d.Inter.Time[p]) // what is known when the test begins
			if d.Inter.Time[p] <= slices.Max(s.Train.Inter.Time) {
				t.Fatalf("a validation answer of time %d is not later than all of training", d.Inter.Time[p])
			}
		}
		for p := range answersOf(d, s.Test) {
			if d.Inter.Time[p] <= trained {
				t.Fatalf("a test answer of time %d is not later than %d, which is known", d.Inter.Time[p], trained)
			}
		}
	})
}

func TestColdSplitsAreCold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawSplittable(t)
		spec := drawSpec(t, "user-cold", "item-cold")
		s := splitOf(t, d, spec)
		for _, part := range []Part{s.Valid, s.Test} {
			for n, c := range part.Cases {
				if spec.Method == "user-cold" && slices.Contains(s.Train.Inter.User, c.User) {
					t.Fatalf("user %d is asked and trained on", c.User)
				}
				for _, i := range part.Relevant[n] {
					if spec.Method == "item-cold" && slices.Contains(s.Train.Inter.Item, i) {
						t.Fatalf("item %d is an answer and trained on", i)
					}
				}
			}
		}
	})
}

// The leak changes what models see, and nothing that is asked.
func TestLeak(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawSplittable(t)
		spec := drawSpec(t, anyMethod...)
		s := splitOf(t, d, spec)
		spec.Leak = "train-on-test"
		leak, err := d.Split(spec)
		if err != nil {
			t.Fatal(err)
		}
		if leak.Train.Inter.Len() != d.Inter.Len() || leak.Checksum() == s.Checksum() {
			t.Fatalf("%d of %d interactions leak", leak.Train.Inter.Len(), d.Inter.Len())
		}
		leak.Train = s.Train
		if leak.Checksum() != s.Checksum() {
			t.Fatal("other cases are asked")
		}
	})
}

// Of interactions at one time, the one that stands last in the file is the last one.
func TestTiesKeepFileOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawSplittable(t)
		x := d.Inter
		for p := 1; p < x.Len(); p++ {
			if x.User[p] == x.User[p-1] && (x.Time[p] < x.Time[p-1] || x.Time[p] == x.Time[p-1] && x.Rating[p] < x.Rating[p-1]) {
				t.Fatalf("line %v stands before line %v", x.Rating[p-1], x.Rating[p])
			}
		}
	})
}

// A data set that brings the leave-one-out split of another gives the same cases.
func TestGivenSplit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawSplittable(t)
		s := splitOf(t, d, SplitSpec{Method: "leave-one-out", MinHistory: 1})
		g := *d
		g.Given = &Given{Train: make([]bool, d.Inter.Len()), Valid: s.Valid, Test: s.Test}
		train := pairs(s.Train.Inter)
		for pair, p := range pairs(d.Inter) {
			_, g.Given.Train[p] = train[pair]
		}
		got, err := g.Split(SplitSpec{Method: "given", MinHistory: 1})
		if err != nil {
			t.Fatal(err)
		}
		if got.Checksum() != s.Checksum() {
			t.Fatal("the given split is another one")
		}
	})
	d := build(t, row{"1", "1", 1, 1})
	if _, err := d.Split(SplitSpec{Method: "given"}); err == nil || !strings.Contains(err.Error(), "small: split given: this data set brings no split") {
		t.Errorf("error %v", err)
	}
}

func TestML100KLeaveOneOut(t *testing.T) {
	d := ml100k(t)
	spec, err := SplitSpec{Method: "leave-one-out"}.WithDefaults()
	if err != nil {
		t.Fatal(err)
	}
	s, err := d.Split(spec)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Test.Cases) != 943 || len(s.Valid.Cases) != 943 || s.Train.Inter.Len() != 100_000-2*943 {
		t.Fatalf("%d test and %d validation cases, %d training interactions", len(s.Test.Cases), len(s.Valid.Cases), s.Train.Inter.Len())
	}
	popularity := s.Train.Popularity()
	untrained, targets := 0, 0
	for _, n := range popularity {
		if n == 0 {
			untrained++
		}
	}
	for _, r := range s.Test.Relevant {
		if popularity[r[0]] == 0 {
			targets++
		}
	}
	if untrained != 4 || targets != 3 {
		t.Errorf("%d items have no training data and are %d targets, want 4 and 3", untrained, targets)
	}

	// The file read backwards has the same times but every tie the other way round.
	b := NewBuilder(d.Inter.Len())
	for p := d.Inter.Len() - 1; p >= 0; p-- {
		x := d.Inter
		b.Add([]byte(d.Users.Raw(x.User[p])), []byte(d.Items.Raw(x.Item[p])), x.Rating[p], x.Time[p])
	}
	reversed, err := b.Build("reversed")
	if err != nil {
		t.Fatal(err)
	}
	r, err := reversed.Split(spec)
	if err != nil {
		t.Fatal(err)
	}
	changed := 0
	for n := range s.Test.Relevant {
		if !slices.Equal(s.Test.Relevant[n], r.Test.Relevant[n]) {
			changed++
		}
	}
	if changed != 415 {
		t.Errorf("reversing the ties changes %d targets, want 415", changed)
	}
}

func TestSpecErrorsNameTheKey(t *testing.T) {
	for key, s := range map[string]SplitSpec{
		"split":       {Method: "loo"},
		"valid":       {Method: "leave-one-out", Valid: .1},
		"test":        {Method: "ratio", Valid: .5, Test: .5},
		"valid_from":  {Method: "temporal", ValidFrom: 5, TestFrom: 5},
		"test_from":   {Method: "ratio", TestFrom: 5},
		"by":          {Method: "ratio", By: "item"},
		"order":       {Method: "user-cold", Order: "size"},
		"split_seed":  {Method: "temporal", Seed: 1},
		"fold_in":     {Method: "user-cold", FoldIn: 1},
		"min_history": {Method: "leave-one-out", MinHistory: -1},
		"leak":        {Method: "leave-one-out", Leak: "yes"},
	} {
		_, err := s.WithDefaults()
		var spec *SpecError
		if !errors.As(err, &spec) || spec.Key != key {
			t.Errorf("%+v: error %v, want one of %s", s, err, key)
		}
	}
}

// What happened at a cut time comes after the cut, whether the time was given or found from a share.
func TestTemporalCuts(t *testing.T) {
	d := build(t,
		row{"1", "1", 1, 10}, row{"1", "2", 1, 20}, row{"1", "3", 1, 30}, row{"1", "4", 1, 40},
		row{"2", "5", 1, 10}, row{"2", "6", 1, 20}, row{"2", "7", 1, 20}, row{"2", "8", 1, 30}, row{"2", "9", 1, 30}, row{"2", "10", 1, 30},
	)
	for name, spec := range map[string]SplitSpec{
		"times": {Method: "temporal", ValidFrom: 20, TestFrom: 30},
		// The share of .4 is in the middle of the ties at 30: the cut is moved before them, not through them.
		"shares": {Method: "temporal", Valid: .3, Test: .4},
	} {
		spec, err := spec.WithDefaults()
		if err != nil {
			t.Fatal(err)
		}
		s, err := d.Split(spec)
		if err != nil {
			t.Fatal(err)
		}
		raw := func(items []int32) string {
			var out []string
			for _, i := range items {
				out = append(out, d.Items.Raw(i))
			}
			return strings.Join(out, " ")
		}
		got := []string{raw(s.Train.Inter.Item), raw(s.Valid.Relevant[0]), raw(s.Valid.Relevant[1]), raw(s.Test.Relevant[0]), raw(s.Test.Relevant[1]), raw(s.Test.Cases[1].History)}
		if want := []string{"1 5", "2", "6 7", "3 4", "8 9 10", "5 6 7"}; !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

// The numbers of a ratio split are rounded down, and the latest interactions are held out.
func TestRatioByHand(t *testing.T) {
	var rows []row
	for n := range 19 {
		rows = append(rows, row{"1", string(rune('a' + n)), 1, int64(100 - n)}) // a is the latest
	}
	d := build(t, rows...)
	spec, err := SplitSpec{Method: "ratio", Valid: .1, Test: .2}.WithDefaults()
	if err != nil {
		t.Fatal(err)
	}
	s, err := d.Split(spec)
	if err != nil {
		t.Fatal(err)
	}
	// 3 of 19 test, 1 validation.
	if got := s.Test.Relevant[0]; !slices.Equal(got, []int32{0, 1, 2}) {
		t.Errorf("test items %v", got)
	}
	if got := s.Valid.Relevant[0]; !slices.Equal(got, []int32{3}) {
		t.Errorf("validation items %v", got)
	}
	if c := s.Test.Cases[0]; len(c.History) != 16 || c.History[0] != 18 || c.History[15] != 3 || c.At != 98 {
		t.Errorf("test case %+v", c)
	}
}
