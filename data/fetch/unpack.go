package fetch

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Limits of what an archive may unpack to: above any data set here, below what fills a disk unnoticed.
const (
	maxUnpacked = 32 << 30
	maxEntries  = 100_000
)

// unpack puts the content of a download into dir: a zip or tar.gz archive by the ending of its address, or a plain file.
func unpack(ctx context.Context, a Archive, part, dir string) (err error) {
	root, err := os.OpenRoot(dir) // the system itself then refuses what would leave the folder
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	out := unpacker{ctx: ctx, root: root, room: maxUnpacked}
	switch name := strings.ToLower(a.Address); {
	case strings.HasSuffix(name, ".zip"):
		return out.zip(part)
	case strings.HasSuffix(name, ".tar.gz"), strings.HasSuffix(name, ".tgz"):
		return out.tarGz(part)
	}
	f, err := open(part)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return out.file(a.file(), info.Size(), f)
}

// unpacker writes the entries of one archive and keeps count of them.
type unpacker struct {
	ctx     context.Context
	root    *os.Root
	room    int64 // bytes that may still come
	entries int
}

func (u *unpacker) zip(part string) (err error) {
	r, err := zip.OpenReader(part)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	for _, f := range r.File {
		switch mode := f.Mode(); {
		case mode.IsDir():
			err = u.dir(f.Name)
		case !mode.IsRegular():
			err = fmt.Errorf("entry %q is neither a file nor a folder", f.Name)
		case f.UncompressedSize64 > maxUnpacked:
			err = fmt.Errorf("entry %q has %d bytes, more than the limit", f.Name, f.UncompressedSize64)
		default:
			var in io.ReadCloser
			if in, err = f.Open(); err == nil {
				err = errors.Join(u.file(f.Name, int64(f.UncompressedSize64), in), in.Close())
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func open(path string) (fs.File, error) { return os.Open(path) }

func (u *unpacker) tarGz(part string) error {
	f, err := open(part)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	r := tar.NewReader(z)
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			_, err := io.Copy(io.Discard, io.LimitReader(z, 1<<20)) // to the end, where gzip's own checksum stands
			return err
		}
		if err != nil {
			return err
		}
		switch h.Typeflag {
		case tar.TypeDir:
			err = u.dir(h.Name)
		case tar.TypeReg:
			err = u.file(h.Name, h.Size, r)
		case tar.TypeXGlobalHeader:
		default:
			err = fmt.Errorf("entry %q is neither a file nor a folder", h.Name)
		}
		if err != nil {
			return err
		}
	}
}

// place checks the name of an entry and returns it in the system's form.
func (u *unpacker) place(name string) (string, error) {
	if u.entries++; u.entries > maxEntries {
		return "", fmt.Errorf("more than %d entries", maxEntries)
	}
	local := filepath.FromSlash(path.Clean(name))
	if name == "" || strings.ContainsAny(name, "\\\x00") || !filepath.IsLocal(local) {
		return "", fmt.Errorf("entry %q leads out of the folder", name)
	}
	return local, context.Cause(u.ctx)
}

func (u *unpacker) dir(name string) error {
	local, err := u.place(name)
	if err != nil {
		return err
	}
	return u.root.MkdirAll(local, 0o755)
}

// file writes an entry, which must have as many bytes as it declares. No entry may replace another.
func (u *unpacker) file(name string, size int64, in io.Reader) (err error) {
	local, err := u.place(name)
	if err != nil {
		return err
	}
	if u.room -= size; size < 0 || u.room < 0 {
		return fmt.Errorf("entry %q: more than %d bytes in all", name, int64(maxUnpacked))
	}
	if err := u.root.MkdirAll(filepath.Dir(local), 0o755); err != nil {
		return err
	}
	out, err := u.root.OpenFile(local, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	n, err := io.Copy(out, cancelled{u.ctx, io.LimitReader(in, size+1)})
	if err == nil && n != size {
		err = fmt.Errorf("entry %q does not have the %d bytes it declares", name, size)
	}
	return err
}

// cancelled is a reader that ends when its context does.
type cancelled struct {
	ctx context.Context
	r   io.Reader
}

func (c cancelled) Read(p []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	return c.r.Read(p)
}
