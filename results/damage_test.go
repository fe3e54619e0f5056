package results

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDamage: whatever happens to a finished cell's files, reading reports it, and resuming sets them aside and runs
// the cell again.
func TestDamage(t *testing.T) {
	id := record(1).Identity.ID()
	cases := map[string]struct {
		file   string
		change func([]byte) []byte // nil: the file is removed
		why    string
	}{
		"record truncated":  {".json", func(b []byte) []byte { return b[:len(b)/2] }, "not the JSON"},
		"record empty":      {".json", func([]byte) []byte { return nil }, "not the JSON"},
		"record changed":    {".json", func(b []byte) []byte { return bytes.Replace(b, []byte(`"users": 2`), []byte(`"users": 3`), 1) }, "checksum"},
		"record of another": {".json", func([]byte) []byte { return sealed(t, record(2)) }, "another cell"},
		"later version":     {".json", func([]byte) []byte { return sealed(t, Record{Version: Version + 1, ID: id}) }, "version 2"},
		"ranks truncated":   {".parquet", func(b []byte) []byte { return b[:len(b)-1] }, "checksum"},
		"ranks empty":       {".parquet", func([]byte) []byte { return nil }, "checksum"},
		"ranks changed":     {".parquet", func(b []byte) []byte { b[len(b)/2] ^= 1; return b }, "checksum"},
		"ranks missing":     {".parquet", nil, "missing"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir)
			must(t, s.Put(record(1), ranks()))
			path := s.cell(id, c.file)
			if c.change == nil {
				must(t, os.Remove(path))
			} else {
				b, err := os.ReadFile(path)
				must(t, err)
				must(t, os.WriteFile(path, c.change(b), 0o600))
			}

			_, ok, err := reader(t, dir).Done(id)
			if ok || !isDamaged(err) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), c.why) {
				t.Errorf("reading: %v, %v", ok, err)
			}
			if c.file == ".json" {
				if recs, errs := reader(t, dir).Records(); len(recs) != 0 || len(errs) != 1 || !isDamaged(errs[0]) {
					t.Errorf("Records: %v, %v", recs, errs)
				}
			} else if recs, _ := reader(t, dir).Records(); len(recs) != 1 {
				t.Errorf("Records: %v", recs)
			} else if _, err := reader(t, dir).Ranks(recs[0]); !isDamaged(err) {
				t.Errorf("Ranks: %v", err)
			}

			if _, ok, err := s.Done(id); ok || err != nil {
				t.Fatalf("resuming: %v, %v", ok, err)
			}
			if w := s.Warnings(); len(w) != 1 || !strings.Contains(w[0], c.why) || !strings.Contains(w[0], id+".json.damaged-1") {
				t.Errorf("warnings %q", w)
			}
			if _, err := os.Stat(filepath.Join(dir, cellsDir, id+".json.damaged-1")); err != nil {
				t.Error(err)
			}
			must(t, s.Put(record(1), ranks()))
			if _, ok, err := s.Done(id); !ok || err != nil {
				t.Errorf("after the second run: %v, %v", ok, err)
			}
		})
	}
}

func sealed(t *testing.T, rec Record) []byte {
	t.Helper()
	if rec.Version == 0 {
		rec.Version, rec.ID = Version, rec.Identity.ID()
	}
	b, err := seal(rec)
	must(t, err)
	return b
}

func TestCatalogue(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	c := Catalogue{Items: []Item{{"a", 3}, {"b", 0}}, Users: 7}
	if _, err := s.Catalogue("s1"); err == nil || !strings.Contains(err.Error(), "s1") {
		t.Errorf("before: %v", err)
	}
	must(t, s.PutCatalogue("s1", c))
	must(t, s.PutCatalogue("s1", c))
	if err := s.PutCatalogue("s1", Catalogue{Items: c.Items, Users: 8}); err == nil {
		t.Error("another catalogue for the same split was taken")
	}
	for _, end := range []string{".json", ".parquet"} {
		path := s.split("s1", end)
		b, err := os.ReadFile(path)
		must(t, err)
		must(t, os.WriteFile(path, b[:len(b)-3], 0o600))
		if _, err := reader(t, dir).Catalogue("s1"); !isDamaged(err) {
			t.Errorf("%s truncated: %v", end, err)
		}
		must(t, s.PutCatalogue("s1", c)) // repairs
		got, err := s.Catalogue("s1")
		if err != nil || got.Users != 7 || len(got.Items) != 2 || got.Items[0] != c.Items[0] {
			t.Errorf("%+v, %v", got, err)
		}
	}
}

func TestManifest(t *testing.T) {
	s := open(t, t.TempDir())
	if _, err := s.Manifest(); err == nil {
		t.Error("a manifest out of nothing")
	}
	must(t, s.WriteManifest(Manifest{Experiment: "quick", Spec: "name: quick\n", Cells: []Cell{{ID: "x", System: "pop"}}}))
	must(t, s.WriteManifest(Manifest{Experiment: "quick2"}))
	if m, err := s.Manifest(); err != nil || m.Experiment != "quick2" || m.Version != Version {
		t.Errorf("%+v, %v", m, err)
	}
	path := filepath.Join(s.Dir(), ManifestName)
	for _, text := range []string{`{"version": 1, "exp`, `{"version": 99}`, `{}`} {
		must(t, os.WriteFile(path, []byte(text), 0o600))
		if _, err := s.Manifest(); !isDamaged(err) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
