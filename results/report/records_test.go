package report

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"llm4rec/results"
)

// hostile is what somebody may call a system.
const hostile = `</script><img src=x onerror="document.title='owned'">{{.}}`

// fake is an experiment with all that a site has a page for.
type fake struct {
	name      string
	talksOnly bool // nothing that ranks was planned
	protocols []string
	systems   []fakeSystem
	users     int
}

type fakeSystem struct {
	name, after string // after: the first stage
	skill       float64
	seeds       int
	unpublish   string
	gpu         string
	energy      *results.Energy
	fails       bool
}

const (
	depth = 10
	items = 60
)

func toy() fake {
	return fake{name: "toy", protocols: []string{"leave-one-out", "temporal"}, users: 80, systems: []fakeSystem{
		{name: "pop", skill: .2}, {name: "itemknn", skill: .55}, {name: "als", skill: .6, seeds: 2}, {name: hostile, skill: .4},
		{name: "leaky", skill: .95, unpublish: "leak: train-on-test"}, {name: "broken", fails: true},
		{name: "pop+model", after: "pop", skill: .35}, {name: "pop+toy", after: "pop", skill: .3, unpublish: "toy is a model made for tests"},
	}}
}

// write stores the experiment and returns its folder.
func (x fake) write(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), x.name)
	s, err := results.Open(dir)
	check(t, err)
	m := results.Manifest{Experiment: x.name, Baseline: "pop", Spec: "name: " + x.name + "\n", Metrics: []string{"recall@10", "ndcg@10", "coverage@10"}}
	for _, protocol := range x.protocols {
		c := results.Catalogue{Users: x.users}
		for i := range items {
			c.Items = append(c.Items, results.Item{Raw: fmt.Sprint(i), Train: int64(300 / (i + 1))})
		}
		split := fmt.Sprintf("%064x", len(protocol))
		check(t, s.PutCatalogue(split, c))
		ids := map[string]string{}
		systems := x.systems
		if x.talksOnly {
			systems = nil
		}
		for _, sys := range systems {
			for seed := range max(1, sys.seeds) {
				rec := x.record(protocol, split, sys, int64(seed))
				rec.Identity.First = ids[sys.after]
				id := rec.Identity.ID()
				ids[sys.name] = id
				m.Cells = append(m.Cells, results.Cell{ID: id, Dataset: "toys & <b>", Protocol: protocol, System: sys.name, Seed: int64(seed)})
				if sys.fails {
					rec.Status, rec.Error = results.Failed, "fit: no <b>memory</b>\ngoroutine 1"
					check(t, s.Put(rec, nil))
					continue
				}
				check(t, s.Put(rec, x.ranks(protocol, sys, seed)))
			}
		}
		x.beside(t, s, &m, protocol, split, ids["pop"])
	}
	check(t, s.WriteManifest(m))
	check(t, s.Close())
	return dir
}

func (x fake) record(protocol, split string, sys fakeSystem, seed int64) results.Record {
	rec := results.Record{
		Identity: results.Identity{
			Dataset: "toys & <b>", Data: "d1", Filters: "{}", Protocol: `{"candidates":"full","seen":"all","split":"` + protocol + `"}`, Label: protocol,
			System: sys.name, Model: "m", Params: `{"rate":0.1,"text":"</script>"}`, Seed: seed, Seeded: sys.seeds > 0, Device: "cpu", Depth: depth,
		},
		Experiment: x.name, Status: results.OK, Split: split, Users: x.users, Notes: []string{"SYNTHETIC DATA: made up for a test"},
		Timing:  results.Timing{FitWall: .1 + sys.skill*sys.skill, QueriesPerSecond: 1000, LatencyP50: .001 / (.1 + sys.skill), LatencyP95: .01, PeakMemory: 1 << 26, Workers: 2},
		Env:     results.Environment{OS: "linux/amd64", CPU: "Example", Cores: 2, GPU: "none", Go: "go1.26", Commit: "c0ffee"},
		Started: time.Unix(0, 0).UTC(), Finished: time.Unix(2, 0).UTC(),
	}
	if sys.gpu != "" {
		rec.Env.GPU = sys.gpu
	}
	rec.Energy = sys.energy
	if sys.unpublish != "" {
		rec.Unpublish = []string{sys.unpublish}
	}
	if sys.name == "itemknn" {
		rec.Agent = x.agent()
	}
	if sys.name == "als" {
		for e := range 12 {
			rec.Curve = append(rec.Curve, results.Point{Epoch: e + 1, NDCG: .4 - .3/float64(e+1), Seconds: float64(e)})
		}
	}
	if sys.after != "" {
		rec.LLM = &results.LLM{
			Provider: "p", Model: "m<i>", Prompt: "listwise 1", Method: "listwise", Candidates: 10, Asked: x.users, Calls: 100, PromptTokens: 9000, OutputTokens: 800,
			Dollars: .02 * sys.skill, Answers: map[string]int{"ok": 90, "duplicate": 8, "miss<i>ng": 2}, Failures: map[string]int{"timeout": 1}, LatencyP50: .4, LatencyP95: .9, Tau: .5, Informative: 30,
			Positions:  []results.Position{{Shown: 80, First: .5, Mean: 2}, {Shown: 80, First: .3, Mean: 3}, {Shown: 80, First: .2, Mean: 3}},
			Popularity: []results.Rank{{Before: .9, After: .4}, {Before: .8, After: .5}},
		}
	}
	return rec
}

func (x fake) ranks(protocol string, sys fakeSystem, seed int) []results.Ranking {
	var key [32]byte
	copy(key[:], fmt.Sprint(protocol, sys.name, seed))
	r := rand.New(rand.NewChaCha8(key))
	out := make([]results.Ranking, x.users)
	for u := range out {
		answer := int32(u * 7 % items)
		list := make([]int32, 0, depth)
		for i := int32(0); len(list) < depth; i++ {
			if i != answer {
				list = append(list, i)
			}
		}
		if r.Float64() < sys.skill {
			list[r.IntN(depth)] = answer
		}
		out[u] = results.Ranking{User: fmt.Sprint("u", u), History: int32(3 + u%40), Relevant: []int32{answer}, Items: list, Scores: make([]float32, depth)}
	}
	return out
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
