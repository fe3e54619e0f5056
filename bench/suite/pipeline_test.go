package suite

import (
	"bytes"
	"cmp"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"llm4rec/bench"
	"llm4rec/data/datatest"
	"llm4rec/llm/cassette"
	"llm4rec/llm/ollama/ollamatest"
	"llm4rec/llm/ollama/tiny"
	"llm4rec/results"
	"llm4rec/results/table"
)

const pipelineSpec = `
name: pipeline
dataset: ml-100k
metrics: [recall@10, recall@20, ndcg@10]
seeds: [1, 2]
systems:
  - {name: pop, model: popularity}
  - {name: tfidf, model: text}
  - {name: tiny, model: llm, after: [pop, tfidf], seeds: [1], params: {model: tiny, base_url: "%s", num_ctx: 4096, options: {num_thread: 1}, max_tokens: 120, probe: 3}}
  - {name: shuffled, model: llm, after: [pop], params: {model: tiny, base_url: "%[1]s", num_ctx: 4096, options: {num_thread: 1}, max_tokens: 120, probe: 0, order: shuffled, rounds: 2, candidates: 5, history: 3}}
`

// The whole pipeline against a real server, whose model has random weights: retrieve, rank, and replay what was recorded with
// the server gone and no model fitted. LLM4REC_USERS says for how many users: 943 are all.
func TestPipeline(t *testing.T) {
	dir := datatest.Dir(t)
	datatest.Open(t, "ml-100k")
	server := ollamatest.Start(t)
	server.Model("tiny", tiny.Random(1, 4096))
	users, err := strconv.Atoi(cmp.Or(os.Getenv("LLM4REC_USERS"), "6"))
	if err != nil {
		t.Fatal(err)
	}
	run := func(out string, mode cassette.Mode) string {
		t.Helper()
		log := slog.New(slog.DiscardHandler)
		calls := &Calls{Mode: mode, Cassette: filepath.Join(out, "answers.jsonl.gz"), Parallel: 2, Log: log}
		s := New(DatasetOptions{Dirs: []string{dir}}, calls, log)
		sum, _, _ := runText(t, s, bench.Runner{Out: out, Limit: users}, fmt.Sprintf(pipelineSpec, server.URL))
		if err := calls.Close(); err != nil {
			t.Error(err)
		}
		if sum.Failed+sum.Unavailable > 0 {
			t.Fatalf("%+v\n%s", sum, tableOf(t, sum.Dir, table.Text))
		}
		return sum.Dir
	}
	out := t.TempDir()
	first := run(out, cassette.Record)
	for name, r := range recordsBySystem(t, first) {
		a := r.LLM
		if r.Identity.First == "" {
			continue
		}
		if !a.Test || len(r.Unpublish) < 2 || a.Digest == "" || a.Calls == 0 || a.PromptTokens < 100*a.Calls || a.Asked != users || len(a.Positions) == 0 {
			t.Errorf("%s: %+v, not to be published: %v", name, a, r.Unpublish)
		}
		if strings.HasSuffix(name, "tiny") && (a.Probe == nil || a.Probe.Items.Asked != 3) {
			t.Errorf("%s: probe %+v", name, a.Probe)
		}
	}
	want := tableOf(t, first, table.CSV)

	// Without the server, what was measured stands.
	server.Kill()
	if again := run(out, cassette.Record); tableOf(t, again, table.CSV) != want {
		t.Errorf("without the server:\n%s\nwith it:\n%s", tableOf(t, again, table.CSV), want)
	}

	// Elsewhere: the records of the first stage and the cassette, nothing else.
	elsewhere := t.TempDir()
	keep(t, out, elsewhere, func(r results.Record) bool { return r.Identity.First == "" })
	second := run(elsewhere, cassette.Replay)
	if got := tableOf(t, second, table.CSV); accuracy(got) != accuracy(want) {
		t.Errorf("replayed:\n%s\nrecorded:\n%s", got, want)
	}
	for name, r := range recordsBySystem(t, second) {
		if a := r.LLM; a != nil && a.Recorded != a.Calls {
			t.Errorf("%s: %d of %d calls were replayed", name, a.Recorded, a.Calls)
		}
	}
}

// accuracy is a CSV without what was measured by the clock, which stands last.
func accuracy(text string) string {
	lines := strings.Split(text, "\n")
	cut := strings.Count(lines[0][:strings.Index(lines[0], "timing_")], ",")
	for n, line := range lines {
		if fields := strings.Split(line, ","); len(fields) > cut {
			lines[n] = strings.Join(fields[:cut], ",")
		}
	}
	return strings.Join(lines, "\n")
}

func tableOf(t *testing.T, dir string, f table.Format) string {
	t.Helper()
	loaded, err := table.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := table.Write(&out, f, loaded, table.Options{}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func recordsBySystem(t *testing.T, dir string) map[string]results.Record {
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
	for _, r := range records {
		out[r.Identity.System] = r
	}
	return out
}

// keep copies a folder of results without the cells that are not wanted.
func keep(t *testing.T, from, to string, want func(results.Record) bool) {
	t.Helper()
	drop := map[string]bool{}
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() == "cells" {
			store, err := results.OpenRead(filepath.Dir(path))
			if err != nil {
				return err
			}
			records, _ := store.Records()
			for _, r := range records {
				drop[r.ID] = !want(r)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(to, func(path string, d fs.DirEntry, err error) error {
		id, _, _ := strings.Cut(d.Name(), ".")
		if err == nil && drop[id] {
			return os.Remove(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
