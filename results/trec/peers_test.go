package trec

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"llm4rec/eval"
	"llm4rec/results"
)

// peers names the environment variable with the Python that has ranx and pytrec_eval: see bench/peers.
const peers = "LLM4REC_PEERS"

// randomRuns stores systems with lists of 0 to 30 items and up to eight relevant ones a user, with our metrics of them
// plus an error.
func randomRuns(t *testing.T, systems int, wrong float64) string {
	t.Helper()
	r := rand.New(rand.NewPCG(1, uint64(systems)))
	catalogue := make([]results.Item, 60)
	for i := range catalogue {
		catalogue[i].Raw = fmt.Sprintf("item-%d", i)
	}
	var names []string
	for _, m := range []string{"recall", "ndcg", "map", "mrr", "hit", "precision"} {
		for _, k := range []int{1, 3, 10, 30} {
			names = append(names, fmt.Sprintf("%s@%d", m, k))
		}
	}
	metrics, err := eval.ParseAll(names)
	if err != nil {
		t.Fatal(err)
	}
	store, err := results.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if err := store.PutCatalogue("s1", results.Catalogue{Items: catalogue, Users: 200}); err != nil {
		t.Fatal(err)
	}
	for s := range systems {
		ranks := make([]results.Ranking, 200)
		rec := results.Record{
			Identity: results.Identity{Dataset: "random", Label: "standard", System: fmt.Sprint("system ", s), Depth: 30},
			Status:   results.OK, Split: "s1", Users: len(ranks), Metrics: map[string]float64{},
		}
		for u := range ranks {
			order := r.Perm(len(catalogue))
			ranked := &ranks[u]
			ranked.User = fmt.Sprintf("user-%d", u)
			for n := range r.IntN(31) {
				ranked.Items = append(ranked.Items, int32(order[n]))
				ranked.Scores = append(ranked.Scores, 1) // all tied: the export has to say what our order is
			}
			for _, i := range r.Perm(len(catalogue))[:1+r.IntN(8)] {
				ranked.Relevant = append(ranked.Relevant, int32(i))
			}
			slices.Sort(ranked.Relevant)
		}
		for _, m := range metrics {
			for _, one := range ranks {
				rec.Metrics[m.Name] += m.User(one.Items, one.Relevant, nil) / float64(len(ranks))
			}
			rec.Metrics[m.Name] += wrong
		}
		if err := store.Put(rec, ranks); err != nil {
			t.Fatal(err)
		}
	}
	dir := filepath.Join(t.TempDir(), "trec")
	if _, err := Export(store, dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Our recall, NDCG, MAP, MRR, hit rate and precision are those of ranx and of pytrec_eval, to 1e-9.
func TestPeersAgree(t *testing.T) {
	python := os.Getenv(peers)
	if python == "" {
		t.Skipf("%s names no Python with ranx and pytrec_eval: see bench/peers", peers)
	}
	evaluate := func(dir string) (string, error) {
		out, err := exec.CommandContext(t.Context(), python, "../../bench/peers/evaluate_ranx.py", dir).CombinedOutput()
		return string(out), err
	}
	if out, err := evaluate(randomRuns(t, 3, 0)); err != nil || !strings.Contains(out, "72 values agree") {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := evaluate(randomRuns(t, 1, 1e-8)); err == nil || !strings.Contains(out, "1 runs differ") {
		t.Errorf("an error of 1e-8 is not noticed: %v\n%s", err, out)
	}
}
