package cassette_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"llm4rec/llm"
	"llm4rec/llm/cassette"
)

func TestMain(m *testing.M) {
	if path := os.Getenv("CASSETTE_TEST_WRITE"); path != "" {
		write(path)
		return
	}
	goleak.VerifyTestMain(m)
}

var named = llm.Identity{Provider: "fake", Model: "parrot", BaseURL: "http://there"}

// parrot answers with the prompt and how often it was asked.
type parrot struct {
	digest string
	answer func(ctx context.Context, r llm.Request, call int) (llm.Response, error) // nil: that
	calls  atomic.Int64
}

func (p *parrot) Identity(context.Context) (llm.Identity, error) {
	id := named
	id.Digest = p.digest
	id.Warnings = []string{"it only repeats"}
	return id, nil
}

func (p *parrot) Generate(ctx context.Context, r llm.Request) (llm.Response, error) {
	call := int(p.calls.Add(1))
	if p.answer != nil {
		return p.answer(ctx, r, call)
	}
	return llm.Response{Text: fmt.Sprintf("%s #%d", r.Messages[0].Content, call), Finish: llm.Stop, PromptTokens: 3, Wall: time.Second,
		Tokens: []llm.Token{{Text: "<ä>", Logprob: -0.1}}}, nil
}

func prompt(n int) llm.Request {
	return llm.Request{Messages: []llm.Message{{Role: llm.User, Content: fmt.Sprintf("prompt %d", n)}}, Schema: json.RawMessage(`{"type": "object"}`), Seed: 7}
}

func open(t testing.TB, path string, mode cassette.Mode, live llm.Chat) (*cassette.Cassette, llm.Chat) {
	t.Helper()
	return openWith(t, cassette.Config{Path: path, Mode: mode, Log: slog.New(slog.DiscardHandler)}, live)
}

func openWith(t testing.TB, config cassette.Config, live llm.Chat) (*cassette.Cassette, llm.Chat) {
	t.Helper()
	c, err := cassette.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c, c.Wrap(named, live)
}

func says(t testing.TB, chat llm.Chat, r llm.Request, want string, recorded bool) {
	t.Helper()
	resp, err := chat.Generate(t.Context(), r)
	if err != nil || resp.Text != want || resp.Recorded != recorded {
		t.Errorf("%q, recorded %v, %v; want %q, %v", resp.Text, resp.Recorded, err, want, recorded)
	}
}

// record makes a cassette with so many answers of a new parrot.
func record(t testing.TB, path string, answers int) {
	t.Helper()
	c, err := cassette.Open(cassette.Config{Path: path, Mode: cassette.Record})
	if err != nil {
		t.Fatal(err)
	}
	chat := c.Wrap(named, &parrot{digest: "d"})
	for n := range answers {
		if _, err := chat.Generate(t.Context(), prompt(n)); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestModes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "x.cassette")
	bird := &parrot{digest: "d"}
	_, chat := open(t, path, cassette.Record, bird)
	says(t, chat, prompt(1), "prompt 1 #1", false)
	says(t, chat, prompt(1), "prompt 1 #1", true)
	again := prompt(1)
	again.Replica = 1
	says(t, chat, again, "prompt 1 #2", false)

	c, chat := open(t, path, cassette.Replay, nil)
	says(t, chat, prompt(1), "prompt 1 #1", true)
	resp, err := chat.Generate(t.Context(), again)
	want := llm.Response{Text: "prompt 1 #2", Finish: llm.Stop, PromptTokens: 3, Wall: time.Second, Recorded: true, Tokens: []llm.Token{{Text: "<ä>", Logprob: -0.1}}}
	if err != nil || fmt.Sprint(resp) != fmt.Sprint(want) {
		t.Errorf("got %+v, %v, want %+v", resp, err, want)
	}
	if id, err := chat.Identity(t.Context()); err != nil || id.Digest != "d" || len(id.Warnings) != 1 {
		t.Errorf("%+v, %v", id, err)
	}
	long := prompt(2)
	long.Messages[0].Content = strings.Repeat("long ", 100)
	_, err = chat.Generate(t.Context(), long)
	missed := (*cassette.Miss)(nil)
	if !errors.As(err, &missed) || len(missed.Key) != 64 || !strings.HasPrefix(missed.Prompt, "long long") || len(missed.Prompt) > 130 {
		t.Errorf("a miss: %v", err)
	}
	if r := c.Report(); r != (cassette.Report{Answers: 2, Played: 2}) {
		t.Errorf("%+v", r)
	}

	_, chat = open(t, path, cassette.Refresh, bird)
	says(t, chat, prompt(1), "prompt 1 #3", false)
	says(t, chat, prompt(1), "prompt 1 #3", true)
	_, chat = open(t, path, cassette.Replay, nil)
	says(t, chat, prompt(1), "prompt 1 #3", true)
	says(t, chat, again, "prompt 1 #2", true)

	_, chat = open(t, path, cassette.Live, bird)
	says(t, chat, prompt(1), "prompt 1 #4", false)

	if _, err := cassette.Open(cassette.Config{Path: path, Mode: "rewind"}); err == nil {
		t.Error("an unknown mode is none")
	}
	if _, err := cassette.Open(cassette.Config{Path: path + "2", Mode: cassette.Replay}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("nothing to replay: %v", err)
	}
}

