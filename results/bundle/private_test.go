package bundle

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"llm4rec/results"
)

const planted = "pass-4711-word" // a key in no known form

func local() Private {
	return Private{Keys: []string{planted}, User: "mallory", Host: "buildbox7", Home: "/home/mallory"}
}

// TestPrivate plants what is private in every place that a user's words reach, and finds none published.
func TestPrivate(t *testing.T) {
	for text, want := range map[string]string{
		"call failed: key " + planted:               "the value of a key",
		"sk-abcdefghijklmnopqrstuv":                 "form of a key",
		"Authorization: Bearer abcdefghij":          "form of a key",
		"hf_abcdefghijklmnopqrstuv":                 "form of a key",
		"as mallory":                                "the user's name",
		"dial buildbox7:80":                         "the host's name",
		"open /home/mallory/x":                      "the home folder",
		"open /srv/results/x.json: no such file":    "an absolute path, /srv/results/x.json",
		"panic\ngoroutine 1\n\t/src/llm4rec/x.go:7": "an absolute path, /src/llm4rec/x.go",
		`open C:\Users\x`:                           "an absolute path",
		"see ~/secret":                              "a path in a home folder, ~/secret",
		"file:///srv/x/y":                           "an absolute path, file:///srv/x/y",
		"password=hunter22":                         "form of a key",
		"ask jane.doe@example.org":                  "an address of somebody's",
	} {
		for where, plant := range map[string]func(*results.Manifest, *results.Record){
			"warning": func(_ *results.Manifest, r *results.Record) { r.Warnings = []string{text} },
			"params": func(_ *results.Manifest, r *results.Record) {
				b, err := json.Marshal(map[string]string{"path": text})
				check(t, err)
				r.Identity.Params = string(b)
			},
			"plan": func(m *results.Manifest, _ *results.Record) { m.Spec = "dataset: " + text + "\n" },
		} {
			to := filepath.Join(t.TempDir(), "bundle")
			_, err := Publish(t.Context(), small(t, plant), to, Options{Private: local()})
			var leaks Leaks
			if !errors.As(err, &leaks) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), planted) {
				t.Errorf("%q in %s: %v", text, where, err)
			}
			if _, err := os.Stat(to); err == nil {
				t.Errorf("%q in %s: published all the same", text, where)
			}
		}
	}
}

// TestNotPrivate: what looks a little like a path or a name is published.
func TestNotPrivate(t *testing.T) {
	for _, text := range []string{
		"https://example.org/a/b", `Get "http://127.0.0.1:11434/api/tags": refused`, "a/b/c and ./mydata/x", "queries/s", "linux/amd64", "github.com/x/y/v2",
		"smallory", "POST /api/v2/runs", "and/or", "task-based learning for everyone", "1/2 / 3/4",
		"ndcg@10, recall@20.", "github.com/x/y@v1.2.3", "roughly ~3/4", "password: none",
	} {
		if got := local().leaks(text); got != nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// TestPrivateCassettes: recordings go along by choice, and are read inside their compression.
func TestPrivateCassettes(t *testing.T) {
	for line, private := range map[string]bool{
		`{"text":"a fine film","model":"m"}`:     false,
		`{"text":"as mallory said","model":"m"}`: true,
		`{"headers":{"x":"` + planted + `"}}`:    true,
		`no JSON, and ` + planted:                true,
	} {
		var b bytes.Buffer
		for range 2 { // a cassette has many members
			z := gzip.NewWriter(&b)
			_, err := z.Write([]byte(line + "\n"))
			check(t, errors.Join(err, z.Close()))
		}
		path := filepath.Join(t.TempDir(), "answers.jsonl.gz")
		check(t, os.WriteFile(path, b.Bytes(), 0o600))
		to := filepath.Join(t.TempDir(), "bundle")
		p, err := Publish(t.Context(), small(t, nil), to, Options{Cassettes: []string{path}, Private: local()})
		if private != (err != nil) {
			t.Errorf("%s: %v", line, err)
		}
		if err != nil {
			continue
		}
		r, err := Verify(to)
		check(t, err)
		again, err := Publish(t.Context(), to, to, Options{Replace: true})
		check(t, err)
		if r.Differences != nil || again.Sum != p.Sum {
			t.Errorf("%+v; published anew %s", r, again.Sum)
		}
	}
}

// TestGrep looks for what is private here, and for absolute paths, in the bytes of a bundle.
func TestGrep(t *testing.T) {
	t.Setenv("OPENAI_API_KEY", planted)
	t.Setenv("SOME_TOKEN", "another-4712-key")
	p := Local()
	if len(p.Keys) < 2 {
		t.Fatalf("%d keys in the environment", len(p.Keys))
	}
	to := filepath.Join(t.TempDir(), "bundle")
	dir := small(t, nil)
	_, err := Publish(t.Context(), dir, to, Options{Private: p})
	check(t, err)
	wd, err := os.Getwd()
	check(t, err)
	words := append(p.Keys, wd, dir, to)
	for _, s := range []string{p.User, p.Host} {
		if len(s) >= 6 { // shorter ones stand in compressed bytes by chance
			words = append(words, s)
		}
	}
	grep(t, to, words)
}

func grep(t *testing.T, dir string, words []string) {
	t.Helper()
	check(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		for _, w := range words {
			if bytes.Contains(b, []byte(w)) {
				t.Errorf("%s has %q", path, w)
			}
		}
		return err
	}))
}
