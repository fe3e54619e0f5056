package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"llm4rec/llm"
	"llm4rec/llm/llmtest"
	"llm4rec/llm/memory"
)

const killSpec = `
name: kill
dataset: synthetic:users=120,items=150,interactions=5000,seed=5
protocols:
  - {name: standard}
  - {name: ratio, split: ratio, test: 0.2}
metrics: [recall@10, ndcg@10]
seeds: [1, 2, 3]
systems:
  - {name: noise, model: random}
  - {name: pop, model: popularity}
  - {name: knn, model: itemknn}
  - {name: ease, model: ease}
  - {name: als, model: als, params: {factors: 16, iterations: 3}}
`

// Whenever a run is killed, the same command goes on, and in the end the table is what it is without any kill, but for
// the time it took.
func TestKilledRunsResume(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "kill.yaml"), []byte(killSpec), 0o666); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	mustRun(t, dir, "run", "kill.yaml", "--out", "whole")
	whole := time.Since(start)
	want := tableWithoutTiming(t, dir, "whole")

	const kills = 20
	moments := rand.New(rand.NewPCG(1, 2))
	killed, completed := 0, 0
	for n := 0; killed < kills; n++ {
		out := "out" + string(rune('a'+n))
		for done := false; !done; {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(moments.Int64N(int64(whole))))
			err := program(ctx, dir, "run", "kill.yaml", "--out", out).Run() // killed with SIGKILL when the time is over
			cancel()
			var exit *exec.ExitError
			switch {
			case err == nil:
				done = true
			case errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL, errors.Is(err, context.DeadlineExceeded):
				killed++
			default:
				t.Fatal(err)
			}
		}
		completed++
		if got := tableWithoutTiming(t, dir, out); got != want {
			t.Fatalf("after kills the table is\n%s\nwithout any it is\n%s", got, want)
		}
	}
	t.Logf("%d kills in %d runs", killed, completed)
}

