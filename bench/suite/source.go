// Package suite is the one registry: names of data sets, models and metrics to their constructors.
package suite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"llm4rec/data"
	"llm4rec/data/fetch"
)

// Source is one named data set: where it comes from, under which terms, and how it is recognised and read.
type Source struct {
	Name, Title       string
	Address           string    // of the archive or file, "" where none can be downloaded
	ArchiveSum        fetch.Sum // of what lies at Address
	SumAddress        string    // the publisher's checksum file, for sets that change in place
	Size              int64     // of what lies at Address, in bytes, 0 if unknown
	Licence, Citation string
	Interactions      int      // what a loaded set must have, 0 if it changes
	Files             []File   // all that Load needs
	Dirs              []string // where they may lie under a data folder, in order
	Load              func(fs.FS) (*data.Dataset, error)
	Generate          func() *data.Dataset // instead of all that: the set is made, not loaded
}

// File is one file of a source. Sum and Size are zero where they are not known.
type File struct {
	Path string
	Sum  fetch.Sum
	Size int64
}

// FindSource returns the source of that name, or an error that lists the names most like it.
func FindSource(name string) (Source, error) {
	var names []string
	for _, s := range Sources() {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	if like := near(name, names); len(like) > 0 {
		return Source{}, fmt.Errorf("unknown data set %q: did you mean %s? (llm4rec data list shows all; a folder is given as ./folder)", name, strings.Join(like, " or "))
	}
	return Source{}, fmt.Errorf("unknown data set %q: there are %s (a folder is given as ./folder)", name, strings.Join(names, ", "))
}

// Locate looks for the files under data folders, the first folder first. It does not read them.
func (s Source) Locate(dirs []string) (path string, found bool) {
	if len(s.Files) == 0 {
		return "", false
	}
	places := s.Dirs
	if s.Files[0].Sum != "" {
		places = append(places[:len(places):len(places)], ".") // the files tell which set they are: the folder may be the set itself
	}
	for _, dir := range dirs {
		for _, place := range places {
			path := filepath.Join(dir, filepath.FromSlash(place))
			if s.complete(os.DirFS(path)) {
				return path, true
			}
		}
	}
	return "", false
}

func (s Source) complete(fsys fs.FS) bool {
	for _, f := range s.Files {
		if info, err := fs.Stat(fsys, f.Path); err != nil || info.IsDir() {
			return false
		}
	}
	return true
}

// largeFile is the size from which opening a set trusts a file of the right size.
const largeFile = 64 << 20

// Check compares sizes and checksums of the files with the registry's. Unless all is set, large files are judged by
// size alone: they were verified when they came, and reading them again would cost more than loading.
func (s Source) Check(fsys fs.FS, all bool) error {
	for _, f := range s.Files {
		info, err := fs.Stat(fsys, f.Path)
		if err != nil {
			return fmt.Errorf("data set %s: %w", s.Name, err)
		}
		if f.Size > 0 && info.Size() != f.Size {
			return fmt.Errorf("data set %s: %s has %d bytes, want %d: %w", s.Name, f.Path, info.Size(), f.Size, ErrDamaged)
		}
		if f.Sum == "" || info.Size() >= largeFile && !all {
			continue
		}
		if err := f.Sum.VerifyFile(fsys, f.Path); err != nil {
			if bad := (*fetch.MismatchError)(nil); errors.As(err, &bad) {
				return fmt.Errorf("data set %s: %s: checksum is %s, want %s: %w", s.Name, f.Path, bad.Got, bad.Want, ErrDamaged)
			}
			return fmt.Errorf("data set %s: %w", s.Name, err)
		}
	}
	return nil
}

// open checks and loads the set from a folder.
func (s Source) open(path string) (*data.Dataset, error) {
	fsys := os.DirFS(path)
	if err := s.Check(fsys, false); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	d, err := s.Load(fsys)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	d.Name = s.Name
	if s.Interactions > 0 && d.Inter.Len() != s.Interactions {
		return nil, fmt.Errorf("%s: data set %s has %d interactions, want %d: %w", path, s.Name, d.Inter.Len(), s.Interactions, ErrDamaged)
	}
	return d, nil
}

var (
	// ErrUnavailable marks a data set that is neither here nor can be downloaded now.
	ErrUnavailable = errors.New("data set unavailable")
	// ErrDamaged marks one whose files cannot be read, or are not the publisher's.
	ErrDamaged = errors.New("the copy is broken or altered")
)

// damaged is an [ErrDamaged] that says itself what is wrong.
type damaged struct{ error }

func (d damaged) Unwrap() error        { return d.error }
func (d damaged) Is(target error) bool { return target == ErrDamaged }