// Entries are what a replay gives, in the order of the file, those from a merge among them.
func TestEntries(t *testing.T) {
	dir := t.TempDir()
	path, merged := filepath.Join(dir, "x"), filepath.Join(dir, "merged")
	record(t, path, 3)
	_, chat := open(t, path, cassette.Refresh, &parrot{digest: "d"})
	says(t, chat, prompt(0), "prompt 0 #1", false)
	if _, err := cassette.Merge(merged, path); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{path, merged} {
		c, _ := open(t, path, cassette.Replay, nil)
		var got []string
		for e, err := range c.Entries() {
			if err != nil || e.Key != e.Request.Key(e.Identity) {
				t.Fatalf("%+v, %v", e, err)
			}
			got = append(got, e.Response.Text)
		}
		if want := []string{"prompt 1 #2", "prompt 2 #3", "prompt 0 #1"}; !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
		for range c.Entries() {
			break
		}
	}
	c, _ := open(t, path, cassette.Live, &parrot{})
	for e := range c.Entries() {
		t.Errorf("live: %+v", e)
	}
}

// A published cassette is replayed where the model's server is not.
func TestWhoAnswered(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	for _, d := range []string{"d1", "d2"} {
		c, chat := open(t, path, cassette.Record, &parrot{digest: d})
		says(t, chat, prompt(1), "prompt 1 #1", false)
		_ = c
	}
	c, chat := open(t, path, cassette.Replay, nil)
	if _, err := chat.Identity(t.Context()); err == nil || !strings.Contains(err.Error(), "d1") || !strings.Contains(err.Error(), "d2") {
		t.Errorf("of two: %v", err)
	}
	one := named
	one.Digest, one.BaseURL = "d2", "http://elsewhere"
	if id, err := c.Wrap(one, nil).Identity(t.Context()); err != nil || id.Digest != "d2" {
		t.Errorf("%+v, %v", id, err)
	}
	says(t, c.Wrap(one, nil), prompt(1), "prompt 1 #1", true)
	one.Model = "crow"
	if _, err := c.Wrap(one, nil).Generate(t.Context(), prompt(1)); err == nil || !strings.Contains(err.Error(), "crow") {
		t.Errorf("of another: %v", err)
	}
}

// It can be read without this program, and says of each answer what was asked.
func TestReadable(t *testing.T) {
	dir := t.TempDir()
	record(t, filepath.Join(dir, "a"), 20)
	if _, err := cassette.Merge(filepath.Join(dir, "b"), filepath.Join(dir, "a")); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"a", "b"} {
		f, err := os.Open(filepath.Join(dir, path))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for dec := json.NewDecoder(z); ; n++ {
			var e cassette.Entry
			if err := dec.Decode(&e); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			if e.Key != e.Request.Key(e.Identity) || e.Request.Messages[0].Content != prompt(n).Messages[0].Content || e.Identity.Digest != "d" || e.At.IsZero() {
				t.Errorf("%+v", e)
			}
		}
		if n != 20 {
			t.Errorf("%d answers", n)
		}
	}
}

func TestSameAtOnce(t *testing.T) {
	goOn := make(chan struct{})
	bird := &parrot{answer: func(ctx context.Context, _ llm.Request, call int) (llm.Response, error) {
		if call == 1 {
			<-ctx.Done() // the first one to ask leaves
			return llm.Response{}, ctx.Err()
		}
		<-goOn
		return llm.Response{Text: "once"}, nil
	}}
	_, chat := open(t, filepath.Join(t.TempDir(), "x"), cassette.Record, bird)
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() {
		if _, err := chat.Generate(ctx, prompt(1)); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
	})
	for bird.calls.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	var live atomic.Int64
	for range 20 {
		all.Go(func() {
			resp, err := chat.Generate(t.Context(), prompt(1))
			if err != nil || resp.Text != "once" {
				t.Errorf("%q, %v", resp.Text, err)
			}
			if !resp.Recorded {
				live.Add(1)
			}
		})
	}
	cancel()
	for bird.calls.Load() == 1 {
		time.Sleep(time.Millisecond)
	}
	close(goOn)
	all.Wait()
	if bird.calls.Load() != 2 || live.Load() != 1 {
		t.Errorf("%d calls, %d live answers", bird.calls.Load(), live.Load())
	}
}

