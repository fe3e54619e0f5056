package suite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"llm4rec/bench"
	"llm4rec/data"
	"llm4rec/data/synthetic"
	"llm4rec/gpu"
	"llm4rec/llm"
	"llm4rec/models"
	"llm4rec/results"
	"llm4rec/results/table"
)

// reverser ranks the first candidates backwards. It stands for a model that answers, or fails, in ways that a test wants.
type reverser struct {
	First int     `json:"first" yaml:"first"`
	Fail  []int32 `json:"fail" yaml:"fail"` // users
	Break string  `json:"break" yaml:"break"`

	t *tally
}

// tally counts the users asked for.
type tally struct {
	sync.Mutex
	asked    []int32
	recorded int // answers that it says it took from recordings
}

func (r reverser) Prepare(context.Context, *data.Train) (models.Ranker, error) { return r, nil }
func (r reverser) Sees() int                                                   { return r.First }
func (r reverser) Crowd() int                                                  { return 3 }

func (r reverser) Account() results.LLM {
	r.t.Lock()
	defer r.t.Unlock()
	return results.LLM{Model: "reverser", Calls: len(r.t.asked), Recorded: r.t.recorded, Answers: map[string]int{"ok": len(r.t.asked)}}
}

func (r reverser) Rank(_ context.Context, q models.Query, candidates []models.Scored) ([]models.Scored, error) {
	r.t.Lock()
	r.t.asked = append(r.t.asked, q.User)
	r.t.Unlock()
	if slices.Contains(r.Fail, q.User) {
		return nil, &llm.Error{Kind: llm.RateLimited, Message: "too many"}
	}
	out := slices.Clone(candidates)
	slices.Reverse(out[:min(r.First, len(out))])
	switch r.Break {
	case "shorter":
		out = out[1:]
	case "double":
		out[1] = out[0]
	case "stranger":
		out[0].Item = 1 << 20
	case "panic":
		panic("a ranker's bug")
	}
	return out, nil
}

// second is a suite over a small data set with a model called reverser.
func second(t *testing.T) (*bench.Suite, *tally) {
	t.Helper()
	small := synthetic.Default()
	small.Users, small.Items, small.Interactions = 120, 60, 2400
	d := synthetic.Generate(small)
	counted := &tally{}
	registry := append(Models(nil), bench.RegisterRanker("reverser", "", 1, reverser{First: 20}, func(c reverser, _ bench.Env) models.Preparer {
		c.t = counted
		return c
	}))
	return smallSuite(d, registry), counted
}

// runText runs a specification with a runner's own settings, and returns the records that its folder has then.
func runText(t testing.TB, s *bench.Suite, r bench.Runner, text string) (bench.Summary, *bench.Plan, []results.Record) {
	t.Helper()
	spec, err := bench.Source{Name: "specification", Text: []byte(text)}.Parse()
	if err != nil {
		t.Fatal(err)
	}
	plan, issues := s.Resolve(spec)
	if len(issues) > 0 {
		t.Fatal(issues)
	}
	r.Suite, r.Device, r.Progress, r.Log = s, gpu.CPU(), quiet{}, slog.New(slog.DiscardHandler)
	sum, err := r.Run(context.Background(), plan)
	if err != nil {
		t.Fatal(err)
	}
	store, err := results.OpenRead(sum.Dir)
	if err != nil {
		t.Fatal(err)
	}
	records, _ := store.Records()
	return sum, plan, records
}

// smallSuite is everything that experiments can name, with one small data set under every name.
func smallSuite(d *data.Dataset, registry []bench.Model) *bench.Suite {
	return &bench.Suite{
		Models: registry, Named: func(string) error { return nil },
		Open: func(context.Context, string) (*data.Dataset, error) { return d, nil },
	}
}

const secondSpec = `
name: again
dataset: small
metrics: [ndcg@10, recall@20, recall@50]
seeds: [1, 2]
systems:
  - {name: pop, model: popularity}
  - {name: dice, model: random, seeds: [7]}
  - {name: back, model: reverser, after: [pop, dice]}
  - {name: forth, model: reverser, after: [pop+back]}
`

func bySystem(records []results.Record) map[string][]results.Record {
	out := map[string][]results.Record{}
	for _, r := range records {
		out[r.Identity.System] = append(out[r.Identity.System], r)
	}
	return out
}

