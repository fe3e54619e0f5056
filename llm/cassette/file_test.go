package cassette_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"llm4rec/llm"
	"llm4rec/llm/cassette"
)

// ends is where each answer of a cassette ends.
func ends(t *testing.T, path string, answers int) (whole []byte, at []int) {
	t.Helper()
	for n := range answers {
		record(t, path, n+1)
		var err error
		if whole, err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
		at = append(at, len(whole))
	}
	return whole, at
}

// Wherever a file ends: the whole answers before are there, the next writer cuts the rest off and says so, and leaves a file in
// order.
func TestTornTail(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	whole, at := ends(t, path, 3)
	for size := range whole {
		want, torn := 0, size > 0
		for _, end := range at {
			if end <= size {
				want++
				torn = end < size
			}
		}
		if err := os.WriteFile(path, whole[:size], 0o644); err != nil {
			t.Fatal(err)
		}
		if c, _ := open(t, path, cassette.Replay, nil); c.Report().Answers != want || c.Report().Damaged != 0 || (c.Report().Torn > 0) != torn {
			t.Fatalf("%d bytes: %+v, want %d", size, c.Report(), want)
		}
		var log bytes.Buffer
		c, chat := openWith(t, cassette.Config{Path: path, Mode: cassette.Record, Log: slog.New(slog.NewTextHandler(&log, nil))}, &parrot{digest: "d"})
		if c.Report().Answers != want {
			t.Fatalf("%d bytes: %+v, want %d", size, c.Report(), want)
		}
		if _, err := chat.Generate(t.Context(), prompt(9)); err != nil {
			t.Fatal(err)
		}
		if torn != strings.Contains(log.String(), "cut off") {
			t.Errorf("%d bytes: torn is %v, but it says %s", size, torn, &log)
		}
		if c, _ := open(t, path, cassette.Replay, nil); c.Report() != (cassette.Report{Answers: want + 1}) {
			t.Fatalf("%d bytes, the next run: %+v", size, c.Report())
		}
	}
}

// Whichever byte is wrong costs the answer that it belongs to and no other.
func TestDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	whole, at := ends(t, path, 3)
	for n := range at[1] {
		damaged := bytes.Clone(whole)
		damaged[n] ^= 0xff
		if err := os.WriteFile(path, damaged, 0o644); err != nil {
			t.Fatal(err)
		}
		c, chat := open(t, path, cassette.Replay, nil)
		if c.Report() != (cassette.Report{Answers: 2, Damaged: 1}) {
			t.Fatalf("byte %d: %+v", n, c.Report())
		}
		for answer := range at {
			_, err := chat.Generate(t.Context(), prompt(answer))
			if lost := n < at[answer] && (answer == 0 || n >= at[answer-1]); lost != (err != nil) {
				t.Fatalf("byte %d, answer %d: %v", n, answer, err)
			}
		}
	}
	// The next writer leaves damage as it is, and appends after the last answer.
	_, chat := open(t, path, cassette.Record, &parrot{digest: "d"})
	says(t, chat, prompt(1), "prompt 1 #1", false)
	if c, _ := open(t, path, cassette.Replay, nil); c.Report() != (cassette.Report{Answers: 3, Damaged: 1}) {
		t.Errorf("%+v", c.Report())
	}
}

// Zeros may be what a loss of power leaves.
func TestZeros(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	whole, _ := ends(t, path, 2)
	if err := os.WriteFile(path, append(bytes.Clone(whole), make([]byte, 3<<20)...), 0o644); err != nil {
		t.Fatal(err)
	}
	_, chat := open(t, path, cassette.Record, &parrot{digest: "d"})
	says(t, chat, prompt(2), "prompt 2 #1", false)
	if c, _ := open(t, path, cassette.Replay, nil); c.Report() != (cassette.Report{Answers: 3}) {
		t.Errorf("%+v", c.Report())
	}
}

