package trec

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"llm4rec/data"
	"llm4rec/models"
	"llm4rec/models/external"
	"llm4rec/results"
)

var (
	items = []results.Item{{Raw: "i0"}, {Raw: "i1"}, {Raw: "i2"}, {Raw: "i3"}}
	ranks = []results.Ranking{
		{User: "ann", Relevant: []int32{0, 3}, Items: []int32{2, 0, 3}, Scores: []float32{.5, .5, .1}},
		{User: "bob", Relevant: []int32{1}, Items: []int32{}},
		{User: "cid", Relevant: []int32{2}, Items: []int32{1, 2}, Scores: []float32{-1, -2}},
	}
)

func TestForm(t *testing.T) {
	var run, qrels bytes.Buffer
	if err := errors.Join(WriteRun(&run, ranks, items, "item kNN"), WriteQrels(&qrels, ranks, items)); err != nil {
		t.Fatal(err)
	}
	if want := "ann Q0 i2 1 3 item_kNN\nann Q0 i0 2 2 item_kNN\nann Q0 i3 3 1 item_kNN\ncid Q0 i1 1 2 item_kNN\ncid Q0 i2 2 1 item_kNN\n"; run.String() != want {
		t.Errorf("run\n%s", run.String())
	}
	if want := "ann 0 i0 1\nann 0 i3 1\nbob 0 i1 1\ncid 0 i2 1\n"; qrels.String() != want {
		t.Errorf("qrels\n%s", qrels.String())
	}
}

func TestIDsThatCannotBeWritten(t *testing.T) {
	for want, c := range map[string]struct {
		ranks []results.Ranking
		items []results.Item
	}{
		`user "a b"`:    {[]results.Ranking{{User: "a b", Relevant: []int32{0}, Items: []int32{0}}}, items},
		`user ""`:       {[]results.Ranking{{Relevant: []int32{0}, Items: []int32{0}}}, items},
		`item "x\ty"`:   {[]results.Ranking{{User: "a", Relevant: []int32{0}, Items: []int32{0}}}, []results.Item{{Raw: "x\ty"}}},
		`item 4 is not`: {[]results.Ranking{{User: "a", Relevant: []int32{4}, Items: []int32{4}}}, items},
	} {
		var b bytes.Buffer
		for _, err := range []error{WriteRun(&b, c.ranks, c.items, "x"), WriteQrels(&b, c.ranks, c.items)} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want %q", err, want)
			}
		}
	}
}

// put stores a finished cell of a system under a protocol.
func put(t *testing.T, s *results.Store, protocol, system string, ranks []results.Ranking) {
	t.Helper()
	rec := results.Record{
		Identity:   results.Identity{Dataset: "toy", Label: protocol, System: system, Seed: 7, Depth: 3},
		Experiment: "test", Status: results.OK, Split: "s1", Users: len(ranks), Metrics: map[string]float64{"recall@2": .5},
	}
	if err := s.Put(rec, ranks); err != nil {
		t.Fatal(err)
	}
}

func TestExport(t *testing.T) {
	store, err := results.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	dir := filepath.Join(t.TempDir(), "trec")
	if _, err := Export(store, dir); err == nil || !strings.Contains(err.Error(), "no finished cell") {
		t.Errorf("an empty store gives %v", err)
	}

	if err := store.PutCatalogue("s1", results.Catalogue{Items: items, Users: 3}); err != nil {
		t.Fatal(err)
	}
	put(t, store, "standard", "a", ranks)
	put(t, store, "standard", "b", ranks)
	put(t, store, "other", "a", ranks[:2])
	failed := results.Record{Identity: results.Identity{System: "c"}, Status: results.Failed, Error: "out of memory"}
	if err := store.Put(failed, nil); err != nil {
		t.Fatal(err)
	}
	runs, err := Export(store, dir)
	if err != nil {
		t.Fatal(err)
	}
	var index []Run
	text, err := os.ReadFile(filepath.Join(dir, IndexName))
	if err == nil {
		err = json.Unmarshal(text, &index)
	}
	if err != nil || !reflect.DeepEqual(index, runs) {
		t.Errorf("the index says %+v, %v, want %+v", index, err, runs)
	}
	qrels := map[string]string{}
	for _, r := range runs {
		qrels[r.Protocol+" "+r.System] = r.Qrels
		if r.Metrics["recall@2"] != .5 || r.Seed != 7 || r.Depth != 3 || r.Dataset != "toy" {
			t.Errorf("entry %+v", r)
		}
	}
	if len(runs) != 3 || qrels["standard a"] != qrels["standard b"] || qrels["standard a"] == qrels["other a"] {
		t.Errorf("qrels %v", qrels)
	}
	if files, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(files) != 3+2+1 {
		t.Errorf("files %q, %v", files, err)
	}
}

// What we export comes back through the external model as the same ranking.
func TestRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.run")
	var b bytes.Buffer
	if err := WriteRun(&b, ranks, items, "a"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	train := &data.Train{
		NumUsers: 3, NumItems: 4,
		Users: data.NewIndex([]string{"ann", "bob", "cid"}), Items: data.NewIndex([]string{"i0", "i1", "i2", "i3"}),
	}
	model, err := external.Config{Path: path, Format: external.Auto}.Fit(t.Context(), train)
	if err != nil {
		t.Fatal(err)
	}
	answers, err := model.Recommend(t.Context(), []models.Query{{User: 0, K: 3}, {User: 1, K: 3}, {User: 2, K: 3}})
	if err != nil {
		t.Fatal(err)
	}
	for n, a := range answers {
		got := []int32{}
		for _, s := range a {
			got = append(got, s.Item)
		}
		if !reflect.DeepEqual(got, ranks[n].Items) {
			t.Errorf("%s: got %v, want %v", ranks[n].User, got, ranks[n].Items)
		}
	}
}