func TestRerank(t *testing.T) {
	s, counted := second(t)
	out := t.TempDir()
	sum, plan, records := runText(t, s, bench.Runner{Out: out}, secondSpec)
	if sum.Failed > 0 || len(plan.Cells) != 1+1+2+2+2 || len(records) != len(plan.Cells) {
		t.Fatalf("%+v, %d cells, %d records", sum, len(plan.Cells), len(records))
	}
	by := bySystem(records)
	store, err := results.OpenRead(sum.Dir)
	if err != nil {
		t.Fatal(err)
	}
	ranks := func(r results.Record) []results.Ranking {
		x, err := store.Ranks(r)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	first, back, forth := ranks(by["pop"][0]), ranks(by["pop+back"][0]), ranks(by["forth"][0])
	for n := range first {
		want := slices.Clone(first[n].Items)
		slices.Reverse(want[:20])
		if !slices.Equal(back[n].Items, want) || !slices.Equal(forth[n].Items, first[n].Items) {
			t.Fatalf("user %s: %v, then %v, then %v", first[n].User, first[n].Items, back[n].Items, forth[n].Items)
		}
	}
	for _, r := range by["pop+back"] {
		if r.Identity.First != by["pop"][0].ID || r.Metrics["recall@20"] != by["pop"][0].Metrics["recall@20"] {
			t.Errorf("%+v", r.Identity)
		}
		if a := r.LLM; a.Asked != r.Users || a.Candidates != 20 || a.Ceiling != r.Metrics["recall@20"] || a.Informative == 0 || a.Before == a.After {
			t.Errorf("%+v", a)
		}
	}
	if r := by["forth"][0]; r.LLM.After != by["pop+back"][0].LLM.Before {
		t.Errorf("there and back again: NDCG %v, want %v", r.LLM.After, by["pop+back"][0].LLM.Before)
	}

	var text bytes.Buffer
	loaded, err := table.Load(sum.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := table.Write(&text, table.Text, loaded, table.Options{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Language models, standard", "Does the language model help", "pop+back", "dice+back"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the table does not say %q:\n%s", want, text.String())
		}
	}

	asked := len(counted.asked)
	if again, _, _ := runText(t, s, bench.Runner{Out: out}, secondSpec); again.Ran != 0 || len(counted.asked) != asked {
		t.Errorf("run again: %+v, %d more users asked for", again, len(counted.asked)-asked)
	}
}

// A first stage that was done is not fitted again, wherever its record came from.
func TestFirstStageIsReadFromItsRecord(t *testing.T) {
	s, _ := second(t)
	out := t.TempDir()
	runText(t, s, bench.Runner{Out: out}, strings.Split(secondSpec, "  - {name: back")[0])
	broken := *s
	broken.Models = slices.Clone(s.Models)
	for n, m := range broken.Models {
		if m.Name == "popularity" {
			bind := m.Bind
			broken.Models[n].Bind = func(params map[string]any) (bench.Bound, error) {
				b, err := bind(params)
				b.Fitter = func(bench.Env) models.Fitter { return unfit{} }
				return b, err
			}
		}
	}
	if sum, _, _ := runText(t, &broken, bench.Runner{Out: out}, secondSpec); sum.Failed > 0 || sum.Before != 2 {
		t.Errorf("%+v", sum)
	}
}

type unfit struct{}

func (unfit) Fit(context.Context, *data.Train) (models.Recommender, error) {
	return nil, errors.New("fitted")
}

func TestRankerThatFails(t *testing.T) {
	for _, test := range []struct {
		name, params, more string
		why                string // of the failure; empty: none
	}{
		{"too many failures", "{fail: [3, 5]}", "", "rank: 2 of 120 users have no answer (rate limited 2)"},
		{"tolerated", "{fail: [3, 5]}", ", tolerate: 0.02", ""},
		{"an item less", "{break: shorter}", "", "1 candidates are missing"},
		{"an item twice", "{break: double}", "", "is no candidate, or stands twice"},
		{"a stranger", "{break: stranger}", "", "item 1048576 is no candidate"},
		{"a panic", "{break: panic}", "", "panic: a ranker's bug"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, _ := second(t)
			spec := fmt.Sprintf("name: again\ndataset: small\nmetrics: [ndcg@10]\nsystems:\n  - {name: pop, model: popularity}\n  - {name: clean, model: reverser, after: [pop]}\n  - {name: back, model: reverser, after: [pop], params: %s%s}\n", test.params, test.more)
			sum, _, records := runText(t, s, bench.Runner{Out: t.TempDir()}, spec)
			by := bySystem(records)
			r := by["back"][0]
			if test.why != "" {
				if sum.Failed != 1 || !strings.Contains(r.Error, test.why) {
					t.Errorf("%+v: %s", sum, r.Error)
				}
				return
			}
			if sum.Failed > 0 || r.LLM.Failures["rate limited"] != 2 {
				t.Fatalf("%+v: %s, %v", sum, r.Error, r.LLM)
			}
			store, err := results.OpenRead(sum.Dir)
			if err != nil {
				t.Fatal(err)
			}
			order := func(name string) []results.Ranking {
				x, err := store.Ranks(by[name][0])
				if err != nil {
					t.Fatal(err)
				}
				return x
			}
			first, clean, back := order("pop"), order("clean"), order("back")
			for n := range back {
				want := clean[n]
				if n == 3 || n == 5 { // all users have a case, in the order of their numbers
					want = first[n]
				}
				if !slices.Equal(back[n].Items, want.Items) {
					t.Errorf("user %d: %v, want %v", n, back[n].Items, want.Items)
				}
			}
		})
	}
}

