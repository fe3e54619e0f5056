package report

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"llm4rec/results"
)

// read returns the files of a folder by their names.
func read(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	check(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		out[filepath.ToSlash(name)] = string(content)
		return err
	}))
	return out
}

func TestSameRecordsSameBytes(t *testing.T) {
	records := toy().write(t)
	first, second := filepath.Join(t.TempDir(), "site"), filepath.Join(t.TempDir(), "site")
	_, err := Write(t.Context(), first, []string{records})
	check(t, err)
	_, err = Write(t.Context(), second, []string{records, records}) // a folder that is named twice counts once
	check(t, err)
	a, b := read(t, first), read(t, second)
	if len(a) != len(b) {
		t.Fatalf("%d and %d files", len(a), len(b))
	}
	for name := range a {
		if a[name] != b[name] {
			t.Errorf("%s differs", name)
		}
	}
}

var (
	reference = regexp.MustCompile(`(?:href|src)="([^"]*)"`)
	foreign   = regexp.MustCompile(`(?i)(?:src|href|url)\s*[=(]\s*["']?(?:https?:)?//`)
)

// TestPagesHoldTogether: links lead to files of the site, nothing leads out of it, names are words and no markup.
func TestPagesHoldTogether(t *testing.T) {
	out := filepath.Join(t.TempDir(), "site")
	w, err := Write(t.Context(), out, []string{toy().write(t)})
	check(t, err)
	if w.Boards != 2 || w.Systems != 26 {
		t.Errorf("%+v", w)
	}
	pages := read(t, out)
	for name, text := range pages {
		if foreign.MatchString(text) {
			t.Errorf("%s asks for something from elsewhere", name)
		}
		if !strings.HasSuffix(name, ".html") && !strings.HasSuffix(name, "users.js") {
			continue
		}
		for _, raw := range []string{"<img", "</script><", "<b>", "<i>"} {
			if strings.Contains(strings.ReplaceAll(text, "</script>\n<", ""), raw) {
				t.Errorf("%s has the raw words %q of a name", name, raw)
			}
		}
		if len(text) > 1_000_000 {
			t.Errorf("%s has %d bytes", name, len(text))
		}
		for _, m := range reference.FindAllStringSubmatch(text, -1) {
			to := m[1]
			if to == "#main" || to == "data:," {
				continue
			}
			if _, ok := pages[filepath.ToSlash(filepath.Join(filepath.Dir(name), to))]; !ok {
				t.Errorf("%s leads to %s, which is not there", name, to)
			}
		}
	}
	board := pages["b01-toys-b-leave-one-out/index.html"]
	for _, want := range []string{"leaked", "test model", "SYNTHETIC DATA", "failed: fit: no &lt;b&gt;memory", `data-publishable="false"`} {
		if !strings.Contains(board, want) {
			t.Errorf("the leaderboard lacks %q", want)
		}
	}
	for page, wants := range map[string][]string{
		"llm.html":          {"duplicate", "Agents, leave-one-out", "bound &lt;b&gt; 10", "simulated user", "refu&lt;b&gt;sal 8"},
		"s001-itemknn.html": {"<h2>Agent</h2>", "recommended 70", "tool calls a turn", "4000"},
		"pipeline.html":     {"augment", "memories", "retrieve", "explain", "Some fields are missing", "not asked: no te&lt;i&gt;xt", "What was unavailable", "no &lt;b&gt;server", "$ so far"},
		"reasons.html":      {`href="r000-because.html"`, "test model", "replayed", "†"},
		"r000-because.html": {"60 of 80 users", "not supported", "call: &lt;/pre&gt;", "colour: r&lt;b&gt;ed"},
		"talks.html":        {`href="t000-talker.html"`, "limited", "unavailable: no &lt;b&gt;server", "p, against talker"},
		"t000-talker.html":  {"60 of 80", "agent fai&lt;i&gt;led", "found", "hit@10", "What the agent did: 2 steps", "no JSON"},
		"t002-mute.html":    {"This system has no values", "no &lt;b&gt;server"},
		"index.html":        {"Rows that explain", "Rows that talk"},
	} {
		text := pages["b01-toys-b-leave-one-out/"+page]
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %q", page, want)
			}
		}
	}
}

// TestNothingRanks: an experiment of which only what explains and talks was run has a site and plots.
func TestNothingRanks(t *testing.T) {
	x := toy()
	x.talksOnly = true
	records := x.write(t)
	out := filepath.Join(t.TempDir(), "site")
	w, err := Write(t.Context(), out, []string{records})
	check(t, err)
	if w.Boards != 2 || w.Systems != 10 {
		t.Errorf("%+v", w)
	}
	pages := read(t, out)
	if text := pages["b01-toys-b-leave-one-out/index.html"]; !strings.Contains(text, "no system that ranks, 2 that explain, 2 that talk") {
		t.Error(text)
	}
	if _, has := pages["b01-toys-b-leave-one-out/t000-talker.html"]; !has {
		t.Error("the row that talks has no page")
	}
	figures, err := Figures([]string{records})
	if err != nil || len(figures) != 2 || !strings.HasSuffix(figures[0].Name, "-conversations") {
		t.Errorf("%d figures, %v", len(figures), err)
	}
}

