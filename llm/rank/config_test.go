package rank

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"llm4rec/data"
	"llm4rec/llm"
	"llm4rec/llm/text"
	"llm4rec/models"
)

func TestValidate(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Fatal(err)
	}
	for key, changes := range map[string][]func(*Config){
		"method":      {func(c *Config) { c.Method = "best" }},
		"merge":       {func(c *Config) { c.Merge = "" }},
		"order":       {func(c *Config) { c.Order = "random" }},
		"titles":      {func(c *Config) { c.Titles = "hidden" }},
		"size":        {func(c *Config) { c.Size = 5 }, func(c *Config) { c.Method, c.Size = "setwise", 1 }, func(c *Config) { c.Method, c.Size = "window", -1 }},
		"step":        {func(c *Config) { c.Step = 1 }, func(c *Config) { c.Method, c.Step = "window", 11 }},
		"rounds":      {func(c *Config) { c.Rounds = 0 }, func(c *Config) { c.Rounds = 2 }, func(c *Config) { c.Rounds, c.Order = 257, "shuffled" }},
		"fuse":        {func(c *Config) { c.Fuse = -1 }, func(c *Config) { c.Fuse = math.NaN() }},
		"candidates":  {func(c *Config) { c.Candidates = 1 }},
		"history":     {func(c *Config) { c.History = -1 }},
		"limit":       {func(c *Config) { c.Limit = 0 }},
		"temperature": {func(c *Config) { c.Temperature = 3 }, func(c *Config) { c.Temperature = math.NaN() }},
		"max_tokens":  {func(c *Config) { c.MaxTokens = -1 }},
		"again":       {func(c *Config) { c.Again = -1 }, func(c *Config) { c.Again = 256 }},
		"item":        {func(c *Config) { c.Item = "title" }},
		"more":        {func(c *Config) { c.More = []text.Source{{Path: "x"}} }},
		"inject": {
			func(c *Config) { c.Inject = &Injection{"magic", "title"} },
			func(c *Config) { c.Inject = &Injection{"override", "overview"} },
			func(c *Config) { c.Inject, c.Titles = &Injection{"override", "title"}, "anonymous" },
		},
		"prompt": {func(c *Config) { c.Prompt = "magic" }, func(c *Config) { c.Prompt = "./none.txt" }, func(c *Config) { c.Wording = "song" }},
	} {
		for n, change := range changes {
			c := Default()
			change(&c)
			var bad *data.SpecError
			if err := c.Validate(); !errors.As(err, &bad) || bad.Key != key {
				t.Errorf("%s, %d: %v", key, n, err)
			}
			if _, err := c.Prepare(t.Context(), catalogue(5)); err == nil {
				t.Errorf("%s, %d: prepared", key, n)
			}
		}
	}
}

// Every prompt asks what every method does, in every wording, and none says what is right.
func TestPrompts(t *testing.T) {
	names, hashes := map[string]bool{}, map[string]bool{}
	for _, p := range Prompts() {
		names[p.Name], hashes[p.Hash] = true, true
		if p.Source == "" || len(p.Hash) != 64 {
			t.Errorf("%s: source %q, hash %q", p.Name, p.Source, p.Hash)
		}
		for wording := range p.Wordings {
			for method := range asks {
				for _, history := range [][]int32{nil, {1}, {1, 2, 3}} {
					c := Default()
					c.Prompt, c.Wording, c.Method, c.Candidates = p.Name, wording, method, 3
					q, err := prepared(t, c, says("", llm.Stop), catalogue(20)).Preview(t.Context(), models.Query{History: history}, firstStage(4, 5))
					if err != nil || len(q) == 0 {
						t.Fatalf("%s, %s: %d requests, %v", p.Name, method, len(q), err)
					}
					body := q[0].Messages[1].Content
					if len(q[0].Messages) != 2 || strings.Contains(body, "<no value>") || strings.Contains(body, "\n\n\n") || !strings.Contains(body, p.Wordings[wording]["take"]) {
						t.Errorf("%s, %s: %s", p.Name, method, body)
					}
					if want := 3; method == "listwise" && len(shownIn(q[0])) != want {
						t.Errorf("%s: %s", p.Name, body)
					}
				}
			}
		}
	}
	for _, want := range []string{"sequential", "recency-focused", "in-context", "evidence"} {
		if !names[want] {
			t.Errorf("%s is missing", want)
		}
	}
	if len(hashes) != len(names) {
		t.Errorf("%d hashes of %d prompts", len(hashes), len(names))
	}
}

