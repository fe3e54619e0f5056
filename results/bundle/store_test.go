package bundle

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"llm4rec/eval"
	"llm4rec/results"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const (
	users = 8
	items = 12
	depth = 5
)

var split = strings.Repeat("5", 64)

// small is a made-up store: two systems, one of them with two seeds, one that failed and one that has not run. Change may alter
// what is put.
func small(t testing.TB, change func(*results.Manifest, *results.Record)) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "small")
	s, err := results.Open(dir)
	check(t, err)
	c := results.Catalogue{Users: users}
	popularity := make([]int64, items)
	for i := range items {
		popularity[i] = int64(100 / (i + 1))
		c.Items = append(c.Items, results.Item{Raw: fmt.Sprint(100 + i), Train: popularity[i]})
	}
	check(t, s.PutCatalogue(split, c))
	m := results.Manifest{Experiment: "small", Spec: "name: small\ndataset: toy\ndepth: 5\n", Metrics: []string{"recall@5", "ndcg@5", "coverage@5"}, Baseline: "pop"}
	for n, cell := range []results.Cell{{System: "pop"}, {System: "als", Seed: 1, Trials: 12}, {System: "als", Seed: 2, Trials: 12}, {System: "broken"}, {System: "later"}} {
		rec := record(cell)
		var ranks []results.Ranking
		r := rand.New(rand.NewPCG(uint64(n), 0))
		for u := range users {
			x := results.Ranking{User: fmt.Sprint(u + 1), History: 3, Relevant: []int32{int32(u % items)}}
			for _, i := range r.Perm(items)[:depth] {
				x.Items, x.Scores = append(x.Items, int32(i)), append(x.Scores, float32(depth-len(x.Items)))
			}
			ranks = append(ranks, x)
		}
		catalogue := eval.NewCatalogue(popularity, users)
		metrics, err := eval.ParseAll(m.Metrics)
		check(t, err)
		rec.Metrics = map[string]float64{}
		for _, metric := range metrics {
			rec.Metrics[metric.Name] = measure(metric, ranks, catalogue)
		}
		if cell.System == "broken" {
			rec.Status, rec.Error, rec.Metrics, ranks = results.Failed, "fit: 100% singular", nil, nil
		}
		if change != nil {
			change(&m, &rec)
		}
		cell.ID, cell.Dataset, cell.Protocol = rec.Identity.ID(), "toy", "standard"
		m.Cells = append(m.Cells, cell)
		if cell.System != "later" {
			check(t, s.Put(rec, ranks))
		}
	}
	check(t, s.WriteManifest(m))
	check(t, s.Close())
	return dir
}

func record(cell results.Cell) results.Record {
	return results.Record{
		Identity: results.Identity{
			Dataset: "toy", Data: "d1", Filters: "{}", Protocol: `{"candidates":"full","seen":"all","split":"leave-one-out"}`, Label: "standard",
			System: cell.System, Model: cell.System, Params: `{"alpha":1}`, Seed: cell.Seed, Seeded: cell.Seed > 0, Revision: 1, Device: "cpu", Depth: depth,
		},
		Experiment: "small", Status: results.OK, Split: split, Users: users,
		Timing: results.Timing{FitWall: 1.25, LatencyP50: .000123, QueriesPerSecond: 12345, PeakMemory: 64 << 20, Workers: 2},
		Env: results.Environment{
			OS: "linux/amd64", CPU: "Example CPU", Cores: 2, Memory: 8 << 30, GPU: "none", Driver: "none", BLAS: "OpenBLAS 0.3", Go: "go1.26", Commit: "c0ffee",
			Modules: map[string]string{"github.com/spf13/cobra": "v1.10.2"},
		},
		Started: time.Unix(0, 0).UTC(), Finished: time.Unix(2, 0).UTC(),
	}
}

// published is a bundle of the small store.
func published(t testing.TB) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "bundle")
	_, err := Publish(t.Context(), small(t, nil), to, Options{})
	check(t, err)
	return to
}
