package tune

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"llm4rec/bench"
	"llm4rec/data"
	"llm4rec/data/synthetic"
	"llm4rec/gpu"
	"llm4rec/models"
	"llm4rec/results"
)

// knob is a model of known value: it puts the answer of every validation case at rank Rank + 8/Epochs.
type knob struct {
	Rank   int    `json:"rank" yaml:"rank"`
	Epochs int    `json:"epochs" yaml:"epochs"`
	Breaks string `json:"breaks" yaml:"breaks"`

	fitted func() // called by every fit
}

func (k knob) Validate() error {
	if k.Rank < 1 {
		return fmt.Errorf("rank: want at least 1, got %d", k.Rank)
	}
	return nil
}

func (k knob) rank() int { return k.Rank + 8/k.Epochs }

func (k knob) Fit(ctx context.Context, train *data.Train) (models.Recommender, error) {
	k.fitted()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	switch k.Breaks {
	case "error":
		return nil, errors.New("diverged")
	case "panic":
		panic("out of range")
	}
	answers := map[int32]int32{}
	for n, c := range train.Valid.Cases {
		answers[c.User] = train.Valid.Relevant[n][0]
	}
	return recommender{k.rank(), answers}, nil
}

type recommender struct {
	rank    int
	answers map[int32]int32
}

func (r recommender) Recommend(_ context.Context, qs []models.Query) ([][]models.Scored, error) {
	out := make([][]models.Scored, len(qs))
	for n, q := range qs {
		answer := r.answers[q.User]
		for i := int32(0); len(out[n]) < q.K; i++ {
			rank := len(out[n]) + 1
			if rank == r.rank {
				out[n] = append(out[n], models.Scored{Item: answer, Score: -float32(rank)})
			} else if i != answer && !slices.Contains(q.Exclude, i) {
				out[n] = append(out[n], models.Scored{Item: i, Score: -float32(rank)})
			}
		}
	}
	return out, nil
}

// value is the metric of a rank.
func value(rank int) float64 {
	if rank > 10 {
		return 0
	}
	return 1 / math.Log2(float64(rank)+1)
}

// bed is a place to run searches of one model in.
type bed struct {
	*Tuner
	fits    int
	onFit   func(fits int)
	dataset *data.Dataset
}

func newBed(t *testing.T) *bed {
	t.Helper()
	c := synthetic.Default()
	c.Users, c.Items, c.Interactions = 40, 60, 900
	b := &bed{dataset: synthetic.Generate(c), onFit: func(int) {}}
	suite := &bench.Suite{
		Named: func(string) error { return nil },
		Open: func(context.Context, string) (*data.Dataset, error) {
			d := *b.dataset
			return &d, nil
		},
	}
	fit := func() { b.fits++; b.onFit(b.fits) }
	suite.Models = []bench.Model{bench.Register("knob", "", 1, true, knob{Rank: 1, Epochs: 8}, func(k knob, _ bench.Env) models.Fitter {
		k.fitted = fit
		return k
	})}
	b.Tuner = &Tuner{Suite: suite, Device: gpu.CPU(), Out: t.TempDir(), Progress: silent{}, Log: slog.New(slog.DiscardHandler)}
	return b
}

type silent struct{}

func (silent) Begin(string, int)                      {}
func (silent) Stage(string, string, int, int, string) {}
func (silent) End(string, results.Trial, bool)        {}

func (b *bed) plan(t *testing.T, text string) *Plan {
	t.Helper()
	spec := new(Spec)
	source := bench.Source{Name: "x.yaml", Text: []byte("name: x\ndataset: toy\n" + text)}
	if err := source.Decode(spec); err != nil {
		t.Fatal(err)
	}
	p, issues := Resolve(b.Suite, spec)
	for _, i := range issues {
		t.Fatal(source.Locate(i))
	}
	return p
}