// What fails is not recorded, and asked again.
func TestFailure(t *testing.T) {
	failed := &llm.Error{Kind: llm.Refused}
	bird := &parrot{answer: func(_ context.Context, _ llm.Request, call int) (llm.Response, error) {
		if call == 1 {
			return llm.Response{}, failed
		}
		return llm.Response{Text: "fine"}, nil
	}}
	_, chat := open(t, filepath.Join(t.TempDir(), "x"), cassette.Record, bird)
	if _, err := chat.Generate(t.Context(), prompt(1)); !errors.Is(err, failed) {
		t.Errorf("got %v", err)
	}
	says(t, chat, prompt(1), "fine", false)
}

func TestMerge(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	record(t, at("a"), 30)
	record(t, at("b"), 40) // the same to the first 30
	_, chat := open(t, at("c"), cassette.Record, &parrot{digest: "d", answer: func(context.Context, llm.Request, int) (llm.Response, error) {
		return llm.Response{Text: "another"}, nil
	}})
	says(t, chat, prompt(5), "another", false)
	says(t, chat, prompt(50), "another", false)

	m, err := cassette.Merge(at("all"), at("a"), at("b"), at("c"))
	id, _ := (&parrot{digest: "d"}).Identity(t.Context())
	if err != nil || m.Added != 41 || m.Same != 30 || !slices.Equal(m.Conflicts, []string{prompt(5).Key(id)}) || m.Damaged != 0 {
		t.Errorf("%+v, %v", m, err)
	}
	_, chat = open(t, at("all"), cassette.Replay, nil)
	for n := range 40 {
		says(t, chat, prompt(n), fmt.Sprintf("prompt %d #%d", n, n+1), true)
	}
	says(t, chat, prompt(50), "another", true)
	if m, err := cassette.Merge(at("all"), at("a")); err != nil || m.Added != 0 || m.Same != 30 {
		t.Errorf("again: %+v, %v", m, err)
	}
	if _, err := cassette.Merge(at("a"), at("a")); err == nil {
		t.Error("a cassette is merged into itself")
	}
}

// A server may repeat the key that it was sent, and is not to have it published.
func TestNoSecret(t *testing.T) {
	const key = "sk-very-\"secret\"-0123456789"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(string(body), "fail") {
			w.WriteHeader(http.StatusBadRequest)
		}
		if !strings.Contains(string(body), "harmless") {
			fmt.Fprintf(w, "you sent me %s", r.Header.Get("Authorization"))
		}
	}))
	defer server.Close()
	bird := &parrot{digest: "d", answer: func(ctx context.Context, r llm.Request, _ int) (llm.Response, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL, strings.NewReader(r.Messages[0].Content))
		if err != nil {
			return llm.Response{}, err
		}
		req.Header.Set("Authorization", "Bearer "+key)
		resp, err := server.Client().Do(req)
		if err != nil {
			return llm.Response{}, err
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if resp.StatusCode != http.StatusOK {
			return llm.Response{}, &llm.Error{Kind: llm.Refused, Message: string(text)}
		}
		return llm.Response{Text: string(text)}, err
	}}
	path := filepath.Join(t.TempDir(), "x")
	c, chat := openWith(t, cassette.Config{Path: path, Mode: cassette.Record, Secrets: []string{"", key}}, bird)
	for _, content := range []string{"echo", "fail", "a prompt with " + key + ", harmless"} {
		r := prompt(1)
		r.Messages[0].Content = content
		_, err := chat.Generate(t.Context(), r)
		if err == nil || content == "echo" && strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v", content, err)
		}
	}
	r := prompt(1)
	r.Messages[0].Content = "harmless"
	says(t, chat, r, "", false)
	if n := c.Report().Answers; n != 1 {
		t.Errorf("%d answers", n)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil || bytes.Contains(text, []byte("secret")) || bytes.Contains(text, []byte("Bearer")) || !bytes.Contains(text, []byte("harmless")) {
		t.Errorf("%s, %v", text, err)
	}
}
