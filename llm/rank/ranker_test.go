package rank

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"llm4rec/data"
	"llm4rec/llm"
	"llm4rec/models"
)

// Whatever a model says, the answer is the same candidates, those that it names first, with scores that fall.
func TestPermutation(t *testing.T) {
	first := firstStage(5, 8)
	for _, method := range []string{"listwise", "window", "pairwise", "heapsort", "setwise"} {
		for _, says := range []*fake{says("", llm.Stop), says("", llm.Length), says("no", llm.Filtered), says(`{"ranking":[5,5,99]}`, llm.Stop), says(`{"best":9}`, llm.Stop), says("4\n2", llm.Stop)} {
			for _, schema := range []bool{true, false} {
				c := Default()
				c.Method, c.Schema, c.Candidates = method, schema, 6
				r := prepared(t, c, says, catalogue(20))
				got, err := r.Rank(t.Context(), models.Query{}, first)
				if err != nil {
					t.Fatal(err)
				}
				sorted := ids(got)
				slices.Sort(sorted)
				if !slices.Equal(sorted, ids(first)) || !slices.Equal(ids(got)[6:], ids(first)[6:]) {
					t.Errorf("%s: %v", method, ids(got))
				}
				for n, x := range got {
					if x.Score != float32(len(got)-n) {
						t.Errorf("%s: scores %v", method, got)
					}
				}
			}
		}
	}
	r := prepared(t, Default(), says("4\n2", llm.Stop), catalogue(20))
	r.config.Schema = false
	got, err := r.Rank(t.Context(), models.Query{}, first)
	if err != nil || !slices.Equal(ids(got), []int32{8, 6, 5, 7, 9, 10, 11, 12}) {
		t.Errorf("two named: %v, %v", ids(got), err)
	}
	for n := range 2 {
		f := says("", llm.Stop)
		got, err := prepared(t, Default(), f, catalogue(20)).Rank(t.Context(), models.Query{}, first[:n])
		if err != nil || len(got) != n || len(f.asked) != 0 {
			t.Errorf("%d candidates: %v, %v, %d calls", n, got, err, len(f.asked))
		}
	}
	if _, err := r.Rank(t.Context(), models.Query{}, []models.Scored{{Item: 20}, {Item: 1}}); err == nil {
		t.Error("a candidate outside the catalogue: no error")
	}
}

// Nothing but history, user and candidates reaches the model: neither what else a query says nor what is held out.
func TestNothingElseIsSeen(t *testing.T) {
	asked := func(q models.Query, valid data.Part) []llm.Request {
		c := Default()
		c.Again, c.Order, c.Rounds, c.Prompt = 2, "shuffled", 2, "evidence"
		train := catalogue(20)
		train.Valid = valid
		f := says("hello", llm.Stop)
		if _, err := prepared(t, c, f, train).Rank(t.Context(), q, firstStage(4, 6)); err != nil {
			t.Fatal(err)
		}
		return f.asked
	}
	q := models.Query{User: 3, History: []int32{1, 2}}
	one := asked(q, data.Part{})
	q.Times, q.At, q.Exclude, q.Candidates, q.K = []int64{5, 6}, 9, []int32{1, 2}, []int32{4, 5, 6, 7, 8, 9}, 3
	two := asked(q, data.Part{Cases: []data.Case{{User: 3, History: []int32{1}}}, Relevant: [][]int32{{7}}})
	if len(one) != 6 || !reflect.DeepEqual(one, two) {
		t.Errorf("%d and %d requests differ", len(one), len(two))
	}
	seen := map[[2]int64]bool{}
	for _, r := range one {
		seen[[2]int64{r.Seed, r.Replica}] = true
	}
	if len(seen) != 6 {
		t.Errorf("of 2 rounds and 3 attempts, seed and replica tell apart %d", len(seen))
	}
}

// An answer and the report do not depend on who else is asked for, in what order, or at the same time.
func TestOrderOfUsers(t *testing.T) {
	run := func(order []int, parallel bool) ([][]int32, Report) {
		c := Default()
		c.Order, c.Rounds, c.Candidates, c.Inject = "shuffled", 3, 6, &Injection{"override", "title"}
		f := ideal(func(x int) float64 { return float64(x * 7 % 31) })
		r := prepared(t, c, f, catalogue(40))
		out := make([][]int32, len(order))
		var wait sync.WaitGroup
		for _, u := range order {
			rank := func() {
				got, err := r.Rank(t.Context(), models.Query{User: int32(u), History: []int32{int32(u)}}, firstStage(u, 9))
				if err != nil {
					t.Error(err)
				}
				out[u] = ids(got)
			}
			if wait.Go(rank); !parallel {
				wait.Wait()
			}
		}
		wait.Wait()
		return out, r.Report()
	}
	lists, report := run(firstN(20), false)
	back := firstN(20)
	slices.Reverse(back)
	for _, parallel := range []bool{false, true} {
		l, r := run(back, parallel)
		if !reflect.DeepEqual(l, lists) || !reflect.DeepEqual(r, report) {
			t.Errorf("parallel %v: %+v, want %+v", parallel, r, report)
		}
	}
}

