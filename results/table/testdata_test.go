package table

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"llm4rec/results"
)

var update = flag.Bool("update", false, "rewrite the records and the golden tables")

// stored is the directory of the committed records.
const stored = "testdata/results"

// fake is a made-up experiment: systems of known strength over a synthetic catalogue.
type fake struct {
	name      string
	users     int
	protocols []fakeProtocol
	systems   []fakeSystem
	notes     []string
	limit     int
}

type fakeProtocol struct{ label, json, split string }

type fakeSystem struct {
	name, model string
	seeds       []int64
	// skill by protocol is the chance that a user's item is in the list; −1 is a failed cell, −2 one that has not run.
	skill []float64
}

const (
	failed = -1
	notRun = -2
	depth  = 10
	items  = 40
)

func small() fake {
	return fake{
		name: "small", users: 60, notes: []string{"SYNTHETIC DATA: made up for a test"},
		protocols: []fakeProtocol{
			{"standard", `{"candidates":"full","seen":"all","split":"leave-one-out"}`, strings.Repeat("5", 64)},
			{"temporal", `{"candidates":"full","seen":"all","split":"temporal"}`, strings.Repeat("7", 64)},
		},
		systems: []fakeSystem{
			{"pop", "popularity", nil, []float64{.2, .3}},
			{"a<b|c&d_e", "itemknn", nil, []float64{.8, .9}},
			{"als", "als", []int64{1, 2}, []float64{.85, .5}},
			{"leaky", "als", []int64{1}, []float64{.9, .9}},
			{"broken", "ease", nil, []float64{failed, .3}},
			{"later", "ease", nil, []float64{notRun, notRun}},
		},
	}
}

// write stores the experiment. Everything in it is derived from names: the same experiment has the same bytes.
func (x fake) write(t *testing.T, dir string) {
	t.Helper()
	s, err := results.Open(dir)
	check(t, err)
	m := results.Manifest{Experiment: x.name, Spec: "name: " + x.name + "\n", Metrics: []string{"recall@5", "ndcg@10", "popularity@5", "coverage@10"}}
	for p, protocol := range x.protocols {
		c := results.Catalogue{Users: x.users}
		for i := range items {
			c.Items = append(c.Items, results.Item{Raw: fmt.Sprint(100 + i), Train: int64(200 / (i + 1))})
		}
		check(t, s.PutCatalogue(protocol.split, c))
		for _, sys := range x.systems {
			for _, seed := range append(slices.Clone(sys.seeds), 0)[:max(1, len(sys.seeds))] {
				rec := x.record(protocol, sys, seed)
				c := results.Cell{ID: rec.Identity.ID(), Dataset: "toy", Protocol: protocol.label, System: sys.name, Seed: seed}
				if sys.name == "als" {
					c.Trials = 52
				}
				m.Cells = append(m.Cells, c)
				switch sys.skill[p] {
				case notRun:
				case failed:
					rec.Status, rec.Error = results.Failed, "fit: 100% singular |A|\nat row 3"
					check(t, s.Put(rec, nil))
				default:
					check(t, s.Put(rec, x.ranks(protocol, sys, seed, sys.skill[p])))
				}
			}
		}
	}
	check(t, s.WriteManifest(m))
	check(t, s.Close())
	check(t, os.Remove(filepath.Join(dir, "lock")))
}

func (x fake) record(p fakeProtocol, sys fakeSystem, seed int64) results.Record {
	rec := results.Record{
		Identity: results.Identity{
			Dataset: "toy", Data: "d1", Filters: "{}", Protocol: p.json, Label: p.label, System: sys.name, Model: sys.model,
			Params: "{}", Seed: seed, Seeded: sys.seeds != nil, Revision: 1, Device: "cpu", Depth: depth, Limit: x.limit,
		},
		Experiment: x.name, Status: results.OK, Split: p.split, Users: x.users, Skipped: map[string]int{"without history": 3}, Notes: x.notes,
		Timing: results.Timing{
			FitWall: 1.25, FitCPU: -1, RecommendWall: .5, RecommendCPU: .75, QueriesPerSecond: 12345.6, LatencyP50: .000123, LatencyP95: .0045,
			LatencyP99: .0123, LatencyQueries: 60, ScoreWall: .01, PeakMemory: 64 << 20, Workers: 2,
		},
		Env: results.Environment{
			OS: "linux/amd64", CPU: "Example CPU", Cores: 2, Memory: 8 << 30, GPU: "none", Driver: "none", BLAS: "OpenBLAS 0.3", Go: "go1.26", Commit: "c0ffee",
		},
		Started: time.Unix(0, 0).UTC(), Finished: time.Unix(2, 0).UTC(),
	}
	if sys.name == "leaky" {
		rec.Unpublish = []string{"trained on the test part"}
	}
	if sys.name == "als" && seed == 1 {
		rec.Warnings = []string{"did not converge"}
	}
	return rec
}

func (x fake) ranks(p fakeProtocol, sys fakeSystem, seed int64, skill float64) []results.Ranking {
	var key [32]byte
	copy(key[:], fmt.Sprint(p.label, "/", sys.name, "/", seed))
	r := rand.New(rand.NewChaCha8(key))
	out := make([]results.Ranking, x.users)
	for u := range out {
		answer := int32(u % items)
		list := make([]int32, 0, items)
		for _, i := range r.Perm(items) {
			if int32(i) != answer {
				list = append(list, int32(i))
			}
		}
		list = list[:depth]
		if r.Float64() < skill {
			list[r.IntN(3)] = answer
		}
		scores := make([]float32, depth)
		for k := range scores {
			scores[k] = float32(depth - k)
		}
		out[u] = results.Ranking{User: fmt.Sprint(u + 1), History: 5, Relevant: []int32{answer}, Items: list, Scores: scores}
	}
	return out
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// loaded reads an experiment that was just written.
func loaded(t *testing.T, x fake) Experiment {
	t.Helper()
	dir := t.TempDir()
	x.write(t, dir)
	e, err := Load(dir)
	check(t, err)
	return e[0]
}