// Whenever a filling of memories is killed, the same command goes on: no answer that was given is asked for again, or lost.
func TestKilledFillingsGoOn(t *testing.T) {
	const items = 120
	dir := t.TempDir()
	server := llmtest.Serve(t)
	server.Chat, server.Delay = true, 5*time.Millisecond
	server.Answer = func(llm.Request) llm.Response { return llm.Response{Text: `{"words": ["space"]}`, Finish: llm.Stop} }
	fill := func(ctx context.Context, out io.Writer) error {
		c := program(ctx, dir, "memory", "fill", "synthetic:users=100,items="+strconv.Itoa(items)+",interactions=2000,seed=1", "--db", "m.sqlite",
			"--from", "own", "--prompt", "tags", "--model", llmtest.Model, "--base-url", server.URL, "--parallel", "2")
		c.Stdout, c.Stderr = out, out
		return c.Run()
	}
	kills := 0
	for done := false; !done; {
		ctx, cancel := context.WithCancel(t.Context())
		calls, finished := server.Calls(), make(chan struct{})
		go func() {
			defer close(finished)
			for ctx.Err() == nil && server.Calls() < calls+15 {
				time.Sleep(time.Millisecond)
			}
			cancel()
		}()
		var out bytes.Buffer
		err := fill(ctx, &out)
		done = err == nil
		cancel()
		<-finished
		if exit := (*exec.ExitError)(nil); !done && (!errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL) && !errors.Is(err, context.Canceled) {
			t.Fatalf("%v\n%s", err, &out)
		}
		if !done {
			kills++
		}
	}
	s, err := memory.Open(t.Context(), filepath.Join(dir, "m.sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	tags, err := s.Field(t.Context(), memory.Column{Field: "tags"})
	if err != nil || len(tags) != items {
		t.Errorf("%d items have tags, %v", len(tags), err)
	}
	// Of each killed filling, the two calls under way are made again, and those whose answers were just being stored.
	if calls := server.Calls(); kills < 3 || calls > items+4*kills {
		t.Errorf("%d calls for %d items, %d kills", calls, items, kills)
	}
}

// Ctrl-C ends a run with the documented code, says what is done, and loses nothing of it.
func TestInterruptedRunGoesOn(t *testing.T) {
	dir := t.TempDir()
	long := strings.Replace(killSpec, "iterations: 3", "iterations: 1000000", 1)
	if err := os.WriteFile(filepath.Join(dir, "long.yaml"), []byte(long), 0o666); err != nil {
		t.Fatal(err)
	}
	c := program(t.Context(), dir, "run", "long.yaml", "--out", "out")
	var stderr bytes.Buffer
	c.Stderr = &stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	// The cells before the endless one leave their records.
	awaitRecords(t, filepath.Join(dir, "out", "kill", "cells"), 4)
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	err := c.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitInterrupted {
		t.Fatalf("ended with %v, want exit code %d", err, exitInterrupted)
	}
	if !strings.Contains(stderr.String(), "the same command goes on from there") {
		t.Errorf("said\n%s", &stderr)
	}
	out := mustRun(t, dir, "plan", "long.yaml", "--out", "out")
	if strings.Count(out, " done ") < 4 {
		t.Errorf("the plan says\n%s", out)
	}
}

// Ctrl-C ends a search as it does a run.
func TestInterruptedSearchGoesOn(t *testing.T) {
	dir := t.TempDir()
	const spec = `
name: long
dataset: synthetic:users=120,items=150,interactions=5000,seed=5
budget: {trials: 4}
systems:
  - {name: knn, model: itemknn, search: {history: [1, 2, 3, 4]}}
  - {name: als, model: als, params: {factors: 16, iterations: 1000000}}
`
	if err := os.WriteFile(filepath.Join(dir, "long.yaml"), []byte(spec), 0o666); err != nil {
		t.Fatal(err)
	}
	c := program(t.Context(), dir, "tune", "long.yaml")
	var stderr bytes.Buffer
	c.Stderr = &stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	awaitRecords(t, filepath.Join(dir, "out", "tune", "long", "trials"), 4)
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	err := c.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitInterrupted {
		t.Fatalf("ended with %v, want exit code %d", err, exitInterrupted)
	}
	if !strings.Contains(stderr.String(), "after 4 of its fits; the same command goes on from there") {
		t.Errorf("said\n%s", &stderr)
	}
	if out := mustRun(t, dir, "tune", "long.yaml", "--plan"); !strings.Contains(out, "knn     itemknn  4     –         4 ") {
		t.Errorf("the plan says\n%s", out)
	}
}

// awaitRecords waits until that many records lie in a folder.
func awaitRecords(t *testing.T, dir string, want int) {
	t.Helper()
	for records := 0; records < want; time.Sleep(20 * time.Millisecond) {
		found, err := filepath.Glob(filepath.Join(dir, "*.json"))
		if err != nil {
			t.Fatal(err)
		}
		records = len(found)
	}
}

func mustRun(t *testing.T, dir string, args ...string) string {
	t.Helper()
	c := program(t.Context(), dir, args...)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Run(); err != nil {
		t.Fatalf("llm4rec %s: %v\n%s", strings.Join(args, " "), err, &stderr)
	}
	return stdout.String()
}

func tableWithoutTiming(t *testing.T, dir, out string) string {
	t.Helper()
	text := mustRun(t, dir, "table", out, "--format", "csv")
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	from := slices.IndexFunc(rows[0], func(h string) bool { return strings.HasPrefix(h, "timing_") })
	if from < 0 || len(rows) != 1+2*5 {
		t.Fatalf("not the table that was asked for:\n%s", text)
	}
	var b strings.Builder
	w := csv.NewWriter(&b)
	for _, r := range rows {
		if err := w.Write(r[:from]); err != nil {
			t.Fatal(err)
		}
	}
	w.Flush()
	return b.String()
}
