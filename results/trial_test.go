package results

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func trial(seed int64) Trial {
	return Trial{Identity: TrialIdentity{record(seed).Identity, "ndcg@10"}, Tuning: "toy", Number: 3, Status: OK, Value: .25, Users: 7, Fit: 1.5}
}

func openTrials(t *testing.T, dir string) *Trials {
	t.Helper()
	s, err := OpenTrials(dir)
	must(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

func TestTrialsAreKept(t *testing.T) {
	dir := t.TempDir()
	s := openTrials(t, dir)
	id := trial(1).Identity.ID()
	if id == trial(1).Identity.Identity.ID() {
		t.Error("the metric is no part of the identity")
	}
	if _, ok, err := s.Done(id); ok || err != nil {
		t.Fatalf("before: %v, %v", ok, err)
	}
	failed := trial(1)
	failed.Status, failed.Error = Failed, "diverged"
	for range 2 {
		_, err := s.Put(failed)
		must(t, err)
	}
	if _, ok, err := s.Done(id); ok || err != nil {
		t.Fatalf("after failures: %v, %v", ok, err)
	}
	put, err := s.Put(trial(1))
	must(t, err)
	reader, err := ReadTrials(dir)
	must(t, err)
	for _, s := range []*Trials{s, reader} {
		got, ok, err := s.Done(id)
		if !ok || err != nil {
			t.Fatalf("after: %v, %v", ok, err)
		}
		if d := cmp.Diff(put, got); d != "" {
			t.Error(d)
		}
	}
	if _, err := s.Put(trial(1)); err == nil || !strings.Contains(err.Error(), "finished") {
		t.Errorf("a second time: %v", err)
	}
	if _, err := reader.Put(trial(2)); err == nil {
		t.Error("written through a reader")
	}
	files, err := filepath.Glob(filepath.Join(dir, trialsDir, "*.json"))
	must(t, err)
	if len(files) != 3 {
		t.Errorf("files %v, want two failures and a success", files)
	}
}

func TestDamagedTrialIsSetAside(t *testing.T) {
	for name, content := range map[string]string{"truncated": "{", "of another": string(sealedTrial(t, trial(2)))} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := openTrials(t, dir)
			id := trial(1).Identity.ID()
			_, err := s.Put(trial(1))
			must(t, err)
			must(t, os.WriteFile(s.trial(id, ".json"), []byte(content), 0o600))
			reader, err := ReadTrials(dir)
			must(t, err)
			if _, ok, err := reader.Done(id); ok || !isDamaged(err) {
				t.Errorf("reading: %v, %v", ok, err)
			}
			if _, ok, err := s.Done(id); ok || err != nil {
				t.Errorf("resuming: %v, %v", ok, err)
			}
			if w := s.Warnings(); len(w) != 1 || !strings.Contains(w[0], "damaged-1") {
				t.Errorf("warnings %v", w)
			}
			_, err = s.Put(trial(1))
			must(t, err)
		})
	}
}

func sealedTrial(t *testing.T, x Trial) []byte {
	t.Helper()
	x.Version, x.ID = Version, x.Identity.ID()
	b, err := seal(x)
	must(t, err)
	return b
}
