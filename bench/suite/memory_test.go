package suite

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"llm4rec/data/synthetic"
	"llm4rec/llm"
	"llm4rec/llm/cassette"
	"llm4rec/llm/llmtest"
	"llm4rec/llm/memory"
)

// A store is filled from the data set, a Wikipedia and a model; with recorded answers and kept pages also without them.
func TestMemories(t *testing.T) {
	d := synthetic.Generate(synthetic.Config{Users: 20, Items: 10, Interactions: 90, Seed: 1})
	title, year := d.ItemText.Values("title")[0], d.ItemText.Values("year")[0]
	wiki := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := map[string]any{"type": "standard", "title": title, "extract": "It is a " + year + " film.", "timestamp": "2024-01-02T00:00:00Z"}
		if strings.HasPrefix(r.URL.Path, "/w/") {
			answer = map[string]any{"pages": []any{map[string]any{"key": "It", "title": title, "description": year + " film"}}}
		}
		_ = json.NewEncoder(w).Encode(answer)
	}))
	server := llmtest.Serve(t)
	server.Chat = true
	server.Answer = func(llm.Request) llm.Response {
		return llm.Response{Text: `{"words": ["space", "war"]}`, Finish: llm.Stop, PromptTokens: 5, OutputTokens: 3}
	}
	dir := t.TempDir()
	m := DefaultMemories()
	m.From, m.Prompts, m.Wikipedia, m.Contact = []string{"own", "wikipedia"}, []string{"tags"}, wiki.URL, "tests@example.org"
	m.every = 1
	m.Chat.Model, m.Chat.BaseURL = llmtest.Model, server.URL
	fill := func(path string, mode cassette.Mode) string {
		t.Helper()
		m.Calls = &Calls{Mode: mode, Cassette: filepath.Join(dir, "answers.jsonl.gz")}
		if err := m.Validate(); err != nil {
			t.Fatal(err)
		}
		found, err := m.Fill(t.Context(), filepath.Join(dir, path), d, func(string, int, int) {})
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		for _, s := range found.Sources {
			fmt.Fprintf(&out, "%s: %s\n", s.Source, s.Summary())
		}
		fmt.Fprintf(&out, "%d calls, %d recorded, %d tokens, %d before, %v\n", found.Account.Calls, found.Account.Recorded, found.Account.PromptTokens+found.Account.OutputTokens, found.Earlier, found.Account.Answers)
		if err := m.Calls.Close(); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	first := fill("a.sqlite", cassette.Record)
	for _, want := range []string{"data set: 10 matched\n", "wikipedia: 1 matched", "words:tags: 10 written\n", "10 calls, 0 recorded, 80 tokens, 0 before, map[written:10]\n"} {
		if !strings.Contains(first, want) {
			t.Errorf("%s\nwant %s", first, want)
		}
	}
	wiki.Close()
	calls := server.Calls()
	server.Die()
	m.Offline = true
	if again := fill("a.sqlite", cassette.Replay); !strings.Contains(again, "wikipedia: 1 matched") || !strings.Contains(again, "0 calls, 0 recorded, 0 tokens, 10 before") {
		t.Error(again)
	}
	s, err := memory.Open(t.Context(), filepath.Join(dir, "a.sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	tags, err := s.Field(t.Context(), memory.Column{Field: "tags"})
	if err != nil || len(tags) != 10 || tags[d.Items.Raw(0)] != "space, war" || server.Calls() != calls {
		t.Errorf("%v, %v", tags, err)
	}
	for name, change := range map[string]func(*Memories){
		"nothing":    func(m *Memories) { m.From, m.Prompts = nil, nil },
		"day":        func(m *Memories) { m.Until = "1998" },
		"prompt":     func(m *Memories) { m.Prompts = []string{"nothing"} },
		"no model":   func(m *Memories) { m.Chat.Model = "" },
		"no contact": func(m *Memories) { m.From, m.Offline, m.Contact = []string{"wikipedia"}, false, "" },
		"no server":  func(m *Memories) { m.Chat.Provider = "nobody" },
	} {
		bad := m
		change(&bad)
		if bad.Validate() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
