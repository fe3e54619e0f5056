package fetch

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// server serves one content, and notes what was asked for.
type server struct {
	content []byte
	tag     string
	noRange bool  // answers every request with the whole
	broken  int   // so many first answers end half way
	status  []int // the first answers
	mu      sync.Mutex
	ranges  []string // Range of every request
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ranges = append(s.ranges, r.Header.Get("Range"))
	if len(s.status) > 0 {
		code := s.status[0]
		s.status = s.status[1:]
		w.WriteHeader(code)
		return
	}
	if s.noRange {
		r.Header.Del("Range")
	} else if s.tag != "" {
		w.Header().Set("ETag", s.tag)
	}
	if s.broken > 0 {
		s.broken--
		w = &breaking{w, len(s.content) / 3}
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(s.content))
}

// breaking ends the connection after some bytes.
type breaking struct {
	http.ResponseWriter
	left int
}

func (b *breaking) Write(p []byte) (int, error) {
	if len(p) <= b.left {
		b.left -= len(p)
		return b.ResponseWriter.Write(p)
	}
	b.ResponseWriter.Write(p[:b.left])
	b.ResponseWriter.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

// start serves by TLS and returns a client that trusts it, and the address of a file of that name.
func start(t *testing.T, h http.Handler, name string) (Client, string) {
	t.Helper()
	srv := httptest.NewTLSServer(h)
	t.Cleanup(srv.Close)
	return Client{
		Dir:     t.TempDir(),
		HTTP:    srv.Client(),
		Log:     slog.New(slog.NewTextHandler(io.Discard, nil)),
		Backoff: func() backoff.BackOff { return &backoff.ZeroBackOff{} },
	}, srv.URL + "/" + name
}

func sumOf(content []byte) Sum {
	h := md5.Sum(content)
	return Sum("md5:" + hex.EncodeToString(h[:]))
}

// zipped makes an archive of name, content pairs; a name that ends in / is a folder.
func zipped(t testing.TB, pairs ...string) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for n := 0; n < len(pairs); n += 2 {
		f, err := w.Create(pairs[n])
		if err == nil {
			_, err = io.WriteString(f, pairs[n+1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// noise is incompressible, so that an archive of it is large enough to break.
func noise(n int) string {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return string(b)
}

func read(t *testing.T, elem ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(elem...))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// left lists what lies in the cache folder.
func left(t *testing.T, c Client) string {
	t.Helper()
	entries, err := os.ReadDir(c.Dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

func TestFetch(t *testing.T) {
	content := zipped(t, "set/", "", "set/u.data", "1 2 3", "set/deep/er", "x")
	srv := &server{content: content}
	c, address := start(t, srv, "set.zip")
	a := Archive{Name: "mine", Address: address, Sum: sumOf(content)}
	for range 2 { // the second time it is there already
		dir, err := c.Fetch(context.Background(), a)
		if err != nil {
			t.Fatal(err)
		}
		if got := read(t, dir, "u.data") + read(t, dir, "deep", "er"); got != "1 2 3x" {
			t.Errorf("got %q", got)
		}
	}
	if len(srv.ranges) != 1 {
		t.Errorf("%d requests, want 1", len(srv.ranges))
	}
	if got := left(t, c); got != "mine mine.lock" {
		t.Errorf("the cache holds %q", got)
	}
}

func TestFetchPlainFile(t *testing.T) {
	content := []byte("1 2\n")
	c, address := start(t, &server{content: content}, "Beauty.txt")
	dir, err := c.Fetch(context.Background(), Archive{Name: "b", Address: address, Sum: sumOf(content), File: "beauty.txt"})
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, dir, "beauty.txt"); got != string(content) {
		t.Errorf("got %q", got)
	}
}

func TestResume(t *testing.T) {
	text := noise(1 << 20)
	content := zipped(t, "f", text)
	for _, test := range []struct {
		name   string
		srv    *server
		ranges int // requests that must ask for a part
	}{
		{"broken three times", &server{content: content, tag: `"v1"`, broken: 3}, 3},
		{"no validator: from the start each time", &server{content: content, broken: 2}, 0},
		{"weak validator: from the start each time", &server{content: content, tag: `W/"v1"`, broken: 2}, 0},
		{"server without Range", &server{content: content, noRange: true, broken: 2}, 0},
		{"busy", &server{content: content, status: []int{503, 429, 500}}, 0},
	} {
		c, address := start(t, test.srv, "f.zip")
		dir, err := c.Fetch(context.Background(), Archive{Name: "f", Address: address, Sum: sumOf(content)})
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if read(t, dir, "f") != text {
			t.Errorf("%s: other content", test.name)
		}
		asked := 0
		for _, r := range test.srv.ranges {
			if r != "" {
				asked++
			}
		}
		if asked != test.ranges {
			t.Errorf("%s: ranges asked for: %q, want %d", test.name, test.srv.ranges, test.ranges)
		}
	}
}

func TestResumeInAnotherProcess(t *testing.T) {
	text := noise(1 << 20)
	content := zipped(t, "f", text)
	for _, test := range []struct {
		name, note string // the validator that an earlier process noted
		part       []byte // what it left
		first      int    // the first byte that this one must ask for; 0: all
	}{
		{"the same version", `"v1"`, content[:5000], 5000},
		{"another version meanwhile", `"v0"`, []byte("something else"), 14},
		{"complete but unverified", `"v1"`, content, len(content)},
		{"complete and too long", `"v1"`, append(bytes.Clone(content), 'x'), len(content) + 1},
		{"no note", "", content[:5000], 0},
	} {
		srv := &server{content: content, tag: `"v1"`}
		c, address := start(t, srv, "f.zip")
		part := partial{filepath.Join(c.Dir, "f.part")}
		if err := os.WriteFile(part.path, test.part, 0o644); err != nil {
			t.Fatal(err)
		}
		if test.note != "" {
			if err := os.WriteFile(part.validatorPath(), []byte(test.note), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		dir, err := c.Fetch(context.Background(), Archive{Name: "f", Address: address, Sum: sumOf(content)})
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if read(t, dir, "f") != text {
			t.Errorf("%s: other content", test.name)
		}
		want := ""
		if test.first > 0 {
			want = fmt.Sprintf("bytes=%d-", test.first)
		}
		if srv.ranges[0] != want {
			t.Errorf("%s: asked for %q, want %q", test.name, srv.ranges[0], want)
		}
		if got := left(t, c); got != "f f.lock" {
			t.Errorf("%s: the cache holds %q", test.name, got)
		}
	}
}

func TestWrongChecksum(t *testing.T) {
	content := zipped(t, "f", "altered")
	srv := &server{content: content, tag: `"v1"`}
	c, address := start(t, srv, "f.zip")
	want := sumOf([]byte("original"))
	_, err := c.Fetch(context.Background(), Archive{Name: "f", Address: address, Sum: want})
	var bad *MismatchError
	if !errors.As(err, &bad) || bad.Want != want || bad.Got != sumOf(content) {
		t.Fatalf("got %v", err)
	}
	if got := left(t, c); got != "f.lock" {
		t.Errorf("the cache holds %q: nothing of it may stay", got)
	}
}

func TestChecksumFile(t *testing.T) {
	content := zipped(t, "f", "x")
	digest := strings.TrimPrefix(string(sumOf(content)), "md5:")
	for _, text := range []string{digest + "  f.zip\n", "MD5 (f.zip) = " + digest + "\n", strings.ToUpper(digest)} {
		mux := http.NewServeMux()
		mux.Handle("/f.zip", &server{content: content})
		mux.HandleFunc("/f.zip.md5", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, text) })
		c, address := start(t, mux, "f.zip")
		if _, err := c.Fetch(context.Background(), Archive{Name: "f", Address: address, SumAddress: address + ".md5"}); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
	mux := http.NewServeMux()
	mux.Handle("/f.zip", &server{content: content})
	mux.HandleFunc("/f.zip.md5", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>moved</html>") })
	c, address := start(t, mux, "f.zip")
	if _, err := c.Fetch(context.Background(), Archive{Name: "f", Address: address, SumAddress: address + ".md5"}); err == nil {
		t.Error("a page without a checksum was accepted")
	}
}

func TestNetworkErrors(t *testing.T) {
	for _, test := range []struct {
		name    string
		handler http.Handler
		asked   int
	}{
		{"missing", &server{status: []int{404, 404, 404}}, 1},
		{"always busy", &server{status: []int{503, 503, 503, 503, 503, 503, 503, 503, 503}}, maxIdle},
		{"redirected to http", http.RedirectHandler("http://example.invalid/f.zip", http.StatusFound), 0},
	} {
		c, address := start(t, test.handler, "f.zip")
		_, err := c.Fetch(context.Background(), Archive{Name: "f", Address: address, Sum: sumOf(nil)})
		var network *NetworkError
		if !errors.As(err, &network) {
			t.Errorf("%s: got %v, want a network error", test.name, err)
		}
		if s, ok := test.handler.(*server); ok && len(s.ranges) != test.asked {
			t.Errorf("%s: asked %d times, want %d", test.name, len(s.ranges), test.asked)
		}
	}
	if _, err := (Client{Dir: t.TempDir(), Progress: onBytes(func() {})}).Fetch(context.Background(), Archive{Name: "f", Address: "http://example.invalid/f.zip", Sum: sumOf(nil)}); err == nil || !strings.Contains(err.Error(), "not an https address") {
		t.Errorf("plain http: got %v", err)
	}
}

func TestStall(t *testing.T) {
	content := zipped(t, "f", noise(1<<18))
	srv := &server{content: content, tag: `"v1"`}
	first := true
	c, address := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !first {
			srv.ServeHTTP(w, r)
			return
		}
		first = false
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		w.Header().Set("ETag", srv.tag)
		w.Write(content[:10000])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}), "f.zip")
	c.Stall = 200 * time.Millisecond
	if _, err := c.Fetch(context.Background(), Archive{Name: "f", Address: address, Sum: sumOf(content)}); err != nil {
		t.Fatal(err)
	}
	if len(srv.ranges) != 1 || srv.ranges[0] != "bytes=10000-" {
		t.Errorf("then asked for %q", srv.ranges)
	}
}

// onBytes is a progress that calls a function when bytes have come.
type onBytes func()

func (f onBytes) Begin(string, int64) Meter { return f }
func (f onBytes) End(bool)                  {}
func (f onBytes) At(done, _ int64) {
	if done > 0 {
		f()
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	c, address := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000")
		w.Header().Set("ETag", `"v1"`)
		io.WriteString(w, "half")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}), "f.zip")
	c.Progress = onBytes(cancel)
	_, err := c.Fetch(ctx, Archive{Name: "f", Address: address, Sum: sumOf(nil)})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if got := left(t, c); got != "f.lock f.part f.part.validator" {
		t.Errorf("the cache holds %q: what came must stay for the next time", got)
	}
	for i := range 50 {
		if _, err := c.Fetch(ctx, Archive{Name: fmt.Sprint("g", i), Address: address}); !errors.Is(err, context.Canceled) {
			t.Fatalf("cancelled before it began: got %v", err)
		}
	}
	if got := left(t, c); got != "f.lock f.part f.part.validator" {
		t.Errorf("cancelled before it began, and left %q", got)
	}
}

func TestLock(t *testing.T) {
	content := zipped(t, "f", "x")
	srv := &server{content: content}
	c, address := start(t, srv, "f.zip")
	a := Archive{Name: "f", Address: address, Sum: sumOf(content)}
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			if _, err := c.Fetch(context.Background(), a); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if len(srv.ranges) != 1 {
		t.Errorf("%d downloads, want 1", len(srv.ranges))
	}

	unlock, err := lock(context.Background(), filepath.Join(c.Dir, "g.lock"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	a.Name = "g"
	if _, err := c.Fetch(ctx, a); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waiting for the lock: got %v", err)
	}
	unlock()
	if _, err := c.Fetch(context.Background(), a); err != nil {
		t.Error(err)
	}
}

func TestVerifyFile(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "f"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	fsys := os.DirFS(dir)
	if err := sumOf([]byte("x")).VerifyFile(fsys, "f"); err != nil {
		t.Error(err)
	}
	if err := sumOf(nil).VerifyFile(fsys, "missing"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	for _, bad := range []Sum{"", "md5:", "md5:12", "crc:12345678", "md5:zz23456789012345678901234567890z"} {
		if err := bad.VerifyFile(fsys, "f"); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}
