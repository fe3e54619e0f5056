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

// Store is one experiment's directory:
//
//	manifest.json            the latest plan, replaced as a whole
//	cells/ID.json            the record of a finished cell, never rewritten
//	cells/ID.parquet         its ranked ids
//	cells/ID.failed-N.json   the record of a failed attempt
//	splits/CHECKSUM.json     a split that records refer to
//	splits/CHECKSUM.parquet  its catalogue
//	checkpoints/ID           the state of a fit that was interrupted, which belongs to the fit
//	lock                     held by the process that writes
//
// Every file is written beside its place, synced and renamed. Parquet goes first and the record last, so that a record
// that exists is complete: what a killed process leaves behind is a temporary file or a Parquet file without a record,
// and neither counts.
//
// The methods of a Store may be called from many goroutines at once.
type Store struct {
	dir  string
	lock *os.File // nil: for reading only

	mu       sync.Mutex
	warnings []string
}

const (
	cellsDir   = "cells"
	splitsDir  = "splits"
	lockName   = "lock"
	tempPrefix = ".tmp-"
)

// Open opens the directory for writing, creating it where it is missing, and removes what a killed process left. It
// fails if another process writes there.
func Open(dir string) (*Store, error) {
	for _, d := range []string{cellsDir, splitsDir} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o777); err != nil {
			return nil, fmt.Errorf("results: open: %w", err)
		}
	}
	lock, err := acquire(filepath.Join(dir, lockName))
	if err != nil {
		return nil, err
	}
	s := &Store{dir: dir, lock: lock}
	if err := s.sweep(); err != nil {
		return nil, errors.Join(fmt.Errorf("results: open %s: %w", dir, err), lock.Close())
	}
	return s, nil
}

// OpenRead opens the directory for reading. A process that writes there does not disturb it.
func OpenRead(dir string) (*Store, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("results: open: %w", err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("results: open: %s is not a directory", dir)
	}
	return &Store{dir: dir}, nil
}

// Close gives the lock back.
func (s *Store) Close() error {
	if s.lock == nil {
		return nil
	}
	return s.lock.Close()
}

// Dir is the directory of the store.
func (s *Store) Dir() string { return s.dir }

// Warnings tells what was found damaged and moved aside since the store was opened.
func (s *Store) Warnings() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.warnings...)
}

// sweep removes temporary files. The lock is held, so nobody is writing them.
func (s *Store) sweep() error {
	for _, d := range []string{".", cellsDir, splitsDir} {
		entries, err := os.ReadDir(filepath.Join(s.dir, d))
		if err != nil {
			return err
		}
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), tempPrefix) {
				if err := os.Remove(filepath.Join(s.dir, d, e.Name())); err != nil {
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

func (s *Store) writable() error {
	if s.lock == nil {
		return fmt.Errorf("results: %s is open for reading only", s.dir)
	}
	return nil
}

// setAside renames files that cannot be trusted, keeps them for people to look at, and records a warning.
func (s *Store) setAside(cause error, paths ...string) error {
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
	s.mu.Lock()
	defer s.mu.Unlock()
	s.warnings = append(s.warnings, fmt.Sprintf("%v; kept as %s, and the cell counts as not run", cause, strings.Join(moved, ", ")))
	return nil
}

// free is the first name of the numbered form that no file has. The store's lock keeps other processes away.
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
