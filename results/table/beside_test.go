package table

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"llm4rec/results"
)

// TestOnlyTalks: where nothing that ranks was run, a table has what the rows say that talk, and what a reader must know first.
func TestOnlyTalks(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "talks")
	s, err := results.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	rec := results.Record{
		Identity: results.Identity{Dataset: "d", Label: "standard", Protocol: `{"split":"leave-one-out"}`, System: "tal<k>er", Model: "conversation", Seeded: true, Seed: 3},
		Status:   results.OK, Notes: []string{"SYNTHETIC DATA"}, Unpublish: []string{"limit: 9 users"},
	}
	id := rec.Identity.ID()
	var talks []results.Talk
	for n := range 30 {
		talks = append(talks, results.Talk{User: fmt.Sprint(n), Outcome: "found", Rank: int32(n % 2), Turns: 2})
	}
	sum, err := s.PutTalks(id, talks)
	if err != nil {
		t.Fatal(err)
	}
	rec.Dialogue = &results.Dialogue{Agent: results.Agent{Planner: "scripted"}, Simulator: "rules", Turns: 5, K: 10, Repeats: 1, List: sum}
	m := results.Manifest{Experiment: "talks", Metrics: []string{"ndcg@10"}, Cells: []results.Cell{{ID: id, Dataset: "d", Protocol: "standard", System: rec.Identity.System, Seed: 3, Talks: true}}}
	for _, err := range []error{s.Put(rec, nil), s.WriteManifest(m), s.Close()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, planned := range []bool{false, true} { // with a ranking that was not run
		if planned {
			s, err := results.Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			m.Cells = append(m.Cells, results.Cell{ID: strings.Repeat("0", 32), Dataset: "d", Protocol: "standard", System: "pop"})
			if err := s.WriteManifest(m); err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		e, err := Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range Formats() {
			var b strings.Builder
			if err := Write(&b, f, e, Options{}); err != nil {
				t.Errorf("%s: %v", f, err)
			}
			words := map[Format]string{ // machines are told of them as well
				JSON: `"part": "conversations"`,
				CSV:  "conversations,,,,,,0.5,",
			}
			if !strings.Contains(b.String(), words[f]) {
				t.Errorf("%s lacks %q:\n%s", f, words[f], b.String())
			}
			if f != Text {
				continue
			}
			for _, want := range []string{"SYNTHETIC DATA\n", "No finished cell that ranks\n", "Not publishable: limit: 9 users (all rows)\n", "Seed 3\n", "tal<k>er †", "0.5000"} {
				if !strings.Contains(b.String(), want) {
					t.Errorf("the table lacks %q:\n%s", want, b.String())
				}
			}
			if strings.Contains(b.String(), "fit s") {
				t.Errorf("it has columns of nothing:\n%s", b.String())
			}
		}
		if got := e[0].Tables[0].Talked[0].Measured(); got[0].Name != "hit@10" || got[0].Mean != "0.5000" || got[0].Users != 30 || !strings.Contains(got[0].Range, "–") {
			t.Errorf("%+v", got[0])
		}
	}
}