// TestDamagedReasons: a list that cannot be read leaves its row's measures, and all other pages.
func TestDamagedReasons(t *testing.T) {
	records := toy().write(t)
	paths, err := filepath.Glob(filepath.Join(records, "cells", "*.reasons.parquet"))
	check(t, err)
	for _, path := range paths {
		check(t, os.WriteFile(path, []byte("PAR1"), 0o600))
	}
	out := filepath.Join(t.TempDir(), "site")
	_, err = Write(t.Context(), out, []string{records})
	check(t, err)
	text := read(t, out)["b01-toys-b-leave-one-out/r000-because.html"]
	if !strings.Contains(text, "The list of reasons cannot be read") || !strings.Contains(text, "0.7500") || strings.Contains(text, "What users are told") {
		t.Error(text)
	}
}

// TestLongTextsFit: whatever people and models wrote, a page is far under a megabyte.
func TestLongTextsFit(t *testing.T) {
	long := strings.Repeat("<&>", 20_000)
	var list []results.Reason
	var talks []results.Talk
	for n := range 500 {
		list = append(list, results.Reason{User: fmt.Sprint(n), Title: long, Sentence: long, Claims: []results.Claim{{Kind: "field", Field: "f", Value: long}}})
		talks = append(talks, results.Talk{User: long, Rank: int32(n % 2), Said: []results.Utterance{{User: long, Agent: long, Trace: long}, {Trace: `[{"by":"tool","result":"` + long + `"}]`}}})
	}
	shown, all := readers(list)
	size := 0
	for _, x := range shown {
		size += x.size()
	}
	if all != 500 || len(shown) < 2 || size > budget {
		t.Errorf("%d of %d users, %d bytes", len(shown), all, size)
	}
	size, found := 0, 0
	for _, x := range conversations(talks) {
		size += x.size()
		found += int(x.Rank)
	}
	if size > budget || found == 0 || found == len(conversations(talks)) {
		t.Errorf("%d bytes of conversations, %d found", size, found)
	}
}

func TestOnlySitesAreReplaced(t *testing.T) {
	records := toy().write(t)
	var other *NotOurs
	if _, err := Write(t.Context(), records, []string{records}); !errors.As(err, &other) {
		t.Errorf("a folder of results: %v", err)
	}
	out := filepath.Join(t.TempDir(), "a", "site")
	for range 2 {
		_, err := Write(t.Context(), out, []string{records})
		check(t, err)
	}
	if _, err := Write(t.Context(), out, []string{filepath.Join(records, "nowhere")}); err == nil {
		t.Error("records that are not there made a site")
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := Write(ended, out, []string{records}); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	entries, err := os.ReadDir(filepath.Dir(out))
	check(t, err)
	if len(entries) != 1 {
		t.Errorf("something was left beside the site: %v", entries)
	}
	strange := t.TempDir() // somebody's, with a mark that no site has
	check(t, os.WriteFile(filepath.Join(strange, markName), []byte(`{"site": "llm4rec", "files": ["/etc/passwd", "../x", ""]}`), 0o644))
	check(t, os.WriteFile(filepath.Join(strange, "x"), nil, 0o644))
	if _, err := Write(t.Context(), strange, []string{records}); !errors.As(err, &other) || other.File != "x" {
		t.Errorf("a strange mark: %v", err)
	}
	for _, name := range []string{"notes.txt", "out/quick/manifest.json"} { // what a user put there
		path := filepath.Join(out, name)
		check(t, os.MkdirAll(filepath.Dir(path), 0o755))
		check(t, os.WriteFile(path, nil, 0o644))
		if _, err := Write(t.Context(), out, []string{records}); !errors.As(err, &other) || other.File != strings.Split(name, "/")[0] {
			t.Errorf("with %s in it: %v", name, err)
		}
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
		check(t, os.RemoveAll(filepath.Join(out, other.File)))
	}
	_, err = Write(t.Context(), out, []string{records})
	check(t, err)
}

// decode is what the page does with a row of users.
func decode(u *users, text string) []float64 {
	out := make([]float64, u.Count)
	zeros, at := 0, 0
	for _, c := range text {
		if c >= 'a' && c <= 'z' {
			zeros = zeros*26 + int(c-'a')
			continue
		}
		at += zeros
		zeros = 0
		out[at] = u.Levels[strings.IndexRune(letters, c)]
		at++
	}
	return out
}

func TestUsersAreCodedWithoutLoss(t *testing.T) {
	values := make([]float64, 2000)
	for n := 0; n < len(values); n += 1 + n/3 {
		values[n] = 1 / float64(1+n%7)
	}
	u := &users{Exact: true, Count: len(values)}
	for _, v := range values {
		if v != 0 && !slices.Contains(u.Levels, v) {
			u.Levels = append(u.Levels, v)
		}
	}
	slices.Sort(u.Levels)
	if got := decode(u, u.code(values)); !slices.Equal(got, values) {
		t.Error("other values come back")
	}
}