func (b *bed) run(t *testing.T, text string) Outcome {
	t.Helper()
	out, err := b.Run(t.Context(), b.plan(t, text))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// places are the ranks by parameter of the configurations, best first, with their epochs.
func places(r Result) (out [][2]any) {
	for _, s := range r.Standings {
		out = append(out, [2]any{s.Params["rank"], s.Params["epochs"]})
	}
	return out
}

const halving = `
budget: {trials: 9, halvings: 2}
systems:
  - name: a
    model: knob
    search: {rank: [5, 4, 3, 2, 1, 6, 7, 8, 9]}
    resource: {param: epochs, least: 2, most: 8}
`

func TestHalving(t *testing.T) {
	b := newBed(t)
	out := b.run(t, halving)
	r := out.Systems[0]
	if r.Trials != 9 || r.Fits != 9+3+1 || b.fits != r.Fits || out.Ran != r.Fits || out.Before+out.Failed != 0 || !out.Complete() {
		t.Errorf("%d trials, %d fits in all, %d made: %+v", r.Trials, r.Fits, b.fits, out)
	}
	// Those that went further come first, whatever their values.
	got := places(r)
	for n, want := range [][2]any{{uint64(1), 8}, {uint64(2), 4}, {uint64(3), 4}, {uint64(4), 2}, {uint64(5), 2}, {uint64(6), 2}} {
		if got[n] != want {
			t.Errorf("place %d: %v, want %v", n+1, got[n], want)
		}
	}
	best, ok := r.Best()
	if !ok || math.Abs(best.Record.Value-value(2)) > 1e-12 || best.Number != 4 || best.Record.Resource != 8 || best.Record.Users != out.Users {
		t.Errorf("best %+v", best)
	}
}

func TestFinishedTrialsAreNotRunAgain(t *testing.T) {
	b := newBed(t)
	first := b.run(t, halving)
	fits := b.fits
	again := b.run(t, halving)
	if b.fits != fits || again.Ran != 0 || again.Before != fits {
		t.Errorf("%d fits after %d: %+v", b.fits, fits, again)
	}
	if !reflect.DeepEqual(first.Systems, again.Systems) {
		t.Errorf("first %+v\nthen %+v", first.Systems, again.Systems)
	}
	// A trial belongs to what determines it.
	for _, change := range [][2]string{{"budget", "metric: recall@5\nbudget"}, {"budget", "seed: 9\nbudget"}, {"budget", "protocol: {seen: none}\nbudget"}} {
		if out := b.run(t, strings.Replace(halving, change[0], change[1], 1)); out.Before != 0 {
			t.Errorf("%s: %d trials were taken for those of another search", change[1], out.Before)
		}
	}
}

func TestInterruptedSearchGoesOn(t *testing.T) {
	want := newBed(t).run(t, halving)
	for stop := 1; stop <= 13; stop++ {
		b := newBed(t)
		ctx, cancel := context.WithCancel(t.Context())
		b.onFit = func(fits int) {
			if fits == stop {
				cancel()
			}
		}
		p := b.plan(t, halving)
		out, err := b.Run(ctx, p)
		if !errors.Is(err, context.Canceled) || out.Ran != stop-1 || out.Failed != 0 {
			t.Fatalf("stopped in fit %d: %v after %d", stop, err, out.Ran)
		}
		out = b.run(t, halving)
		if out.Before != stop-1 || out.Before+out.Ran != 13 {
			t.Errorf("stopped in fit %d: then %d before, %d ran", stop, out.Before, out.Ran)
		}
		if !reflect.DeepEqual(places(out.Systems[0]), places(want.Systems[0])) {
			t.Errorf("stopped in fit %d: %v, want %v", stop, places(out.Systems[0]), places(want.Systems[0]))
		}
	}
}

func TestFailedTrialsAreCounted(t *testing.T) {
	const text = `
budget: {trials: 16}
systems:
  - name: a
    model: knob
    search: {rank: [0, 1], breaks: ["", error, panic]}
`
	b := newBed(t)
	out := b.run(t, text)
	r := out.Systems[0]
	if r.Trials != 6 || r.Failed() != 5 || out.Failed != 5 || out.Ran != 6 {
		t.Errorf("%d trials, %d failed: %+v", r.Trials, r.Failed(), out)
	}
	if best, ok := r.Best(); !ok || best.Params["breaks"] != "" || best.Params["rank"] != uint64(1) {
		t.Errorf("best %+v", best)
	}
	if got, want := r.Errors(), []string{"3 × rank: want at least 1, got 0", "1 × fit: diverged", "1 × panic: out of range"}; !slices.Equal(got, want) {
		t.Errorf("errors %q, want %q", got, want)
	}
	files, err := filepath.Glob(filepath.Join(out.Dir, "trials", "*.failed-1.json"))
	if err != nil || len(files) != 5 {
		t.Errorf("records of failures: %v, %v", files, err)
	}
	if again := b.run(t, text); again.Before != 1 || again.Failed != 5 {
		t.Errorf("the next run: %+v", again)
	}
}

// Where too few succeed, fewer go on: none jumps a round.
func TestFailuresInHalving(t *testing.T) {
	out := newBed(t).run(t, `
budget: {trials: 9, halvings: 2, eta: 2}
systems:
  - name: a
    model: knob
    search: {rank: [3, 2, 0]}
    resource: {param: epochs, least: 2, most: 8}
  - name: b
    model: knob
    params: {breaks: error}
    search: {rank: [3, 2, 1]}
    resource: {param: epochs, least: 2, most: 8}
`)
	if got := places(out.Systems[0]); len(got) != 3 || got[0] != [2]any{uint64(2), 8} || got[2] != [2]any{uint64(0), 2} {
		t.Errorf("got %v", got)
	}
	if _, ok := out.Systems[1].Best(); ok || out.Systems[1].Fits != 3 || out.Complete() {
		t.Errorf("all failed: %+v", out.Systems[1])
	}
	snippet, err := out.Snippet()
	if err != nil || !strings.Contains(snippet, "# b: all 3 trials failed") {
		t.Errorf("snippet %s, %v", snippet, err)
	}
}

// No value depends on a test case: with other answers in the test part all trials are what they were.
func TestTestCasesAreNotSeen(t *testing.T) {
	b := newBed(t)
	b.Suite.Models = append(b.Suite.Models, bench.Register("frequent", "", 1, false, frequent{}, func(f frequent, _ bench.Env) models.Fitter { return f }))
	const text = "budget: {trials: 4}\nsystems:\n  - {name: a, model: frequent, search: {at_most: [5, 10, 20, 100]}}\n"
	before := b.run(t, text)
	changed := b.dataset.Inter.Take(positions(b.dataset.Inter.Len()))
	for n, u := range changed.User {
		if n+1 == len(changed.User) || changed.User[n+1] != u { // the test target of leave-one-out
			changed.Item[n] = (changed.Item[n] + 7) % int32(b.dataset.Items.Len())
		}
	}
	b.dataset.Inter = changed
	after := b.run(t, text)
	if after.Before != 0 {
		t.Fatal("the data are not other data")
	}
	for n, s := range before.Systems[0].Standings {
		if s.Record.Value == 0 {
			t.Error("nothing was found")
		}
		if got := after.Systems[0].Standings[n]; got.Record.Value != s.Record.Value || got.Number != s.Number {
			t.Errorf("place %d: trial %d with %v, before trial %d with %v", n+1, got.Number, got.Record.Value, s.Number, s.Record.Value)
		}
	}
}

func positions(n int) []int {
	out := make([]int, n)
	for p := range out {
		out[p] = p
	}
	return out
}

// frequent ranks by training interactions, of which it counts so many at most: it uses all that a model may.
type frequent struct {
	AtMost int64 `json:"at_most" yaml:"at_most"`
}

func (f frequent) Fit(_ context.Context, train *data.Train) (models.Recommender, error) {
	return counts{train.Popularity(), f.AtMost}, nil
}

type counts struct {
	items  []int64
	atMost int64
}

func (c counts) Recommend(_ context.Context, qs []models.Query) ([][]models.Scored, error) {
	out := make([][]models.Scored, len(qs))
	for n, q := range qs {
		var all []models.Scored
		for i, x := range c.items {
			if !slices.Contains(q.Exclude, int32(i)) {
				all = append(all, models.Scored{Item: int32(i), Score: float32(min(x, c.atMost))})
			}
		}
		slices.SortStableFunc(all, func(a, b models.Scored) int { return int(b.Score - a.Score) })
		out[n] = all[:min(q.K, len(all))]
	}
	return out, nil
}

// What a search prints is what an experiment reads.
func TestSnippetIsAnExperiment(t *testing.T) {
	b := newBed(t)
	out := b.run(t, halving+"  - {name: plain, model: knob, params: {rank: 2}}\n")
	snippet, err := out.Snippet()
	if err != nil {
		t.Fatal(err)
	}
	spec, err := bench.Source{Name: "snippet", Text: []byte("name: x\ndataset: toy\nmetrics: [ndcg@10]\n" + snippet)}.Parse()
	if err != nil {
		t.Fatalf("%v\n%s", err, snippet)
	}
	want := []bench.System{
		{Name: "a", Model: "knob", Params: map[string]any{"rank": uint64(1), "epochs": uint64(8)}, Trials: 9},
		{Name: "plain", Model: "knob", Params: map[string]any{"rank": uint64(2)}},
	}
	if !reflect.DeepEqual(spec.Systems, want) {
		t.Errorf("got %+v, want %+v", spec.Systems, want)
	}
}

func TestOnlyAndOutlook(t *testing.T) {
	b := newBed(t)
	text := halving + "  - {name: plain, model: knob}\n"
	p := b.plan(t, text)
	b.Only = []string{"plain"}
	if out, err := b.Run(t.Context(), p); err != nil || len(out.Systems) != 1 || out.Ran != 1 || !out.Complete() {
		t.Errorf("got %+v, %v", out, err)
	}
	b.Only = []string{"nobody"}
	if _, err := b.Run(t.Context(), p); err == nil || !strings.Contains(err.Error(), "nobody") {
		t.Errorf("an unknown system: %v", err)
	}
	b.Only = nil
	o, err := b.Outlook(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	var got [][3]int
	for _, r := range o.Rounds {
		got = append(got, [3]int{r.Trials, r.Resource, r.Done})
	}
	if want := [][3]int{{9, 2, 0}, {3, 4, 0}, {1, 8, 0}, {1, 0, 1}}; !slices.Equal(got, want) {
		t.Errorf("rounds %v, want %v", got, want)
	}
	if _, err := os.Stat(filepath.Join(b.Out, "tune", "x", "lock")); err != nil {
		t.Error(err)
	}
}
