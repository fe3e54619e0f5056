package bundle

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"llm4rec/results"
)

// Options of publishing.
type Options struct {
	Withhold  bool     // leave out rows that must not be published, and say so, instead of refusing
	Cassettes []string // files of recorded answers that go along
	Memories  bool     // the store of memories goes along
	Replace   bool     // a bundle in the place of another, which may be what is published anew
	Private   Private
}

// Published is a bundle that was written.
type Published struct {
	Sum      string
	Files    int
	Bytes    int64
	Withheld []Withheld
	Memories []results.Held // of the store of memories, where it goes along and its record says
}

// Leaks is the error of something private in what would be published.
type Leaks []Leak

func (e Leaks) Error() string {
	var lines []string
	for _, l := range e {
		lines = append(lines, l.String())
	}
	return "bundle: not published, as it is private:\n" + strings.Join(lines, "\n")
}

// Publish writes the results in a folder, which may be a bundle, as a bundle. It writes beside the place and renames, and
// verifies what it wrote: a bundle that is there is one that holds. The error is the context's if that ends before.
func Publish(ctx context.Context, dir, to string, o Options) (p Published, err error) {
	if err := ctx.Err(); err != nil {
		return p, err
	}
	c, errs := read(dir)
	if errs != nil {
		return p, errors.Join(errs...)
	}
	if len(c.records) == 0 {
		return p, fmt.Errorf("bundle: no cell of %s has run", dir)
	}
	all, anew := c.withhold()
	if p.Withheld = all[len(all)-anew:]; anew > 0 && !o.Withhold {
		return p, &Unpublishable{p.Withheld}
	}
	if err := vacant(to, o.Replace); err != nil {
		return p, err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
		return p, fmt.Errorf("bundle: %w", err)
	}
	temporary, err := os.MkdirTemp(filepath.Dir(to), ".publish-*")
	if err != nil {
		return p, fmt.Errorf("bundle: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temporary)) }()
	building := filepath.Join(temporary, "bundle")
	if err := c.write(building, all, o); err != nil {
		return p, err
	}
	r, err := verify(ctx, building)
	if err != nil {
		return p, err
	}
	if len(r.Differences) > 0 {
		return p, fmt.Errorf("bundle: what was written does not hold: %v", r.Differences)
	}
	p.Sum, p.Files = r.Sum, r.Files+1
	if p.Bytes, err = size(building); err != nil {
		return p, err
	}
	if _, err := os.Lstat(filepath.Join(building, results.MemoriesName)); err == nil && c.manifest.Augmented != "" {
		a, _, err := c.store.Augmented(c.manifest.Augmented)
		if err != nil {
			return p, err
		}
		p.Memories = a.Held
	}
	if err := os.Rename(to, filepath.Join(temporary, "before")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return p, fmt.Errorf("bundle: %w", err)
	}
	if err := os.Rename(building, to); err != nil {
		return p, fmt.Errorf("bundle: %w", err)
	}
	return p, nil
}

// vacant is an error where something else than a bundle that may be replaced is in the way, and where the place is in a bundle
// or among an experiment's results, which it would spoil.
func vacant(to string, replace bool) error {
	whole, err := filepath.Abs(to)
	if err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	for at := filepath.Dir(whole); at != filepath.Dir(at); at = filepath.Dir(at) {
		_, plan := os.Lstat(filepath.Join(at, results.ManifestName)) // others have files of that name as well
		if cells, err := os.Stat(filepath.Join(at, "cells")); plan == nil && err == nil && cells.IsDir() {
			return fmt.Errorf("bundle: %s is inside of a bundle, or of an experiment's results: publish elsewhere", to)
		}
	}
	if _, err := os.Lstat(to); errors.Is(err, os.ErrNotExist) {
		return nil
	} else if err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	if _, err := os.Stat(filepath.Join(to, SumsName)); err != nil {
		return fmt.Errorf("bundle: %s is there, and is no bundle: nothing is written in its place", to)
	}
	if !replace {
		return fmt.Errorf("bundle: %s is there already: publish under another name, or ask for its replacement", to)
	}
	_, differences, err := checkSums(to)
	if err != nil {
		return err
	}
	for _, d := range differences {
		if d.foreign {
			return fmt.Errorf("bundle: %s holds %s, which is no part of the bundle: move it away", to, d.File)
		}
	}
	return nil
}