// Every round of every user sees candidates in an order of its own, the same in another run of the seed.
func TestRounds(t *testing.T) {
	const users, rounds, n = 40, 5, 10
	orders := func(seed uint64) (out []string) {
		c := Default()
		c.Order, c.Rounds, c.Candidates, c.Seed = "shuffled", rounds, n, seed
		r := prepared(t, c, says("", llm.Stop), catalogue(20))
		for u := range users {
			q, err := r.Preview(t.Context(), models.Query{User: int32(u)}, firstStage(0, n))
			if err != nil || len(q) != rounds {
				t.Fatalf("%d requests, %v", len(q), err)
			}
			for _, x := range q {
				out = append(out, strings.Join(shownIn(x), " "))
			}
		}
		return out
	}
	one := orders(1)
	if distinct := slices.Compact(slices.Sorted(slices.Values(one))); len(distinct) != users*rounds {
		t.Errorf("%d orders of %d", len(distinct), users*rounds)
	}
	if !slices.Equal(one, orders(1)) || slices.Equal(one, orders(2)) {
		t.Error("orders do not follow the seed")
	}
	// An item stands everywhere equally often: χ² over its places, whose 99.9 % quantile with 9 degrees of freedom is 27.9.
	var at [n]float64
	for _, o := range one {
		for p, title := range strings.Split(strings.ReplaceAll(o, "Film ", "Film_"), " ") {
			if title == "Film_0" {
				at[p]++
			}
		}
	}
	chi := 0.0
	for _, x := range at {
		chi += (x - users*rounds/n) * (x - users*rounds/n) / (users * rounds / n)
	}
	if chi > 27.9 {
		t.Errorf("places of one item: %v", at)
	}
}

// Windows go from the last candidates to the first, and leave none out.
func TestWindows(t *testing.T) {
	for _, x := range []struct {
		candidates, size, step int
		want                   [][2]int // first and last item of each window
	}{
		{12, 6, 3, [][2]int{{6, 11}, {3, 8}, {0, 5}}},
		{7, 5, 5, [][2]int{{2, 6}, {0, 4}}},
		{6, 5, 0, [][2]int{{1, 5}, {0, 4}}},
		{5, 10, 0, [][2]int{{0, 4}}},
		{5, 5, 0, [][2]int{{0, 4}}},
	} {
		c := Default()
		c.Method, c.Size, c.Step = "window", x.size, x.step
		q, err := prepared(t, c, says("", llm.Stop), catalogue(20)).Preview(t.Context(), models.Query{}, firstStage(0, x.candidates))
		if err != nil || len(q) != len(x.want) {
			t.Errorf("%+v: %d requests, %v", x, len(q), err)
			continue
		}
		for n, r := range q {
			shown := shownIn(r)
			if shown[0] != fmt.Sprintf("Film %d", x.want[n][0]) || shown[len(shown)-1] != fmt.Sprintf("Film %d", x.want[n][1]) {
				t.Errorf("%+v: window %d is %v", x, n, shown)
			}
		}
	}
}

// A model that puts first what it is shown first shows in the curve, and its rounds average out.
func TestPositionBias(t *testing.T) {
	biased := &fake{answer: func(q llm.Request, shown []string) llm.Response {
		numbers := firstN(len(shown))
		for n := range numbers {
			numbers[n]++
		}
		return order2text(q, numbers)
	}}
	c := Default()
	c.Candidates, c.Order, c.Rounds = 5, "shuffled", 2
	r := prepared(t, c, biased, catalogue(20))
	for u := range 10 {
		if _, err := r.Rank(t.Context(), models.Query{User: int32(u)}, firstStage(u, 6)); err != nil {
			t.Fatal(err)
		}
	}
	for p, x := range r.Report().Positions {
		want := Position{Shown: 20, Mean: float64(p + 1)}
		if p == 0 {
			want.First = 1
		}
		if x != want {
			t.Errorf("position %d: %+v, want %+v", p+1, x, want)
		}
	}
	pairs := Default()
	pairs.Candidates, pairs.Method = 5, "pairwise"
	r = prepared(t, pairs, biased, catalogue(20))
	got, err := r.Rank(t.Context(), models.Query{}, firstStage(2, 5))
	if err != nil || !slices.Equal(ids(got), []int32{2, 3, 4, 5, 6}) {
		t.Errorf("nobody wins both: %v, %v", ids(got), err)
	}
	if p := r.Report().Positions; len(p) != 2 || p[0].First != 1 || p[1].First != 0 || p[0].Mean != 0 {
		t.Errorf("pairs: %+v", p)
	}
}

