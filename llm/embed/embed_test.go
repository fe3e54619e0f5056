package embed_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cenkalti/backoff/v5"
	"go.uber.org/goleak"

	"llm4rec/llm"
	"llm4rec/llm/embed"
	"llm4rec/llm/llmtest"
	"llm4rec/llm/ollama"
)

func TestMain(m *testing.M) {
	if address := os.Getenv("LLM4REC_TEST_EMBED"); address != "" {
		killed(address, os.Getenv("LLM4REC_TEST_CACHE"))
	}
	goleak.VerifyTestMain(m)
}

func client(t testing.TB, url, model string) *ollama.Embedder {
	t.Helper()
	e, err := ollama.New(ollama.Config{BaseURL: url, Model: model, HTTP: llmtest.Client(t)})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// batcher does not wait between tries, and has a cache of its own.
func batcher(t testing.TB, s *llmtest.Server) *embed.Batcher {
	t.Helper()
	return &embed.Batcher{
		Embedder: client(t, s.URL, llmtest.Model),
		Cache:    &embed.Cache{Dir: t.TempDir()},
		Batch:    4,
		Parallel: 2,
		Retry:    llm.Retry{Backoff: func() backoff.BackOff { return &backoff.ZeroBackOff{} }},
		Log:      slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
}

// titles are n different texts.
func titles(n int) []string {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = fmt.Sprintf("film number %d", i)
	}
	return texts
}

// right fails the test unless the vectors are those of the texts.
func right(t *testing.T, s *llmtest.Server, texts []string, vectors [][]float32) {
	t.Helper()
	if len(vectors) != len(texts) {
		t.Fatalf("%d vectors for %d texts", len(vectors), len(texts))
	}
	for n, text := range texts {
		if !slices.Equal(vectors[n], llmtest.Vector(text, s.Dimension)) {
			t.Fatalf("%q has not its vector", text)
		}
	}
}

// once fails the test unless the server has answered each text exactly once.
func once(t *testing.T, s *llmtest.Server, texts []string) {
	t.Helper()
	answered := s.Answered()
	for _, text := range texts {
		if answered[text] != 1 {
			t.Errorf("%q was embedded %d times", text, answered[text])
		}
	}
}

func TestRun(t *testing.T) {
	s := llmtest.Serve(t)
	b := batcher(t, s)
	var last embed.Report
	b.Progress = func(r embed.Report) { last = r }
	texts := titles(30)
	twice := slices.Concat(texts, texts)

	vectors, report, err := b.Run(t.Context(), twice)
	if err != nil {
		t.Fatal(err)
	}
	right(t, s, twice, vectors)
	once(t, s, texts)
	if report.Texts != 30 || report.Embedded != 30 || report.Cached != 0 || report.Calls != 8 || report.Tokens != 90 || report.Dimension != 16 || report.Live <= 0 || report.Lacking() != 0 || report.Identity.Digest != s.Digest {
		t.Errorf("%+v", report)
	}
	if last.Embedded != 30 {
		t.Errorf("the last progress: %+v", last)
	}

	// All of it from the cache: it makes no call, and says nothing of time.
	more := append(titles(31), texts...)
	vectors, report, err = b.Run(t.Context(), more[:30])
	if err != nil || report.Cached != 30 || report.Embedded != 0 || report.Calls != 0 || report.Live != 0 || report.Tokens != 0 {
		t.Errorf("%+v, %v", report, err)
	}
	right(t, s, more[:30], vectors)
	vectors, report, err = b.Run(t.Context(), more)
	if err != nil || report.Cached != 30 || report.Embedded != 1 || report.Calls != 1 || report.Tokens != 3 {
		t.Errorf("%+v, %v", report, err)
	}
	right(t, s, more, vectors)
	once(t, s, more[:31])

	if vectors, err := b.Embed(t.Context(), nil); len(vectors) != 0 || err != nil {
		t.Errorf("no texts: %v, %v", vectors, err)
	}
}

func TestWithoutACache(t *testing.T) {
	s := llmtest.Serve(t)
	b := batcher(t, s)
	b.Cache = nil
	for range 2 {
		vectors, err := b.Embed(t.Context(), titles(9))
		if err != nil {
			t.Fatal(err)
		}
		right(t, s, titles(9), vectors)
	}
	if n := s.Answered()[titles(1)[0]]; n != 2 {
		t.Errorf("embedded %d times", n)
	}
}

func TestBlankTexts(t *testing.T) {
	s := llmtest.Serve(t)
	texts := []string{"", "a", " \n", "b", "\t", "  "}
	vectors, report, err := batcher(t, s).Run(t.Context(), texts)
	incomplete := (*embed.IncompleteError)(nil)
	if !errors.As(err, &incomplete) || report.Failed[llm.Refused] != 4 || report.Embedded != 2 || report.Untried != 0 || vectors[0] != nil || vectors[1] == nil {
		t.Errorf("%+v, %v", report, err)
	}
	if s.Answered()[""] != 0 {
		t.Error("an empty text was sent")
	}
}

// Whatever goes wrong once: the texts are embedded all the same, or the run says why not and the next one does it. In the
// end no text has been answered twice.
func TestEveryMisbehaviour(t *testing.T) {
	for _, bad := range llmtest.Misbehaviours() {
		t.Run(bad.Name, func(t *testing.T) {
			s := llmtest.Serve(t)
			b := batcher(t, s)
			b.Retry.Timeout = time.Second
			b.Retry.Longest = time.Second
			b.Retry.Notify = func(*llm.Error, time.Duration) { s.Rise() }
			texts := titles(20)
			s.Next(llmtest.Fault{}, bad.Fault)
			_, report, err := b.Run(t.Context(), texts)
			typed := &llm.Error{Kind: bad.Kind}
			switch {
			case typed.Temporary() && bad.Waits <= b.Retry.Longest:
				if err != nil || report.Retries[bad.Kind] == 0 || report.Lacking() != 0 {
					t.Errorf("%+v, %v", report, err)
				}
			case bad.Kind == llm.Refused || bad.Kind == llm.NotFinite: // the halves are fine
				if err != nil || len(report.Retries) != 0 || report.Lacking() != 0 {
					t.Errorf("%+v, %v", report, err)
				}
			default:
				incomplete, failed := (*embed.IncompleteError)(nil), (*llm.Error)(nil)
				if !errors.As(err, &incomplete) || !errors.As(err, &failed) || failed.Kind != bad.Kind || report.Failed[bad.Kind] != 4 {
					t.Errorf("%+v, %v", report, err)
				}
				if report.Embedded+report.Untried+4 != 20 || !strings.Contains(err.Error(), fmt.Sprintf("4 %s", bad.Kind)) {
					t.Errorf("%+v, %v", report, err)
				}
			}
			vectors, report, err := b.Run(t.Context(), texts)
			if err != nil || report.Cached+report.Embedded != 20 {
				t.Errorf("again: %+v, %v", report, err)
			}
			right(t, s, texts, vectors)
			if bad.Kind != llm.NotFinite && bad.Kind != llm.Unavailable && !strings.HasPrefix(bad.Name, "a vector") { // there the server takes its answer for a right one
				once(t, s, texts)
			}
		})
	}
}

// One text that no server will ever embed does not take the others with it.
func TestOneBadText(t *testing.T) {
	for kind, fault := range map[llm.Kind]llmtest.Fault{
		llm.Refused:   {Status: 400, Body: `{"error":"this text is too long"}`},
		llm.NotFinite: {Number: "null"},
	} {
		s := llmtest.Serve(t)
		texts := titles(40)
		s.Poison = map[string]llmtest.Fault{texts[7]: fault}
		b := batcher(t, s)
		b.Batch = 16
		vectors, report, err := b.Run(t.Context(), texts)
		if failed := (*llm.Error)(nil); !errors.As(err, &failed) || failed.Kind != kind || report.Failed[kind] != 1 || report.Embedded != 39 || vectors[7] != nil {
			t.Errorf("%+v, %v", report, err)
		}
	}
}

func TestWrongDimension(t *testing.T) {
	s := llmtest.Serve(t)
	b := batcher(t, s)
	b.Parallel, b.Batch = 1, 10
	s.Next(llmtest.Fault{}, llmtest.Fault{Vectors: func(v [][]float32) [][]float32 {
		v[3] = v[3][1:]
		v[4] = v[4][:0]
		return v
	}})
	texts := titles(30)
	_, report, err := b.Run(t.Context(), texts)
	if failed := (*llm.Error)(nil); !errors.As(err, &failed) || failed.Kind != llm.WrongDimension || report.Failed[llm.WrongDimension] != 2 || report.Embedded != 28 {
		t.Errorf("%+v, %v", report, err)
	}
	// The cache knows the dimension.
	s.Next(llmtest.WrongDimension())
	if _, report, err := b.Run(t.Context(), texts); err == nil || report.Failed[llm.WrongDimension] != 2 {
		t.Errorf("%+v, %v", report, err)
	}
	vectors, err := b.Embed(t.Context(), texts)
	if err != nil {
		t.Fatal(err)
	}
	right(t, s, texts, vectors)
	// Also where none of a run's texts is in it.
	s.Next(llmtest.WrongDimension())
	if _, report, err = b.Run(t.Context(), []string{"another"}); err == nil || report.Failed[llm.WrongDimension] != 1 || report.Dimension != 16 {
		t.Errorf("%+v, %v", report, err)
	}
}

// An embedder that is not a server may fail too.
type broken struct{ vector []float32 }

func (b broken) Embed(_ context.Context, texts []string) ([][]float32, error) {
	if b.vector == nil {
		return nil, errors.New("broken")
	}
	return slices.Repeat([][]float32{b.vector}, len(texts)), nil
}

func TestOtherEmbedders(t *testing.T) {
	for kind, vector := range map[llm.Kind][]float32{llm.Garbage: nil, llm.NotFinite: {1, float32(math.Inf(1))}, llm.WrongDimension: {}} {
		_, report, err := (&embed.Batcher{Embedder: broken{vector}, Parallel: 1, Batch: 5}).Run(t.Context(), titles(100))
		if err == nil || report.Failed[kind] == 0 || report.Calls > 8 {
			t.Errorf("%s: %+v, %v", kind, report, err)
		}
	}
}

// A server that is not there is given up soon, and all texts are accounted for.
func TestAbsent(t *testing.T) {
	s := llmtest.Serve(t)
	b := batcher(t, s)
	s.Die()
	_, report, err := b.Run(t.Context(), titles(50))
	incomplete, failed := (*embed.IncompleteError)(nil), (*llm.Error)(nil)
	if !errors.As(err, &incomplete) || !errors.As(err, &failed) || failed.Kind != llm.Unavailable || report.Untried != 50 {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestDiesAndStaysDead(t *testing.T) {
	s := llmtest.Serve(t)
	b := batcher(t, s)
	texts := titles(100)
	s.Next(slices.Concat(make([]llmtest.Fault, 5), []llmtest.Fault{{Die: true}})...)
	_, report, err := b.Run(t.Context(), texts)
	incomplete := (*embed.IncompleteError)(nil)
	if !errors.As(err, &incomplete) || report.Failed[llm.Unavailable] == 0 || report.Untried == 0 || report.Embedded == 0 || report.Embedded+report.Failed[llm.Unavailable]+report.Untried != 100 {
		t.Errorf("%+v, %v", report, err)
	}
	if !reflect.DeepEqual(incomplete.Report, report) {
		t.Errorf("the error has %+v", incomplete.Report)
	}
	s.Rise()
	vectors, again, err := b.Run(t.Context(), texts)
	if err != nil || again.Cached != report.Embedded || again.Embedded != 100-report.Embedded {
		t.Errorf("%+v, %v", again, err)
	}
	right(t, s, texts, vectors)
}

func TestCancelled(t *testing.T) {
	s := llmtest.Serve(t)
	s.Delay = 5 * time.Millisecond
	b := batcher(t, s)
	ctx, cancel := context.WithCancelCause(t.Context())
	leaving := errors.New("the user has left")
	b.Progress = func(r embed.Report) {
		if r.Embedded >= 20 {
			cancel(leaving)
		}
	}
	vectors, report, err := b.Run(ctx, titles(500))
	if !errors.Is(err, leaving) || report.Embedded < 20 || report.Embedded > 100 || report.Embedded+report.Untried != 500 || vectors[0] == nil {
		t.Errorf("%+v, %v", report, err)
	}
	if _, _, err := b.Run(ctx, titles(500)); !errors.Is(err, leaving) {
		t.Errorf("before the first call: %v", err)
	}
	b.Progress = nil
	if _, again, err := b.Run(t.Context(), titles(500)); err != nil || again.Cached != report.Embedded {
		t.Errorf("%+v, %v", again, err)
	}
}
