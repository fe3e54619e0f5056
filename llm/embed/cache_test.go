package embed_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"llm4rec/llm"
	"llm4rec/llm/embed"
	"llm4rec/llm/llmtest"
	"llm4rec/llm/ollama"
)

// path is the one file of the batcher's cache.
func path(t *testing.T, b *embed.Batcher) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(b.Cache.Dir, "*.vectors"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	return files[0]
}

func logged(b *embed.Batcher) *bytes.Buffer {
	var out bytes.Buffer
	b.Log = slog.New(slog.NewTextHandler(&out, nil))
	return &out
}

func TestAnotherModelAnotherVector(t *testing.T) {
	s := llmtest.Serve(t)
	b := batcher(t, s)
	run := func(want int) {
		t.Helper()
		if _, report, err := b.Run(t.Context(), titles(5)); err != nil || report.Embedded != want {
			t.Errorf("%d embedded, want %d, %v", report.Embedded, want, err)
		}
	}
	run(5)
	run(0)
	s.Digest = "sha256:2"
	run(5)
	e, err := ollama.New(ollama.Config{BaseURL: s.URL, Model: llmtest.Model, Dimensions: 8, HTTP: llmtest.Client(t)})
	if err != nil {
		t.Fatal(err)
	}
	b.Embedder = e
	run(5)
	run(0)
}

// Wherever a file ends: what is whole is kept, what is not is embedded again, and the next run finds a file in order.
func TestTornTail(t *testing.T) {
	s := llmtest.Serve(t)
	s.Dimension = 2
	b := batcher(t, s)
	texts := titles(3)
	if _, err := b.Embed(t.Context(), texts[:2]); err != nil {
		t.Fatal(err)
	}
	file := path(t, b)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	begin := bytes.IndexByte(whole, '\n') + 1
	record := (len(whole) - begin) / 2
	for size := range whole {
		if err := os.WriteFile(file, whole[:size], 0o644); err != nil {
			t.Fatal(err)
		}
		out := logged(b)
		vectors, report, err := b.Run(t.Context(), texts)
		if want := max(0, size-begin) / record; err != nil || report.Cached != want || report.Embedded != 3-want {
			t.Fatalf("%d bytes: %d cached, want %d, %v", size, report.Cached, want, err)
		}
		right(t, s, texts, vectors)
		if torn := size < begin && size > 0 || size > begin && (size-begin)%record > 0; torn != strings.Contains(out.String(), "cut off") {
			t.Errorf("%d bytes: torn is %v, but it says %s", size, torn, out)
		}
		if _, report, err := b.Run(t.Context(), texts); err != nil || report.Cached != 3 {
			t.Fatalf("%d bytes, the next run: %+v, %v", size, report, err)
		}
	}
}

func TestDamage(t *testing.T) {
	s := llmtest.Serve(t)
	b := batcher(t, s)
	texts := titles(10)
	if _, err := b.Embed(t.Context(), texts); err != nil {
		t.Fatal(err)
	}
	file := path(t, b)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	begin := bytes.IndexByte(whole, '\n') + 1
	flipped := bytes.Clone(whole)
	flipped[begin+(len(whole)-begin)/2] ^= 1
	if err := os.WriteFile(file, flipped, 0o644); err != nil {
		t.Fatal(err)
	}
	out := logged(b)
	vectors, report, err := b.Run(t.Context(), texts)
	if err != nil || report.Cached != 9 || report.Embedded != 1 || !strings.Contains(out.String(), "damaged") {
		t.Errorf("%+v, %v, %s", report, err, out)
	}
	right(t, s, texts, vectors)

	// A loss of power may leave zeros where a record was to be.
	if err := os.WriteFile(file, append(bytes.Clone(whole), make([]byte, 1000)...), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, report, err = b.Run(t.Context(), titles(11)); err != nil || report.Cached != 10 || report.Embedded != 1 {
		t.Errorf("%+v, %v", report, err)
	}
	if _, report, err = b.Run(t.Context(), titles(11)); err != nil || report.Cached != 11 {
		t.Errorf("%+v, %v", report, err)
	}

	if err := os.WriteFile(file, []byte("Dear diary\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err = b.Run(t.Context(), texts); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("another's file: %v", err)
	}
}

// Runs that go on at the same time share one file, and what one has embedded the other takes from there.
func TestTwoAtATime(t *testing.T) {
	s := llmtest.Serve(t)
	s.Delay = time.Millisecond
	one := batcher(t, s)
	texts := titles(400)
	reversed := make([]string, len(texts))
	for n, text := range texts {
		reversed[len(texts)-1-n] = text
	}
	var runs sync.WaitGroup
	for _, texts := range [][]string{texts, reversed} {
		runs.Go(func() {
			b := *one
			vectors, _, err := b.Run(t.Context(), texts)
			if err != nil {
				t.Error(err)
				return
			}
			right(t, s, texts, vectors)
		})
	}
	runs.Wait()
	total := 0
	for _, times := range s.Answered() {
		total += times
	}
	if most := len(texts) + 2*3*one.Batch; total > most { // three workers each, with a batch each, when they meet
		t.Errorf("%d texts were embedded, want at most %d", total, most)
	}
	if _, report, err := one.Run(t.Context(), texts); err != nil || report.Cached != 400 {
		t.Errorf("%+v, %v", report, err)
	}
}

const (
	killTexts    = 3000
	killBatch    = 5
	killParallel = 2
	killWorkers  = killParallel + 1
)

// killed is the process that TestKill kills.
func killed(address, cache string) {
	e, err := ollama.New(ollama.Config{BaseURL: address, Model: llmtest.Model})
	if err != nil {
		panic(err)
	}
	b := &embed.Batcher{Embedder: e, Cache: &embed.Cache{Dir: cache}, Batch: killBatch, Parallel: killParallel, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	if _, err := b.Embed(context.Background(), titles(killTexts)); err != nil {
		panic(err)
	}
	os.Exit(0)
}

// Killed in the middle, ten times: no text is embedded twice but those that were under way when the process died.
func TestKill(t *testing.T) {
	s := llmtest.Serve(t)
	s.Delay = time.Millisecond
	dir := t.TempDir()
	const kills = 10
	for n := range kills {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), "LLM4REC_TEST_EMBED="+s.URL, "LLM4REC_TEST_CACHE="+dir)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for begun := s.Calls(); s.Calls() < begun+10+5*n; {
			time.Sleep(time.Millisecond)
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err == nil {
			t.Fatal("it was done before it was killed")
		}
	}
	b := batcher(t, s)
	b.Cache.Dir = dir
	vectors, report, err := b.Run(t.Context(), titles(killTexts))
	if err != nil || report.Cached == 0 {
		t.Fatalf("%+v, %v", report, err)
	}
	right(t, s, titles(killTexts), vectors)
	again := 0
	for _, times := range s.Answered() {
		again += times - 1
	}
	t.Logf("%d of %d texts were in the cache; %d were embedded again after %d kills", report.Cached, killTexts, again, kills)
	if most := kills * killWorkers * killBatch; again > most {
		t.Errorf("%d texts were embedded again, want at most %d", again, most)
	}
}

func TestPath(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", "/cache")
	got, err := embed.Cache{}.Path(llm.Identity{Provider: "ollama", Model: "me/model:7b"})
	if err != nil || !strings.HasPrefix(got, "/cache/llm4rec/embeddings/ollama-me_model_7b-") || !strings.HasSuffix(got, ".vectors") {
		t.Errorf("%s, %v", got, err)
	}
}