func TestNoCassette(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	for _, content := range []string{"my thesis", "\x1f\x8b\x08\x00 some other archive"} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		for _, mode := range []cassette.Mode{cassette.Record, cassette.Replay} {
			if _, err := cassette.Open(cassette.Config{Path: path, Mode: mode}); err == nil || !strings.Contains(err.Error(), "not a cassette") {
				t.Errorf("%s: %v", mode, err)
			}
		}
		if left, err := os.ReadFile(path); err != nil || string(left) != content {
			t.Errorf("%q is left, %v", left, err)
		}
	}
}

// Two who have opened the same file see each other's answers, and never write over them.
func TestShared(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	var all sync.WaitGroup
	for range 2 {
		_, chat := open(t, path, cassette.Record, &parrot{digest: "d"})
		for worker := range 8 {
			all.Go(func() {
				for n := range 100 {
					if _, err := chat.Generate(t.Context(), prompt((n+worker*13)%100)); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	all.Wait()
	c, _ := open(t, path, cassette.Replay, nil)
	if c.Report() != (cassette.Report{Answers: 100}) {
		t.Errorf("%+v", c.Report())
	}
}

// Where two ask the same at a time, both get the answer that is recorded.
func TestFirstCounts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	_, first := open(t, path, cassette.Record, &parrot{digest: "d"})
	asked, goOn := make(chan struct{}), make(chan struct{})
	_, second := open(t, path, cassette.Record, &parrot{digest: "d", answer: func(context.Context, llm.Request, int) (llm.Response, error) {
		close(asked)
		<-goOn
		return llm.Response{Text: "late"}, nil
	}})
	var all sync.WaitGroup
	all.Go(func() { says(t, second, prompt(1), "prompt 1 #1", true) })
	<-asked
	says(t, first, prompt(1), "prompt 1 #1", false)
	close(goOn)
	all.Wait()
}

// write records without end, and says what it has.
func write(path string) {
	c, err := cassette.Open(cassette.Config{Path: path, Mode: cassette.Record})
	if err != nil {
		panic(err)
	}
	chat := c.Wrap(named, &parrot{digest: "d"})
	for n := 0; ; n++ {
		if _, err := chat.Generate(context.Background(), prompt(n)); err != nil {
			panic(err)
		}
		fmt.Println(n)
	}
}

// A process that is killed loses at most the answer it was writing.
func TestKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	for range 5 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "CASSETTE_TEST_WRITE="+path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		said := new(bytes.Buffer)
		if _, err := io.CopyN(said, out, 2000); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		rest, _ := io.ReadAll(out)
		said.Write(rest)
		_ = cmd.Wait()
		given := strings.Count(said.String(), "\n")
		c, chat := open(t, path, cassette.Replay, nil)
		if c.Report().Damaged > 0 || c.Report().Answers < given {
			t.Errorf("%+v, and %d were given", c.Report(), given)
		}
		for n := range given {
			if _, err := chat.Generate(t.Context(), prompt(n)); err != nil {
				t.Fatalf("answer %d of %d: %v", n, given, err)
			}
		}
	}
}

// Whatever a file holds: it is opened or refused, and what is recorded in it after that is there.
func FuzzOpen(f *testing.F) {
	path := filepath.Join(f.TempDir(), "x")
	record(f, path, 2)
	whole, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{})
	f.Add(whole)
	f.Add(whole[:len(whole)-3])
	f.Add(append(bytes.Clone(whole[:100]), whole...))
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(t.TempDir(), "x")
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		c, err := cassette.Open(cassette.Config{Path: path, Mode: cassette.Record, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			return
		}
		defer c.Close()
		before := c.Report().Answers
		r := llm.Request{Messages: []llm.Message{{Content: "nobody asked this before"}}}
		if _, err := c.Wrap(named, &parrot{digest: "d"}).Generate(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		replayed, _ := open(t, path, cassette.Replay, nil)
		if replayed.Report().Answers != before+1 || replayed.Report().Torn != 0 {
			t.Errorf("%d answers before, then %+v", before, replayed.Report())
		}
	})
}