// Asked for the informative users alone, a model gives all users the accuracy that it gives when it is asked for all.
func TestInformativeUsers(t *testing.T) {
	s, counted := second(t)
	_, _, records := runText(t, s, bench.Runner{Out: t.TempDir()}, `
name: again
dataset: small
metrics: [ndcg@10, recall@10, mrr@10]
systems:
  - {name: pop, model: popularity}
  - {name: all, model: reverser, after: [pop]}
  - {name: some, model: reverser, after: [pop], informative: true}
`)
	by := bySystem(records)
	all, some := by["all"][0], by["some"][0]
	if fmt.Sprint(all.Metrics) != fmt.Sprint(some.Metrics) {
		t.Errorf("all %v, some %v", all.Metrics, some.Metrics)
	}
	if some.LLM.Asked != all.LLM.Informative || some.LLM.Asked >= all.LLM.Asked || len(counted.asked) != all.LLM.Asked+some.LLM.Asked {
		t.Errorf("asked for %d of %d, %d informative", some.LLM.Asked, all.LLM.Asked, all.LLM.Informative)
	}
	if len(some.Warnings) == 0 {
		t.Error("nothing says that some were not asked for")
	}
}

// Every user has the same chance, each once, and short histories stand for their part.
func TestSampledUsers(t *testing.T) {
	s, _ := second(t)
	chosen := map[string]int{}
	for seed := range 40 {
		sum, _, records := runText(t, s, bench.Runner{Out: filepath.Join(t.TempDir(), fmt.Sprint(seed))}, fmt.Sprintf("name: again\ndataset: small\nprotocol: {users: 30, user_seed: %d}\nmetrics: [ndcg@10]\nsystems:\n  - {name: pop, model: popularity}\n", seed))
		r := records[0]
		if r.Users != 30 || r.Skipped["not in the sample"] != 90 {
			t.Fatalf("%d users, skipped %v", r.Users, r.Skipped)
		}
		store, err := results.OpenRead(sum.Dir)
		if err != nil {
			t.Fatal(err)
		}
		ranks, err := store.Ranks(r)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, x := range ranks {
			if seen[x.User] {
				t.Fatalf("user %s twice", x.User)
			}
			seen[x.User] = true
			chosen[x.User]++
		}
	}
	if len(chosen) < 110 { // each is missed with probability .75^40 = 1e-5
		t.Errorf("%d of 120 users were ever asked", len(chosen))
	}
}

func TestAfterIsChecked(t *testing.T) {
	s, _ := second(t)
	for systems, want := range map[string]string{
		"[{name: back, model: reverser}]":                                                                            "systems[0].after: missing",
		"[{name: back, model: reverser, after: [pop]}, {name: pop, model: popularity}]":                              `systems[0].after: "pop" is not a system above`,
		"[{name: pop, model: popularity}, {name: x, model: random, after: [pop]}]":                                   "systems[1].after: random answers by itself",
		"[{name: pop, model: popularity, tolerate: 0.1}]":                                                            "popularity asks no language model that could fail for a user: tolerate is of models that rank again, explain, act or talk",
		"[{name: dice, model: random, seeds: [1, 2]}, {name: back, model: reverser, after: [dice], seeds: [3]}]":     "dice has no seed 3",
		"[{name: pop, model: popularity, informative: true}]":                                                        "popularity does not rank again, and informative is of models that do",
		"[{name: pop, model: popularity}, {name: back, model: reverser, after: [pop], seeds: [3, 3]}]":               "systems[1].seeds[1]: seed 3 is given twice",
		"[{name: pop, model: popularity}, {name: b, model: random}, {name: back, model: reverser, after: [pop, c]}]": `systems[2].after: "c" is not a system above`,
	} {
		spec, err := bench.Source{Name: "again", Text: []byte("name: again\ndataset: small\nmetrics: [ndcg@10]\nsystems: " + systems)}.Parse()
		if err != nil {
			t.Fatal(err)
		}
		_, issues := s.Resolve(spec)
		var got []string
		for _, i := range issues {
			got = append(got, i.Error())
		}
		if !strings.Contains(strings.Join(got, "; "), want) {
			t.Errorf("%s: %q, want %q", systems, got, want)
		}
	}
}