// A bad answer is asked for again, and what that costs is counted.
func TestAgain(t *testing.T) {
	n := 0
	f := &fake{answer: func(q llm.Request, shown []string) llm.Response {
		n++
		out := llm.Response{Text: "?", PromptTokens: 100, OutputTokens: 10, CachedTokens: 50, Wall: time.Second, Decode: time.Second / 2, Recorded: n == 1}
		if n == 3 {
			out.Text = `{"ranking":[2,1]}`
		}
		return out
	}}
	c := Default()
	c.Again, c.Seed, c.Replica = 5, 7, 3
	r := prepared(t, c, f, catalogue(20))
	got, err := r.Rank(t.Context(), models.Query{}, firstStage(4, 2))
	if err != nil || !slices.Equal(ids(got), []int32{5, 4}) {
		t.Fatalf("%v, %v", got, err)
	}
	rep := r.Report()
	want := Report{
		Prompt: "sequential", Version: 1, PromptHash: r.prompt.Hash, Wording: "movie", Method: "listwise",
		Users: 1, Calls: 3, Recorded: 1, Again: 2, Answers: map[Class]int{Unreadable: 2, OK: 1},
		PromptTokens: 300, CachedTokens: 150, OutputTokens: 30, Walls: []time.Duration{3 * time.Second}, TokensPerSecond: 20,
		Positions:    []Position{{Shown: 1, Mean: 2}, {Shown: 1, First: 1, Mean: 1}},
		Popularity:   []Popularity{{.5, .5}, {.5, .5}}, // all items are equally popular
		Displacement: 1, Tau: -1,
	}
	if !reflect.DeepEqual(rep, want) {
		t.Errorf("got %+v, want %+v", rep, want)
	}
	if f.asked[0].Seed != 7 || f.asked[1].Seed == 7 || f.asked[0].Replica == f.asked[1].Replica {
		t.Errorf("seeds and replicas: %+v", f.asked)
	}
	if text, err := json.Marshal(rep); err != nil || !strings.Contains(string(text), `"answers":{"ok":1,"unreadable":2}`) {
		t.Errorf("%s, %v", text, err)
	}
}

type failing struct{ *fake }

func (failing) Generate(context.Context, llm.Request) (llm.Response, error) {
	return llm.Response{}, &llm.Error{Kind: llm.RateLimited}
}

// A call that fails is the user's error, of its own type, and is counted.
func TestFailures(t *testing.T) {
	c := Default()
	c.Chat = func() (llm.Chat, error) { return failing{}, nil }
	r, err := c.Prepare(t.Context(), catalogue(20))
	if err != nil {
		t.Fatal(err)
	}
	var failed *llm.Error
	if _, err := r.Rank(t.Context(), models.Query{User: 4}, firstStage(1, 3)); !errors.As(err, &failed) || !strings.Contains(err.Error(), "user 4") {
		t.Errorf("got %v", err)
	}
	if rep := r.(*Ranker).Report(); rep.Failures != 1 || rep.Calls != 1 || rep.Users != 0 {
		t.Errorf("%+v", rep)
	}
	c = Default()
	c.Method = "pointwise"
	if _, err := prepared(t, c, says("yes", llm.Stop), catalogue(20)).Rank(t.Context(), models.Query{}, firstStage(1, 3)); !errors.Is(err, errNoLogprobs) {
		t.Errorf("no log-probabilities: %v", err)
	}
	c.Chat = nil
	if r, err = c.Prepare(t.Context(), catalogue(20)); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Rank(t.Context(), models.Query{}, firstStage(1, 3)); err == nil {
		t.Error("nobody to ask: no error")
	}
	c.Chat = func() (llm.Chat, error) { return nil, errors.New("no key") }
	if _, err := c.Prepare(t.Context(), catalogue(20)); err == nil {
		t.Error("no client: no error")
	}
}

func firstNItems(n int) []int32 {
	out := make([]int32, n)
	for i := range out {
		out[i] = int32(i)
	}
	return out
}

func TestPopularity(t *testing.T) {
	if got := percentiles([]int64{5, 1, 5, 0}); !slices.Equal(got, []int64{5, 2, 5, 0}) {
		t.Errorf("%v", got) // over 6: 5/6, 1/3, 5/6, 0
	}
	train := catalogue(5)
	train.Inter = data.Interactions{User: []int32{0, 1, 2, 3, 0}, Item: []int32{4, 4, 4, 3, 3}, Rating: make([]float32, 5), Time: make([]int64, 5)}
	c := Default()
	r := prepared(t, c, ideal(func(x int) float64 { return float64(x) }), train)
	if _, err := r.Rank(t.Context(), models.Query{}, []models.Scored{{Item: 2}, {Item: 3}, {Item: 4}}); err != nil {
		t.Fatal(err)
	}
	rep := r.Report()
	if !slices.Equal(rep.Popularity, []Popularity{{.25, 1}, {.75, .75}, {1, .25}}) || rep.Displacement != 4./3 || rep.Tau != -1 {
		t.Errorf("%+v", rep)
	}
}
