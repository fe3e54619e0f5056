package suite

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"llm4rec/bench"
	"llm4rec/data"
	"llm4rec/data/datatest"
	"llm4rec/data/synthetic"
	"llm4rec/gpu"
)

// answered runs an experiment over a data set and returns the answers of its last cell.
func answered(t testing.TB, d *data.Dataset, systems string) *bench.Answered {
	t.Helper()
	s := &bench.Suite{
		Models: Models(nil), Named: func(string) error { return nil },
		Open: func(context.Context, string) (*data.Dataset, error) { return d, nil },
	}
	spec, err := bench.Source{Name: "why", Text: []byte("name: why\ndataset: small\nmetrics: [ndcg@10]\nsystems:\n" + systems)}.Parse()
	if err != nil {
		t.Fatal(err)
	}
	plan, issues := s.Resolve(spec)
	if len(issues) > 0 {
		t.Fatal(issues)
	}
	r := &bench.Runner{Suite: s, Device: gpu.CPU(), Out: t.TempDir(), Progress: quiet{}, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	last := plan.Cells[len(plan.Cells)-1]
	if _, err := r.Answers(t.Context(), plan, last); err == nil || !strings.Contains(err.Error(), "run it first") {
		t.Errorf("before the run: %v", err)
	}
	if sum, err := r.Run(t.Context(), plan); err != nil || sum.Failed > 0 {
		t.Fatal(sum, err)
	}
	a, err := r.Answers(t.Context(), plan, last)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func silent(string, int, int) {}

// What would be right changes no reason: with the answer key permuted over the users, the explanations are the same bytes.
func TestReasonsAreBlindToTheAnswerKey(t *testing.T) {
	small := synthetic.Default()
	small.Users, small.Items, small.Interactions = 60, 80, 1500
	d := synthetic.Generate(small)
	said := func(d *data.Dataset) string {
		x, err := Explain(t.Context(), answered(t, d, "  - {name: knn, model: itemknn}\n"), Explanation{K: 5, Kind: ByTemplate, Wording: "movie"}, silent)
		if err != nil {
			t.Fatal(err)
		}
		x.Cell = "" // names the data, the answers among them
		text, err := json.Marshal(x)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	right, permuted := said(d), said(permuteTargets(t, d))
	if right != permuted || strings.Count(right, `"sentence"`) != 5*60 {
		t.Errorf("%d reasons, which change with the answer key", strings.Count(right, `"sentence"`))
	}
}

// The template explains the first five recommendations for all users of MovieLens-100K, and says nothing that the data do not.
func TestTemplateOnMovieLens100K(t *testing.T) {
	datatest.Open(t, "ml-100k")
	d, _, err := OpenDataset(t.Context(), "ml-100k", DatasetOptions{Dirs: []string{datatest.Folder()}})
	if err != nil {
		t.Fatal(err)
	}
	a := answered(t, d, "  - {name: itemknn, model: itemknn, params: {history: 3, decay: 0.7}}\n")
	begin := time.Now()
	x, err := Explain(t.Context(), a, Explanation{K: 5, Kind: ByTemplate, Wording: "movie"}, silent)
	took := time.Since(begin)
	if err != nil {
		t.Fatal(err)
	}
	s := x.Summary
	t.Logf("%d reasons for %d users, and their measures, in %v: %+v", s.Reasons, len(a.Users), took.Round(time.Millisecond), s)
	if s.Asked != 943*5 || s.Reasons != s.Asked || s.InHistory != 1 || s.Exact != 1 || s.Fuzzy != 1 || s.Invented != 0 || s.Elsewhere != 0 || s.Citations == 0 || s.FieldClaims == 0 || s.Mentions == 0 {
		t.Errorf("%+v", s)
	}
	if took > 10*time.Second {
		t.Errorf("took %v", took)
	}
}
