package fetch

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// put writes an archive and unpacks it into a folder, whose parent it returns with the error.
func put(t testing.TB, name string, archive []byte) (parent string, err error) {
	t.Helper()
	parent = t.TempDir()
	part := filepath.Join(parent, "part")
	dir := filepath.Join(parent, "inner", "dir")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(part, archive, 0o644); err != nil {
		t.Fatal(err)
	}
	return parent, unpack(context.Background(), Archive{Address: "https://host/" + name}, part, dir)
}

// outside lists files that are neither the archive nor in the folder.
func outside(t testing.TB, parent string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(parent, func(path string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(parent, path)
		if err == nil && !d.IsDir() && rel != "part" && !strings.HasPrefix(rel, filepath.Join("inner", "dir")+string(filepath.Separator)) {
			names = append(names, rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func tarred(t testing.TB, headers ...tar.Header) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	w := tar.NewWriter(z)
	for _, h := range headers {
		h.Mode = 0o644
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(make([]byte, h.Size)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func zippedLink(t testing.TB) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	h := &zip.FileHeader{Name: "link"}
	h.SetMode(fs.ModeSymlink | 0o777)
	f, err := w.CreateHeader(h)
	if err == nil {
		_, err = io.WriteString(f, "../..")
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// lying makes a zip archive that declares fewer bytes than it holds.
func lying(t testing.TB) []byte {
	t.Helper()
	b := zipped(t, "f", strings.Repeat("a", 1000))
	big, small := []byte{0xe8, 0x03, 0, 0}, []byte{10, 0, 0, 0}
	return bytes.ReplaceAll(b, big, small)
}

func TestUnpackRefuses(t *testing.T) {
	for _, test := range []struct {
		what, name string
		archive    []byte
	}{
		{"parent", "a.zip", zipped(t, "../evil", "x")},
		{"parent, deep", "a.zip", zipped(t, "a/../../evil", "x")},
		{"absolute", "a.zip", zipped(t, "/tmp/evil", "x")},
		{"backslash", "a.zip", zipped(t, `..\evil`, "x")},
		{"parent folder", "a.zip", zipped(t, "../evil/", "")},
		{"twice", "a.zip", zipped(t, "f", "x", "f", "y")},
		{"file as folder", "a.zip", zipped(t, "f", "x", "f/g", "y")},
		{"link", "a.zip", zippedLink(t)},
		{"lying size", "a.zip", lying(t)},
		{"cut", "a.zip", zipped(t, "f", noise(1000))[:900]},
		{"empty", "a.zip", nil},
		{"parent", "a.tar.gz", tarred(t, tar.Header{Name: "../evil", Size: 1})},
		{"absolute", "a.tgz", tarred(t, tar.Header{Name: "/evil", Size: 1})},
		{"symbolic link", "a.tar.gz", tarred(t, tar.Header{Name: "l", Typeflag: tar.TypeSymlink, Linkname: "../.."}, tar.Header{Name: "l/evil", Size: 1})},
		{"hard link", "a.tar.gz", tarred(t, tar.Header{Name: "l", Typeflag: tar.TypeLink, Linkname: "../../part"})},
		{"device", "a.tar.gz", tarred(t, tar.Header{Name: "l", Typeflag: tar.TypeChar})},
		{"cut", "a.tar.gz", tarred(t, tar.Header{Name: "f", Size: 5000})[:40]},
	} {
		parent, err := put(t, test.name, test.archive)
		if err == nil {
			t.Errorf("%s %s: no error", test.name, test.what)
		}
		if out := outside(t, parent); out != nil {
			t.Errorf("%s %s: wrote %q", test.name, test.what, out)
		}
	}
}

func TestUnpackLimits(t *testing.T) {
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	u := unpacker{ctx: context.Background(), root: root, room: 10}
	if err := u.file("a", 8, strings.NewReader("12345678")); err != nil {
		t.Error(err)
	}
	if err := u.file("b", 8, strings.NewReader("12345678")); err == nil {
		t.Error("more bytes than there is room for")
	}
	u = unpacker{ctx: context.Background(), root: root, room: 10, entries: maxEntries}
	if err := u.dir("c"); err == nil {
		t.Error("more entries than allowed")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	u = unpacker{ctx: ctx, root: root, room: 10}
	if err := u.file("d", 1, strings.NewReader("1")); err == nil {
		t.Error("not cancelled")
	}
}

func TestUnpackTarGz(t *testing.T) {
	parent, err := put(t, "a.tar.gz", tarred(t, tar.Header{Name: "set/", Typeflag: tar.TypeDir}, tar.Header{Name: "./set/f", Size: 3}))
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, parent, "inner", "dir", "set", "f"); got != "\x00\x00\x00" {
		t.Errorf("got %q", got)
	}
}

func FuzzUnpackZip(f *testing.F) {
	f.Add(zipped(f, "a/b", "x", "c/", ""))
	f.Add(zipped(f, "../evil", "x"))
	f.Fuzz(func(t *testing.T, archive []byte) {
		parent, _ := put(t, "a.zip", archive)
		if out := outside(t, parent); out != nil {
			t.Errorf("wrote %q", out)
		}
	})
}
