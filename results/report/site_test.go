package report

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
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
	_, err := Write(first, []string{records})
	check(t, err)
	_, err = Write(second, []string{records, records}) // a folder that is named twice counts once
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
	w, err := Write(out, []string{toy().write(t)})
	check(t, err)
	if w.Boards != 2 || w.Systems != 16 {
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
	if !strings.Contains(pages["b01-toys-b-leave-one-out/llm.html"], "duplicate") {
		t.Error("the page of language models lacks the classes of answers")
	}
}

func TestOnlySitesAreReplaced(t *testing.T) {
	records := toy().write(t)
	var other *NotOurs
	if _, err := Write(records, []string{records}); !errors.As(err, &other) {
		t.Errorf("a folder of results: %v", err)
	}
	out := filepath.Join(t.TempDir(), "a", "site")
	for range 2 {
		_, err := Write(out, []string{records})
		check(t, err)
	}
	if _, err := Write(out, []string{filepath.Join(records, "nowhere")}); err == nil {
		t.Error("records that are not there made a site")
	}
	entries, err := os.ReadDir(filepath.Dir(out))
	check(t, err)
	if len(entries) != 1 {
		t.Errorf("something was left beside the site: %v", entries)
	}
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
