package results

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// folder is a directory that one process writes and many may read.
type folder struct {
	dir  string
	lock *os.File // nil: for reading only

	mu       sync.Mutex
	warnings []string
}

const (
	lockName   = "lock"
	tempPrefix = ".tmp-"
)

// openFolder opens a directory with its parts for writing, creating what is missing.
func openFolder(dir string, parts ...string) (*folder, error) {
	for _, d := range parts {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o777); err != nil {
			return nil, fmt.Errorf("results: open: %w", err)
		}
	}
	lock, err := acquire(filepath.Join(dir, lockName))
	if err != nil {
		return nil, err
	}
	f := &folder{dir: dir, lock: lock}
	if err := f.sweep(append(parts, ".")); err != nil {
		return nil, errors.Join(fmt.Errorf("results: open %s: %w", dir, err), lock.Close())
	}
	return f, nil
}

func readFolder(dir string) (*folder, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("results: open: %w", err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("results: open: %s is not a directory", dir)
	}
	return &folder{dir: dir}, nil
}

// Close gives the lock back.
func (f *folder) Close() error {
	if f.lock == nil {
		return nil
	}
	return f.lock.Close()
}

// Dir is the directory.
func (f *folder) Dir() string { return f.dir }

// Warnings tells what was found damaged and moved aside since it was opened.
func (f *folder) Warnings() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.warnings...)
}

// sweep removes temporary files. The lock is held, so nobody is writing them.
func (f *folder) sweep(parts []string) error {
	for _, d := range parts {
		entries, err := os.ReadDir(filepath.Join(f.dir, d))
		if err != nil {
			return err
		}
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), tempPrefix) {
				if err := os.Remove(filepath.Join(f.dir, d, e.Name())); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// acquire opens and locks the file, and writes this process's id into it for the next one to name.
func acquire(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, fmt.Errorf("results: lock: %w", err)
	}
	busy, err := tryLock(f)
	if busy {
		holder, _ := os.ReadFile(path) // only to name it
		err = fmt.Errorf("process %s is writing results there; wait for it or choose another directory", orUnknown(strings.TrimSpace(string(holder))))
	}
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = fmt.Fprintln(f, os.Getpid())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("results: lock %s: %w", filepath.Dir(path), err), f.Close())
	}
	return f, nil
}

func (f *folder) writable() error {
	if f.lock == nil {
		return fmt.Errorf("results: %s is open for reading only", f.dir)
	}
	return nil
}

// setAside renames files that cannot be trusted, keeps them for people to look at, and records a warning.
func (f *folder) setAside(cause error, paths ...string) error {
	var moved []string
	for _, path := range paths {
		to, err := free(path + ".damaged-%d")
		if err == nil {
			err = os.Rename(path, to)
		}
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("results: set aside: %w", err)
		}
		moved = append(moved, filepath.Base(to))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.warnings = append(f.warnings, fmt.Sprintf("%v; kept as %s, and it counts as not run", cause, strings.Join(moved, ", ")))
	return nil
}

// absent is an error where the file of something finished exists.
func absent(path string) error {
	_, err := os.Lstat(path)
	if err == nil {
		return errors.New("it is finished")
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// free is the first name of the numbered form that no file has. The lock keeps other processes away.
func free(form string) (string, error) {
	for n := 1; ; n++ {
		name := fmt.Sprintf(form, n)
		if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			return name, nil
		} else if err != nil {
			return "", err
		}
	}
}

func orUnknown(s string) string {
	if s == "" {
		return unknown
	}
	return s
}
