package cassette_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"llm4rec/llm"
	"llm4rec/llm/cassette"
)

// ask is a prompt of 2 kB, such as one that ranks 20 films, and answer what is said to it.
func ask(n int) llm.Request {
	var b strings.Builder
	fmt.Fprintf(&b, "User %d has watched these films, in this order:\n", n)
	for k := range 30 {
		fmt.Fprintf(&b, "%d. Film %d of %d, The (%d)\n", k+1, n*7919%3883+k, n*31%97, 1930+(n+k*17)%70)
	}
	for b.Len() < 2048 {
		fmt.Fprintf(&b, "[%c] The one numbered %d\n", 'A'+b.Len()%26, b.Len()*n%3883)
	}
	return llm.Request{Messages: []llm.Message{
		{Role: llm.System, Content: "You rank films by how likely a user is to watch them next."},
		{Role: llm.User, Content: b.String()[:2048]},
	}, Temperature: 0, Seed: 1, MaxTokens: 200}
}

func answer(_ context.Context, r llm.Request, call int) (llm.Response, error) {
	return llm.Response{Text: fmt.Sprintf(`{"ranking":[%d,5,2,9,1,12,4,3,6,8,11,7,10,15,14,13,17,16,20,18]}`, call), Finish: llm.Stop, PromptTokens: 700, OutputTokens: 60}, nil
}

func filled(b *testing.B, answers int) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "x")
	_, chat := open(b, path, cassette.Record, &parrot{digest: "d", answer: answer})
	for n := range answers {
		if _, err := chat.Generate(b.Context(), ask(n)); err != nil {
			b.Fatal(err)
		}
	}
	return path
}

func replay(b *testing.B, path string, answers int) {
	b.Helper()
	_, chat := open(b, path, cassette.Replay, nil)
	asks := make([]llm.Request, answers)
	for n := range asks {
		asks[n] = ask(n)
	}
	for n := 0; b.Loop(); n++ {
		if _, err := chat.Generate(b.Context(), asks[n*7919%answers]); err != nil { // not in the order of the file
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "answers/sec")
}

func BenchmarkReplay(b *testing.B) { replay(b, filled(b, 2000), 2000) }

func BenchmarkReplayMerged(b *testing.B) {
	path := filled(b, 2000)
	if _, err := cassette.Merge(path+"2", path); err != nil {
		b.Fatal(err)
	}
	replay(b, path+"2", 2000)
	for file, unit := range map[string]string{path: "B/answer", path + "2": "B/merged"} {
		info, err := os.Stat(file)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(info.Size())/2000, unit)
	}
}

func BenchmarkRecord(b *testing.B) {
	_, chat := open(b, filepath.Join(b.TempDir(), "x"), cassette.Record, &parrot{digest: "d", answer: answer})
	for n := 0; b.Loop(); n++ {
		if _, err := chat.Generate(b.Context(), ask(n)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "answers/sec")
}

// BenchmarkOpen reads the index of 100,000 answers.
func BenchmarkOpen(b *testing.B) {
	path := filled(b, 100_000)
	for b.Loop() {
		c, err := cassette.Open(cassette.Config{Path: path, Mode: cassette.Replay})
		if err != nil || c.Report().Answers != 100_000 {
			b.Fatal(err)
		}
		if err := c.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
