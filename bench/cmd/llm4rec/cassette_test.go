package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"llm4rec/llm"
	"llm4rec/llm/cassette"
)

// teller answers with what a terminal would obey.
type teller struct{}

func (teller) Identity(context.Context) (llm.Identity, error) {
	return llm.Identity{Provider: "ollama", Model: "teller", Digest: "sha256:2", Options: map[string]string{"top_k": "1", "num_ctx": "4096"}}, nil
}

func (teller) Generate(context.Context, llm.Request) (llm.Response, error) {
	return llm.Response{Text: "<red>\x1b[31m\tend", Finish: llm.Stop, PromptTokens: 10, OutputTokens: 3, Wall: time.Second}, nil
}

// recorded makes a cassette with three answers, and returns their keys.
func recorded(t *testing.T, path string) []string {
	t.Helper()
	tape, err := cassette.Open(cassette.Config{Path: path, Mode: cassette.Record})
	if err != nil {
		t.Fatal(err)
	}
	id, _ := teller{}.Identity(t.Context())
	chat := tape.Wrap(id, teller{})
	var keys []string
	for n := range 3 {
		r := llm.Request{Messages: []llm.Message{{Role: llm.System, Content: "be short"}, {Role: llm.User, Content: strings.Repeat("go on\n", n+1)}}, Schema: json.RawMessage(`{"type":"string"}`), Seed: int64(n)}
		if _, err := chat.Generate(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		keys = append(keys, r.Key(id))
	}
	if err := tape.Close(); err != nil {
		t.Fatal(err)
	}
	return keys
}

func printed(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), args, &out, io.Discard)
	return out.String(), err
}

func TestCassetteShow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.gz")
	keys := recorded(t, path)
	got, err := printed(t, "cassette", "show", path, "--key", keys[1][:12])
	if err != nil {
		t.Fatal(err)
	}
	got = regexp.MustCompile(`20\d\d-.*Z`).ReplaceAllString(got, "THEN")
	want := "# " + keys[1] + `

ollama teller, THEN: temperature 0, seed 1

## system

be short

## user

go on
go on

## schema

{
  "type": "string"
}

## answer

<red>` + "\uFFFD[31m\t" + `end

stop after 3 tokens, of a prompt of 10, in 1s
`
	if got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	if _, err := printed(t, "cassette", "show", path, "--key", ""); err != nil {
		t.Error(err)
	}
	out, err := printed(t, "cassette", "show", path, "--entries")
	if err != nil || strings.Count(out, "\n") != 3 || !strings.Contains(out, `"text":"<red>\u001b[31m\tend"`) {
		t.Errorf("%s, %v", out, err)
	}

	// Damage in the middle and a torn end are told, and what is sound is shown.
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text[len(text)/2] ^= 1
	damaged := filepath.Join(t.TempDir(), "damaged.gz")
	if err := os.WriteFile(damaged, append(text, text[:99]...), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err = printed(t, "cassette", "show", damaged)
	for _, want := range []string{
		damaged + ": 2 answers\n", "damaged: 1 stretches are no answers", "torn: the last 99 bytes",
		"teller  sha256:2  num_ctx=4096 top_k=1  2        20             6 ",
	} {
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("%s, %v; want %q", out, err, want)
		}
	}
	out, err = printed(t, "cassette", "merge", path, damaged)
	if want := path + ": 0 added, 2 the same, 0 conflicts, 1 damaged stretches\n"; err != nil || out != want {
		t.Errorf("%s, %v; want %s", out, err, want)
	}
}

// A prefix that several keys share names two of them.
func TestCassetteKeyOfSeveral(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.gz")
	tape, err := cassette.Open(cassette.Config{Path: path, Mode: cassette.Record})
	if err != nil {
		t.Fatal(err)
	}
	id, _ := teller{}.Identity(t.Context())
	chat := tape.Wrap(id, teller{})
	seen := map[byte]string{}
	for n := int64(0); ; n++ {
		r := llm.Request{Messages: []llm.Message{{Role: llm.User, Content: "go on"}}, Seed: n}
		if _, err := chat.Generate(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		key := r.Key(id)
		first, twice := seen[key[0]]
		seen[key[0]] = key
		if !twice {
			continue
		}
		if err := tape.Close(); err != nil {
			t.Fatal(err)
		}
		_, err := printed(t, "cassette", "show", path, "--key", key[:1])
		if err == nil || !strings.Contains(err.Error(), "the keys of 2 answers begin with") || !strings.Contains(err.Error(), first) || !strings.Contains(err.Error(), key) {
			t.Errorf("%v; want %s and %s", err, first, key)
		}
		return
	}
}
