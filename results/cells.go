package results

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// ID names the cell: the first 16 bytes of the SHA-256 of the identity's JSON, in hexadecimal.
func (i Identity) ID() string { return hashed(i) }

func (s *Store) cell(id, end string) string { return filepath.Join(s.dir, cellsDir, id+end) }

// Put stores the outcome of a cell and fills in the record's version, id and checksum of ranks. A cell that failed or could not
// be had has no ranks. A finished cell is never written again: putting it is an error.
func (s *Store) Put(rec Record, ranks []Ranking) error {
	if err := s.writable(); err != nil {
		return err
	}
	rec.Version, rec.ID, rec.Ranks = Version, rec.Identity.ID(), ""
	path := s.cell(rec.ID, ".json")
	if err := absent(path); err != nil {
		return fmt.Errorf("results: put %s: %w", rec.ID, err)
	}
	switch rec.Status {
	case OK:
		content, err := encode(ranks)
		if err != nil {
			return fmt.Errorf("results: put %s: ranks: %w", rec.ID, err)
		}
		if err := replace(s.cell(rec.ID, ".parquet"), content); err != nil {
			return err
		}
		rec.Ranks = checksum(content)
	case Failed, Unavailable:
		var err error
		if path, err = free(s.cell(rec.ID, ".failed-%d.json")); err != nil {
			return fmt.Errorf("results: put: %w", err)
		}
	default:
		return fmt.Errorf("results: put %s: status %q", rec.ID, rec.Status)
	}
	content, err := seal(rec)
	if err != nil {
		return fmt.Errorf("results: put %s: %w", rec.ID, err)
	}
	return replace(path, content)
}

// Done returns the record of a cell if it is finished. Where its files are damaged, a store open for writing sets them
// aside with a warning and answers that the cell is not done; one open for reading returns the [Damaged] error.
func (s *Store) Done(id string) (Record, bool, error) {
	rec, err := s.read(s.cell(id, ".json"))
	if errors.Is(err, fs.ErrNotExist) {
		return Record{}, false, nil
	}
	paths := []string{s.cell(id, ".json")}
	for end, sum := range rec.beside() {
		paths = append(paths, s.cell(id, end))
		if err == nil {
			_, err = verify(s.cell(id, end), sum)
		}
	}
	if err == nil {
		return rec, true, nil
	}
	var damaged *Damaged
	if !errors.As(err, &damaged) || s.lock == nil {
		return Record{}, false, err
	}
	return Record{}, false, s.setAside(err, paths...)
}

// Finished returns the records of the finished cells of the plan, in its order.
func (s *Store) Finished() ([]Record, error) {
	m, err := s.Manifest()
	if err != nil {
		return nil, err
	}
	var out []Record
	seen := map[string]bool{}
	for _, cell := range m.Cells {
		if seen[cell.ID] { // an unseeded system is one cell under all seeds
			continue
		}
		seen[cell.ID] = true
		rec, done, err := s.Done(cell.ID)
		if err != nil {
			return nil, err
		}
		if done {
			out = append(out, rec)
		}
	}
	return out, nil
}

// Records returns one record a cell, in the order of their ids: the finished one, or else that of the latest failed
// attempt. Files that cannot be trusted are reported as errors, [Damaged] ones among them, never left out silently.
func (s *Store) Records() ([]Record, []error) {
	entries, err := os.ReadDir(filepath.Join(s.dir, cellsDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, []error{fmt.Errorf("results: %w", err)}
	}
	latest := map[string]attempt{}
	for _, e := range entries {
		if a, ok := parseAttempt(e.Name()); ok && a.after(latest[a.id]) {
			latest[a.id] = a
		}
	}
	var recs []Record
	var errs []error
	for _, a := range latest {
		rec, err := s.read(filepath.Join(s.dir, cellsDir, a.name))
		if err != nil {
			errs = append(errs, err)
			continue
		}
		recs = append(recs, rec)
	}
	slices.SortFunc(recs, func(a, b Record) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(errs, func(a, b error) int { return cmp.Compare(a.Error(), b.Error()) })
	return recs, errs
}

// Ranks reads the ranked ids of a finished cell after checking their checksum.
func (s *Store) Ranks(rec Record) ([]Ranking, error) {
	return decodeRanks(s.cell(rec.ID, ".parquet"), rec.Ranks)
}

func (s *Store) read(path string) (Record, error) {
	var rec Record
	if err := unseal(path, &rec); err != nil {
		return Record{}, err
	}
	if a, _ := parseAttempt(filepath.Base(path)); a.id != rec.ID || rec.ID != rec.Identity.ID() {
		return Record{}, &Damaged{path, "it is the record of another cell: " + rec.Identity.ID()}
	}
	return rec, nil
}

// attempt is the name of a record's file, taken apart. The finished one has no number.
type attempt struct {
	name, id string
	failed   int
}

func parseAttempt(name string) (attempt, bool) {
	stem, ok := strings.CutSuffix(name, ".json")
	if !ok || strings.HasPrefix(name, tempPrefix) {
		return attempt{}, false
	}
	id, number, failed := strings.Cut(stem, ".failed-")
	if !failed {
		return attempt{name, stem, 0}, true
	}
	n, err := strconv.Atoi(number)
	return attempt{name, id, n}, err == nil && n > 0
}

// after tells whether a is what a reader wants to see rather than b: success wins, then the later failure.
func (a attempt) after(b attempt) bool {
	return b.name == "" || b.failed != 0 && (a.failed == 0 || a.failed > b.failed)
}
