package suite

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math"
	"testing"

	"llm4rec/bench"
	"llm4rec/bench/experiments"
	"llm4rec/data/datatest"
	"llm4rec/gpu"
	"llm4rec/results"
)

// quiet is a Progress that shows nothing.
type quiet struct{}

func (quiet) Begin(string, int, int)                 {}
func (quiet) Stage(string, string, int, int, string) {}
func (quiet) End(string, results.Record)             {}

// run runs an embedded experiment and returns its records by "protocol/system".
func run(t *testing.T, name string, only ...string) map[string]results.Record {
	t.Helper()
	return runWith(t, name, nil, bench.Runner{Only: only})
}

// runWith does that with overrides and with the runner's own settings.
func runWith(t testing.TB, name string, sets []string, r bench.Runner) map[string]results.Record {
	t.Helper()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	s := New(DatasetOptions{Dirs: []string{datatest.Dir(t)}}, nil, log)
	text, _ := experiments.Text(name)
	spec, err := bench.Source{Name: name, Text: text}.Parse()
	if err != nil {
		t.Fatal(err)
	}
	if spec, err = bench.Override(spec, sets); err != nil {
		t.Fatal(err)
	}
	plan, issues := s.Resolve(spec)
	if len(issues) > 0 {
		t.Fatal(issues)
	}
	r.Suite, r.Device, r.Out, r.Progress, r.Log = s, gpu.CPU(), t.TempDir(), quiet{}, log
	sum, err := r.Run(context.Background(), plan)
	if err != nil {
		t.Fatal(err)
	}
	return recordsOf(t, sum.Dir)
}

// recordsOf reads the records of an experiment's folder by "protocol/system". All must be of finished cells.
func recordsOf(t testing.TB, dir string) map[string]results.Record {
	t.Helper()
	store, err := results.OpenRead(dir)
	if err != nil {
		t.Fatal(err)
	}
	records, errs := store.Records()
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	out := map[string]results.Record{}
	for _, rec := range records {
		if rec.Status != results.OK {
			t.Errorf("%s: %s", rec.Identity.System, rec.Error)
		}
		out[rec.Identity.Label+"/"+rec.Identity.System] = rec
	}
	return out
}

// Figures that independent implementations agree on, to the fourth digit.
func TestPublishedFiguresML100K(t *testing.T) {
	datatest.Open(t, "ml-100k")
	const none = -1
	metrics := []string{"recall@5", "recall@10", "recall@20", "recall@50", "recall@100", "ndcg@5", "ndcg@10", "ndcg@20"}
	want := map[string][8]float64{
		"standard/pop":          {.0583, .0859, .1262, .1983, .3171, .0363, .0449, .0550},
		"as-published/pop":      {.0276, .0509, .0870, .1569, .2481, .0159, .0235, .0326},
		"standard/itemknn":      {.1251, .1909, .2683, .4358, .5589, none, .1059, .1252},
		"as-published/itemknn":  {.0827, .1357, .1983, .3510, .4846, none, .0718, .0875},
		"standard/itemknn-all":  {.0657, .1082, .1729, .2874, .4019, none, .0558, .0722},
		"standard/ease":         {.0827, .1432, .2248, .3902, .5525, none, .0711, .0916},
		"standard/ease-recency": {.1188, .2004, .3139, .4836, .6341, none, .1075, .1361},
	}
	records := run(t, "paper", "pop", "itemknn", "itemknn-all", "ease", "ease-recency")
	for key, figures := range want {
		for n, m := range metrics {
			if figures[n] == none {
				continue
			}
			got := records[key].Metrics[m]
			if fmt.Sprintf("%.4f", got) != fmt.Sprintf("%.4f", figures[n]) || math.IsNaN(got) {
				t.Errorf("%s %s = %.6f, want %.4f", key, m, got, figures[n])
			}
		}
	}
}

func TestPublishedFiguresML1M(t *testing.T) {
	datatest.Open(t, "sequences")
	records := run(t, "ml-1m", "pop", "itemknn")
	for key, want := range map[string][3]string{
		"standard/itemknn": {"0.1800", "0.2510", "0.1009"},
		"standard/pop":     {"0.0369", "0.0682", "0.0180"},
	} {
		for n, m := range []string{"recall@10", "recall@20", "ndcg@10"} {
			if got := fmt.Sprintf("%.4f", records[key].Metrics[m]); got != want[n] {
				t.Errorf("%s %s = %s, want %s", key, m, got, want[n])
			}
		}
	}
}

// LLMRank's candidates: popularity on the same 200 users and films by a script of its own, ties by ascending id, gives .4942.
// Published, over all 6,040 users, is .5233; the standard error over 200 is .022.
func TestLLMRankCandidates(t *testing.T) {
	datatest.Open(t, "sequences")
	datatest.Open(t, "llmrank/ml-1m")
	records := run(t, "llmrank", "random", "pop")
	pop := records["leave-one-out/none/given-20/ml-1m.random/truth-injected/pop"]
	if got := pop.Metrics["ndcg@10"]; !(math.Abs(got-.494) <= .003) {
		t.Errorf("pop ndcg@10 = %.4f, want .494 ± .003", got)
	}
	if pop.Users != 200 || pop.Skipped["no candidates given"] != 5840 {
		t.Errorf("%d users, skipped %v", pop.Users, pop.Skipped)
	}
	// In a random order of 20 the mean of 1/log2(rank+1) over ranks 1 to 10 is .2272; four standard errors over 200 users are .076.
	if got := records["leave-one-out/none/given-20/ml-1m.random/truth-injected/random"].Metrics["ndcg@10"]; !(math.Abs(got-.2272) <= .076) {
		t.Errorf("random ndcg@10 = %.4f, by chance .2272", got)
	}
}

// TF-IDF over titles, genres and years, what raw overviews do to it, and that texts of other items say nothing.
func TestPublishedFiguresOfTexts(t *testing.T) {
	datatest.Open(t, "ml-100k")
	datatest.Open(t, "text/ml-100k")
	records := run(t, "paper", "tfidf", "tfidf+overview", "shuffled-text")
	for n, m := range []string{"recall@10", "recall@20", "recall@50", "recall@100"} {
		want := []string{"0.0509", "0.0880", "0.1760", "0.2672"}[n]
		if got := fmt.Sprintf("%.4f", records["as-published/tfidf"].Metrics[m]); got != want {
			t.Errorf("%s = %s, want %s", m, got, want)
		}
	}
	if got := fmt.Sprintf("%.4f", records["as-published/tfidf+overview"].Metrics["recall@20"]); got != "0.0286" {
		t.Errorf("with overviews: recall@20 = %s, want 0.0286", got)
	}
	// By chance a film is among 20 of the some 1,580 that a user has not seen with probability .0127; four standard errors over
	// 943 users are .0146.
	if got := records["standard/shuffled-text"].Metrics["recall@20"]; math.Abs(got-.0127) > .0146 {
		t.Errorf("with each other's texts: recall@20 = %.4f, by chance .0127", got)
	}
}
