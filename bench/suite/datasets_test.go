package suite

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"llm4rec/data/datatest"
)

func TestSourcesAreComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range Sources() {
		if seen[s.Name] {
			t.Errorf("%s is listed twice", s.Name)
		}
		seen[s.Name] = true
		if s.Title == "" || s.Licence == "" {
			t.Errorf("%s lacks a title or a licence", s.Name)
		}
		if (s.Load == nil) == (s.Generate == nil) {
			t.Errorf("%s must be either loaded or generated", s.Name)
		}
		if s.Load != nil && (len(s.Files) == 0 || len(s.Dirs) == 0 || s.Citation == "") {
			t.Errorf("%s lacks files, folders or a citation", s.Name)
		}
		if s.Address != "" && (s.ArchiveSum == "") == (s.SumAddress == "") {
			t.Errorf("%s needs either a checksum or the address of one", s.Name)
		}
	}
}

func TestFindSource(t *testing.T) {
	if _, err := FindSource("ml-100k"); err != nil {
		t.Error(err)
	}
	for name, want := range map[string]string{
		"ml100k": `did you mean ml-100k`,
		"beauty": `there are ml-100k`,
	} {
		if _, err := FindSource(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q in it", name, err, want)
		}
	}
}

func TestOpenRealDatasets(t *testing.T) {
	dir := datatest.Dir(t)
	for _, s := range Sources() {
		if _, found := s.Locate([]string{dir}); !found {
			continue
		}
		d, origin, err := OpenDataset(context.Background(), s.Name, DatasetOptions{Dirs: []string{t.TempDir(), dir}})
		if err != nil {
			t.Errorf("%s: %v", s.Name, err)
			continue
		}
		if d.Name != s.Name || !strings.HasPrefix(origin, dir) {
			t.Errorf("%s: got %s from %s", s.Name, d.Name, origin)
		}
	}
}

// copyOf copies a folder of small files to a place where tests may change them.
func copyOf(t *testing.T, fsys fs.FS, to string) {
	t.Helper()
	if err := os.CopyFS(to, fsys); err != nil {
		t.Fatal(err)
	}
}

func TestOpenRefusesAlteredCopies(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, "ml-100k")
	copyOf(t, datatest.Open(t, "ml-100k"), folder)
	item := filepath.Join(folder, "u.item")
	text, err := os.ReadFile(item)
	if err != nil {
		t.Fatal(err)
	}
	text[5] ^= 1 // the size stays
	if err := errors.Join(os.Chmod(item, 0o644), os.WriteFile(item, text, 0o644)); err != nil {
		t.Fatal(err)
	}
	_, _, err = OpenDataset(context.Background(), "ml-100k", DatasetOptions{Dirs: []string{dir}})
	if err == nil || !strings.Contains(err.Error(), "u.item: checksum is md5:") || !strings.Contains(err.Error(), "want md5:c9e7f390115d79079537301d5204f3f7") {
		t.Errorf("got %v, want the file and both checksums", err)
	}
	if errors.Is(err, ErrUnavailable) {
		t.Error("a damaged copy counts as a missing one")
	}
}

func TestOpenPath(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	write("csv/ratings.csv", "userId,movieId,rating,timestamp\n1,2,3.5,4\n")
	write("csv/movies.csv", "movieId,title,genres\n2,\"A, b (1999)\",X|Y\n")
	write("thousand/ratings.dat", "1::2::3::4\n")
	write("thousand/movies.dat", "2::A (1999)::X\n")
	write("mine.txt", "1 2\n1 3\n")
	write("empty/README", "nothing")
	for path, name := range map[string]string{"csv": "csv", "thousand": "thousand", "mine.txt": "mine"} {
		d, origin, err := OpenDataset(context.Background(), filepath.Join(dir, path), DatasetOptions{})
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if d.Name != name || origin != filepath.Join(dir, path) || d.Users.Len() != 1 {
			t.Errorf("%s: got %s from %s", path, d.Name, origin)
		}
	}
	for _, path := range []string{"empty", "missing"} {
		if _, _, err := OpenDataset(context.Background(), filepath.Join(dir, path), DatasetOptions{}); err == nil {
			t.Errorf("%s: no error", path)
		}
	}
}