func TestEvidence(t *testing.T) {
	c := Default()
	c.Prompt, c.Candidates = "evidence", 2
	q, err := prepared(t, c, says("", llm.Stop), catalogue(20)).Preview(t.Context(), models.Query{History: []int32{1, 3}}, firstStage(4, 2))
	if err != nil {
		t.Fatal(err)
	}
	// User u took u to u+3: 4 was taken by 1 to 4, of whom 1 took 1, and 1 to 3 took 3.
	if want := "[1] Film 4\n    first stage: rank 1, score 1; watched by 4 people, of whom with [h1] 1, [h2] 3\n[2] Film 5\n    first stage: rank 2, score 0.5; watched by 4 people, of whom with [h2] 2\n"; !strings.Contains(q[0].Messages[1].Content, want) {
		t.Errorf("%s", q[0].Messages[1].Content)
	}
}

// A prompt of the user's own is a file of the same form.
func TestPromptFile(t *testing.T) {
	dir := t.TempDir()
	write := func(content string) string {
		place := filepath.Join(dir, "own.txt")
		if err := os.WriteFile(place, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return place
	}
	const header = "name: own\nversion: 3\nwordings:\n  movie: {item: film}\n---\n"
	c := Default()
	c.Prompt = write(header + "{{range .Candidates}}{{.Number}} {{.Text}};{{end}}\r\n")
	r := prepared(t, c, says("", llm.Stop), catalogue(20))
	q, err := r.Preview(t.Context(), models.Query{}, firstStage(4, 2))
	if err != nil || len(q) != 1 || len(q[0].Messages) != 1 || q[0].Messages[0].Content != "1 Film 4;2 Film 5;" {
		t.Errorf("%+v, %v", q, err)
	}
	if rep := r.Report(); rep.Prompt != "own" || rep.Version != 3 || rep.PromptHash == "" {
		t.Errorf("%+v", rep)
	}
	one, err := c.Fingerprint()
	if err != nil {
		t.Fatal(err)
	}
	c.Prompt = write(header + "{{len .Candidates}}")
	if two, err := c.Fingerprint(); err != nil || one == two {
		t.Errorf("%s, %s, %v", one, two, err)
	}
	for bad, want := range map[string]string{
		"x":                             "want a header",
		"name: own\n---\n":              "want a name",
		"name: own\ncolour: red\n---\n": "colour",
		header + "{{":                   "own",
		header + "{{.Relevant}}":        "Relevant",
		header + "{{.Word.items}}":      "items",
		header + `{{define "system"}}{{.X}}{{end}}`: "X",
	} {
		c.Prompt = write(bad)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", bad, err, want)
		}
	}
}

func TestFingerprint(t *testing.T) {
	one, err := Default().Fingerprint()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{one: true}
	for _, change := range []func(*Config){
		func(c *Config) { c.Prompt = "evidence" },
		func(c *Config) { c.Inject = &Injection{"override", "title"} },
		func(c *Config) { c.Inject = &Injection{"hidden", "title"} },
		func(c *Config) { c.Chat = func() (llm.Chat, error) { return says("", llm.Stop), nil } },
	} {
		c := Default()
		change(&c)
		sum, err := c.Fingerprint()
		if err != nil || seen[sum] {
			t.Errorf("%s, %v", sum, err)
		}
		seen[sum] = true
	}
}
