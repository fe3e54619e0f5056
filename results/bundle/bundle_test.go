package bundle

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"llm4rec/results"
)

// TestPublish: a bundle holds, says what has not run, has one sum, and is published anew as it is.
func TestPublish(t *testing.T) {
	dir := small(t, nil)
	check(t, os.WriteFile(filepath.Join(dir, "cells", ".tmp-1"), []byte("x"), 0o600)) // of a process that was killed
	to := filepath.Join(t.TempDir(), "a", "bundle")
	p, err := Publish(t.Context(), dir, to, Options{})
	check(t, err)
	r, err := Verify(to)
	check(t, err)
	if r.Differences != nil || r.Cells != 3 || r.Metrics != 9 || r.Lines < 100 || r.Sum != p.Sum || r.Files+1 != p.Files {
		t.Errorf("%+v, published %+v", r, p)
	}
	for name, want := range map[string]string{TableName: "Not run yet: later", SpecName: "depth: 5\n", SystemName: `"host_processor_model_name": "Example CPU"`} {
		if b, err := os.ReadFile(filepath.Join(to, name)); err != nil || !strings.Contains(string(b), want) {
			t.Errorf("%s has no %q: %v", name, want, err)
		}
	}
	if _, err := Publish(t.Context(), dir, to, Options{}); err == nil || !strings.Contains(err.Error(), "there already") {
		t.Errorf("in the place of another: %v", err)
	}
	again, err := Publish(t.Context(), to, to, Options{Replace: true})
	check(t, err)
	if again.Sum != p.Sum {
		t.Errorf("published anew: %s, not %s", again.Sum, p.Sum)
	}
	if _, err := Publish(t.Context(), dir, dir, Options{Replace: true}); err == nil || !strings.Contains(err.Error(), "no bundle") {
		t.Errorf("in the place of the results: %v", err)
	}
	for _, inside := range []string{filepath.Join(to, "b"), filepath.Join(dir, "a", "b")} {
		if _, err := Publish(t.Context(), dir, inside, Options{}); err == nil || !strings.Contains(err.Error(), "is inside of") {
			t.Errorf("to %s: %v", inside, err)
		}
	}
	web := t.TempDir() // somebody's project, with a manifest of another kind
	check(t, os.WriteFile(filepath.Join(web, results.ManifestName), []byte("{}"), 0o600))
	if _, err := Publish(t.Context(), dir, filepath.Join(web, "public", "b"), Options{}); err != nil {
		t.Error(err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := Publish(ended, dir, filepath.Join(filepath.Dir(to), "other"), Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	notes := filepath.Join(to, "notes.txt") // somebody's, in the bundle
	check(t, os.WriteFile(notes, nil, 0o600))
	if _, err := Publish(t.Context(), dir, to, Options{Replace: true}); err == nil || !strings.Contains(err.Error(), "notes.txt, which is no part of the bundle") {
		t.Errorf("with a file in it: %v", err)
	}
	check(t, os.Remove(notes))
	left, err := os.ReadDir(filepath.Dir(to))
	check(t, err)
	if len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

// TestWithheld: rows that must not be published are refused, or left out with what only they need.
func TestWithheld(t *testing.T) {
	dir := small(t, func(_ *results.Manifest, rec *results.Record) {
		if rec.Identity.Seed == 2 {
			rec.Unpublish, rec.Split = []string{"trained on the test part"}, split
		}
		if rec.Identity.System == "pop" {
			rec.LLM = &results.LLM{Test: true}
		}
	})
	to := filepath.Join(t.TempDir(), "bundle")
	_, err := Publish(t.Context(), dir, to, Options{})
	var rows *Unpublishable
	if !errors.As(err, &rows) || len(rows.Rows) != 2 {
		t.Fatalf("%v", err)
	}
	p, err := Publish(t.Context(), dir, to, Options{Withhold: true})
	check(t, err)
	r, err := Verify(to)
	check(t, err)
	if r.Differences != nil || r.Cells != 1 || len(p.Withheld) != 2 {
		t.Errorf("%+v, %+v", r, p)
	}
	again, err := Publish(t.Context(), to, to, Options{Replace: true})
	check(t, err)
	if again.Sum != p.Sum {
		t.Error("what was withheld is forgotten when the bundle is published anew")
	}
	page, err := Leaderboard(filepath.Dir(to), "published")
	check(t, err)
	if !strings.Contains(string(page), "Withheld: als under standard, seed 2: trained on the test part") || !strings.Contains(string(page), p.Sum) {
		t.Errorf("%s", page)
	}
}

// TestRecordsThatSayOtherwise: seals and sums are right, and the ranks say something else.
func TestRecordsThatSayOtherwise(t *testing.T) {
	for name, change := range map[string]func(*results.Manifest, *results.Record){
		"metric":     func(_ *results.Manifest, rec *results.Record) { rec.Metrics["ndcg@5"] += 1e-12 },
		"unknown":    func(_ *results.Manifest, rec *results.Record) { rec.Metrics["luck@5"] = 1 },
		"users":      func(_ *results.Manifest, rec *results.Record) { rec.Users = 19 },
		"depth":      func(_ *results.Manifest, rec *results.Record) { rec.Identity.Depth = 4 },
		"experiment": func(_ *results.Manifest, rec *results.Record) { rec.Experiment = "large" },
		"data set":   func(_ *results.Manifest, rec *results.Record) { rec.Identity.Dataset = "other" },
	} {
		dir := small(t, func(m *results.Manifest, rec *results.Record) {
			if rec.Identity.Seed == 2 {
				change(m, rec)
			}
		})
		_, err := Publish(t.Context(), dir, filepath.Join(t.TempDir(), "bundle"), Options{})
		if err == nil || !strings.Contains(err.Error(), "does not hold") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestUnsound: ranks that no run writes are refused before anything indexes with them.
func TestUnsound(t *testing.T) {
	rec := results.Record{Users: 1, Identity: results.Identity{Depth: 3}}
	for name, x := range map[string]results.Ranking{
		"item too large":     {Items: []int32{9}, Scores: []float32{1}},
		"item negative":      {Items: []int32{-1}, Scores: []float32{1}},
		"item twice":         {Items: []int32{1, 1}, Scores: []float32{1, 1}},
		"too long":           {Items: []int32{1, 2, 3, 4}, Scores: []float32{1, 1, 1, 1}},
		"a score too few":    {Items: []int32{1, 2}, Scores: []float32{1}},
		"relevant too large": {Relevant: []int32{9}},
		"relevant twice":     {Relevant: []int32{1, 1}},
	} {
		if unsound(rec, []results.Ranking{x}, 9) == "" {
			t.Errorf("%s is taken", name)
		}
	}
	rec.Users = 2
	if unsound(rec, make([]results.Ranking, 2), 9) == "" {
		t.Error("a user twice is taken")
	}
}

// TestStep: a decoder that panics is a difference.
func TestStep(t *testing.T) {
	var r Report
	r.step("cells/a.parquet", func() { panic("offset") })
	if !slices.Equal(r.Differences, []Difference{{File: "cells/a.parquet", What: "cannot be read: offset"}}) {
		t.Errorf("%v", r.Differences)
	}
}
