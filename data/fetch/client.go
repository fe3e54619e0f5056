// Package fetch downloads archives over HTTPS into a cache folder and unpacks them there.
//
// A download resumes where it broke off, its checksum is verified before anything is unpacked, nothing is written
// outside the cache folder, and a finished folder appears there at once and whole.
package fetch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Archive is one thing to download.
type Archive struct {
	Name       string // of the folder in the cache
	Address    string // https://….zip, ….tar.gz, ….tgz; anything else is one plain file
	Sum        Sum    // of what lies at Address
	SumAddress string // a file with the checksum, instead of Sum, for archives that change in place
	Size       int64  // of what lies at Address, 0 if unknown; shown, not checked
	File       string // the name that a plain file gets, that of the address if empty
}

// Client downloads. Its zero value is ready to use.
type Client struct {
	Dir      string        // the cache folder; empty: llm4rec in the user's cache folder
	HTTP     *http.Client  // nil: one of its own
	Progress Progress      // nil: log lines
	Log      *slog.Logger  // nil: the default logger
	Stall    time.Duration // a download without a byte for so long is broken; 0: a minute
	// Backoff says how long to wait before the next try; nil: exponentially longer.
	Backoff func() backoff.BackOff
}

// NetworkError says that an address could not be read. It may be readable later.
type NetworkError struct {
	Address string
	Err     error
}

func (e *NetworkError) Error() string { return fmt.Sprintf("fetch: %s: %v", e.Address, e.Err) }
func (e *NetworkError) Unwrap() error { return e.Err }

// Path is the folder of a finished download, which need not exist.
func (c Client) Path(name string) (string, error) {
	dir, err := c.dir()
	return filepath.Join(dir, name), err
}

func (c Client) dir() (string, error) {
	if c.Dir != "" {
		return c.Dir, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("fetch: no cache folder: %w", err)
	}
	return filepath.Join(dir, "llm4rec"), nil
}

// Fetch returns the folder of the archive's content, which it downloads unless it is there already. A folder that holds
// all of an archive is left out: what lies in it is the content.
func (c Client) Fetch(ctx context.Context, a Archive) (string, error) {
	target, err := c.Path(a.Name)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return "", fmt.Errorf("fetch: %w", err)
	}
	unlock, err := lock(ctx, target+".lock")
	if err != nil {
		return "", fmt.Errorf("fetch: %s: %w", a.Name, err)
	}
	defer unlock()
	if _, err := os.Stat(target); err == nil {
		return target, nil // perhaps made by the process that held the lock
	} else if !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("fetch: %w", err)
	}

	part := partial{target + ".part"}
	if err := c.download(ctx, a, part); err != nil {
		return "", err
	}
	if err := c.verify(ctx, a, part); err != nil {
		return "", err
	}
	if err := install(ctx, a, part.path, target); err != nil {
		return "", fmt.Errorf("fetch: %s: %w", a.Address, err)
	}
	return target, part.remove()
}

// verify compares the download with the checksum. A download that fails is thrown away: it cannot be mended.
func (c Client) verify(ctx context.Context, a Archive, part partial) error {
	sum := a.Sum
	if sum == "" {
		text, err := c.text(ctx, a.SumAddress)
		if err != nil {
			return err
		}
		if sum, err = parseSum(text); err != nil {
			return fmt.Errorf("fetch: %s: %w", a.SumAddress, err)
		}
	}
	f, err := os.Open(part.path)
	if err != nil {
		return fmt.Errorf("fetch: %w", err)
	}
	err = errors.Join(sum.Verify(a.Address, f), f.Close())
	if bad := (*MismatchError)(nil); errors.As(err, &bad) {
		return errors.Join(bad, part.remove())
	}
	return err
}

// install unpacks beside the target and then moves the content there in one step.
func install(ctx context.Context, a Archive, part, target string) error {
	tmp := target + ".tmp" // the lock makes it ours; a killed process may have left one
	if err := os.RemoveAll(tmp); err != nil {
		return err
	}
	if err := os.Mkdir(tmp, 0o755); err != nil {
		return err
	}
	err := unpack(ctx, a, part, tmp)
	if err == nil {
		err = os.Rename(content(tmp), target)
	}
	return errors.Join(err, os.RemoveAll(tmp))
}

// content is the folder itself, or the only thing in it if that is a folder.
func content(dir string) string {
	entries, err := os.ReadDir(dir)
	if err == nil && len(entries) == 1 && entries[0].IsDir() {
		return filepath.Join(dir, entries[0].Name())
	}
	return dir
}

func (a Archive) file() string {
	if a.File != "" {
		return a.File
	}
	return path.Base(a.Address)
}

func (c Client) log() *slog.Logger {
	if c.Log != nil {
		return c.Log
	}
	return slog.Default()
}
