package results

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func open(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func record(seed int64) Record {
	return Record{
		Identity: Identity{Dataset: "toy", Protocol: `{"seen":"all"}`, Label: "standard", System: "pop <&|", Seed: seed},
		Status:   OK, Split: "abc", Users: 2, Skipped: map[string]int{"no history": 1}, Metrics: map[string]float64{"ndcg@10": 0.1},
	}
}

func ranks() []Ranking {
	return []Ranking{
		{User: "1", History: 3, Relevant: []int32{2}, Items: []int32{4, 2, 0}, Scores: []float32{3, 2, 1}},
		{User: "2", History: 1, Relevant: []int32{0, 1}, Items: []int32{1}, Scores: []float32{float32(math.Inf(1))}},
	}
}

func TestPutAndRead(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	rec := record(1)
	id := rec.Identity.ID()
	if _, ok, err := s.Done(id); ok || err != nil {
		t.Fatalf("before: %v, %v", ok, err)
	}
	must(t, s.Put(rec, ranks()))
	for _, s := range []*Store{s, reader(t, dir)} {
		got, ok, err := s.Done(id)
		if !ok || err != nil {
			t.Fatalf("after: %v, %v", ok, err)
		}
		want := rec
		want.Version, want.ID, want.Ranks = Version, id, got.Ranks
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		rows, err := s.Ranks(got)
		must(t, err)
		if d := cmp.Diff(ranks(), rows); d != "" {
			t.Error(d)
		}
		recs, errs := s.Records()
		if len(recs) != 1 || len(errs) != 0 {
			t.Errorf("Records: %d, %v", len(recs), errs)
		}
	}
	if err := s.Put(rec, ranks()); err == nil || !strings.Contains(err.Error(), "finished") {
		t.Errorf("a second Put: %v", err)
	}
	if err := reader(t, dir).Put(record(2), nil); err == nil || !strings.Contains(err.Error(), "reading only") {
		t.Errorf("Put for reading: %v", err)
	}
	if err := s.Put(Record{Status: "odd"}, nil); err == nil {
		t.Error("a record of unknown status was stored")
	}
}

func reader(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := OpenRead(dir)
	must(t, err)
	return s
}

func TestIdentityID(t *testing.T) {
	base := record(1).Identity
	if id := base.ID(); len(id) != 32 || id != base.ID() {
		t.Errorf("ID %q", id)
	}
	other := base
	other.Revision++
	if base.ID() == other.ID() {
		t.Error("the revision does not count")
	}
}

// TestFailures: attempts are kept, the latest is shown, and a later success wins.
func TestFailures(t *testing.T) {
	s := open(t, t.TempDir())
	rec := record(1)
	for n := range 11 { // 11: a bytewise order of names would take 9 for the latest
		failed := rec
		failed.Status, failed.Error = Failed, fmt.Sprint("attempt ", n)
		must(t, s.Put(failed, nil))
	}
	recs, errs := s.Records()
	if len(recs) != 1 || len(errs) != 0 || recs[0].Error != "attempt 10" {
		t.Fatalf("%+v, %v", recs, errs)
	}
	if _, ok, err := s.Done(recs[0].ID); ok || err != nil {
		t.Fatalf("a failed cell is done: %v, %v", ok, err)
	}
	must(t, s.Put(rec, ranks()))
	if recs, _ = s.Records(); len(recs) != 1 || recs[0].Status != OK {
		t.Fatalf("%+v", recs)
	}
}

func TestSameRanksSameBytes(t *testing.T) {
	big := make([]Ranking, 500)
	for u := range big {
		big[u] = Ranking{User: fmt.Sprint(u), Relevant: []int32{int32(u)}, Items: make([]int32, 100), Scores: make([]float32, 100)}
		for k := range big[u].Items {
			big[u].Items[k], big[u].Scores[k] = int32(u*7919+k*104729)%1682, float32(u)/float32(k+1)
		}
	}
	want, err := encode(big)
	must(t, err)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if got, err := encode(big); err != nil || !bytes.Equal(want, got) {
				t.Errorf("other bytes (%v)", err)
			}
		})
	}
	wg.Wait()
}

func TestLock(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	_, err := Open(dir)
	if err == nil || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), fmt.Sprint(os.Getpid())) {
		t.Fatalf("a second writer: %v", err)
	}
	must(t, s.Close())
	must(t, open(t, dir).Close())

	// Another process, killed while it holds the lock and is writing.
	child := exec.Command(os.Args[0], "-test.run=^TestChild$")
	child.Env = append(os.Environ(), "RESULTS_TEST_DIR="+dir)
	out, err := child.StdoutPipe()
	must(t, err)
	must(t, child.Start())
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if _, err = Open(dir); err == nil || !strings.Contains(err.Error(), fmt.Sprint(child.Process.Pid)) {
		t.Errorf("while the child writes: %v", err)
	}
	must(t, child.Process.Kill())
	_ = child.Wait() // "killed"
	s = open(t, dir)
	recs, errs := s.Records()
	if len(errs) != 0 {
		t.Error(errs)
	}
	for _, rec := range recs {
		if _, ok, err := s.Done(rec.ID); !ok || err != nil {
			t.Errorf("after a kill: %v, %v", ok, err)
		}
	}
	if len(s.Warnings()) != 0 {
		t.Error(s.Warnings())
	}
}

// TestChild is the process that TestLock kills.
func TestChild(t *testing.T) {
	dir := os.Getenv("RESULTS_TEST_DIR")
	if dir == "" {
		return // the tests have nothing for it to do
	}
	s := open(t, dir)
	for seed := int64(0); ; seed++ {
		must(t, s.Put(record(seed), ranks()))
		if seed == 3 {
			fmt.Println("holding")
		}
	}
}

func TestSweep(t *testing.T) {
	dir := t.TempDir()
	must(t, open(t, dir).Close())
	rec := record(1)
	leftover := filepath.Join(dir, cellsDir, tempPrefix+"123")
	must(t, os.WriteFile(leftover, []byte("half"), 0o600))
	orphan := filepath.Join(dir, cellsDir, rec.Identity.ID()+".parquet") // killed between Parquet and record
	must(t, os.WriteFile(orphan, []byte("ranks"), 0o600))

	if recs, errs := reader(t, dir).Records(); len(recs)+len(errs) != 0 {
		t.Errorf("%v, %v", recs, errs)
	}
	s := open(t, dir)
	if _, err := os.Stat(leftover); err == nil {
		t.Error("the temporary file is still there")
	}
	if _, ok, err := s.Done(rec.Identity.ID()); ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}
	must(t, s.Put(rec, ranks()))
	if _, ok, err := s.Done(rec.Identity.ID()); !ok || err != nil || len(s.Warnings()) != 0 {
		t.Errorf("%v, %v, %v", ok, err, s.Warnings())
	}
}

func TestOpenReadMissing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f")
	must(t, os.WriteFile(file, nil, 0o600))
	for _, dir := range []string{filepath.Join(t.TempDir(), "none"), file} {
		if _, err := OpenRead(dir); err == nil || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v", dir, err)
		}
	}
}

func isDamaged(err error) bool {
	var d *Damaged
	return errors.As(err, &d)
}
