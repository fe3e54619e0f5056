package suite

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"llm4rec/data/fetch"
)

func TestObtain(t *testing.T) {
	const content = "1 2\n1 3\n2 3\n"
	asked := 0
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		io.WriteString(w, content)
	}))
	defer srv.Close()
	digest := sha256.Sum256([]byte(content))
	sum := fetch.Sum("sha256:" + hex.EncodeToString(digest[:]))
	s := sequenceSource("tiny", "", srv.URL+"/theirs.txt", File{"ours.txt", sum, int64(len(content))}, "", "", 3)
	opt := DatasetOptions{Dirs: []string{t.TempDir()}, Cache: fetch.Client{Dir: t.TempDir(), HTTP: srv.Client()}}

	if _, err := s.Obtain(context.Background(), opt); !errors.Is(err, ErrUnavailable) || asked > 0 {
		t.Errorf("without leave to download: got %v", err)
	}
	opt.Fetch = true
	for range 2 {
		path, err := s.Obtain(context.Background(), opt)
		if err != nil {
			t.Fatal(err)
		}
		if d, err := s.open(path); err != nil || d.Inter.Len() != 3 || d.Name != "tiny" {
			t.Errorf("got %v, %v", d, err)
		}
	}
	if asked != 1 {
		t.Errorf("%d downloads, want 1", asked)
	}

	// A data folder comes before the cache, and a copy there that is altered is not passed over.
	mine := filepath.Join(opt.Dirs[0], "ours.txt")
	if err := os.WriteFile(mine, []byte("1 2\n1 3\n2 4\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	path, err := s.Obtain(context.Background(), opt)
	if err != nil || path != opt.Dirs[0] {
		t.Errorf("got %s, %v", path, err)
	}
	if _, err := s.open(path); !errors.Is(err, ErrDamaged) || errors.Is(err, ErrUnavailable) {
		t.Errorf("altered copy: got %v", err)
	}
}

func TestObtainOffline(t *testing.T) {
	srv := httptest.NewTLSServer(http.NotFoundHandler())
	address := srv.URL + "/f.txt"
	client := srv.Client()
	defer srv.Close()
	s := sequenceSource("gone", "", address, File{Path: "f.txt", Sum: "md5:00000000000000000000000000000000"}, "", "", 0)
	opt := DatasetOptions{Fetch: true, Cache: fetch.Client{Dir: t.TempDir(), HTTP: client}}
	if _, err := s.Obtain(context.Background(), opt); !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Obtain(ctx, opt); !errors.Is(err, context.Canceled) || errors.Is(err, ErrUnavailable) {
		t.Errorf("cancelled: got %v", err)
	}
}
