package results

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// MemoriesName is the store of memories that an experiment fills, in its directory.
const MemoriesName = "memories.sqlite"

// Augmented is what an experiment's store of memories was filled with, before any cell.
type Augmented struct {
	Version  int             `json:"version"`
	ID       string          `json:"id"`
	Identity AugmentIdentity `json:"identity"`
	Status   Status          `json:"status"` // unavailable: a model was not at hand, and the fields that it should have written are missing
	Error    string          `json:"error,omitempty"`

	Sources  []Gathered `json:"sources"`
	Excluded []string   `json:"excluded,omitempty"` // fields of the data set that say what became of items later
	Held     []Held     `json:"held,omitempty"`     // what the store holds, by field, source and licence
	Content  string     `json:"content_sha256"`     // of it
	Account  *Account   `json:"llm,omitempty"`      // of the models that wrote fields, together
	Earlier  int        `json:"earlier"`            // their answers that the store had from runs before this one, which the account is without

	Wall     float64     `json:"wall_sec"`
	CPU      float64     `json:"cpu_sec"`
	Env      Environment `json:"environment"`
	Started  time.Time   `json:"started"`
	Finished time.Time   `json:"finished"`
}

// AugmentIdentity is everything that determines what a store is filled with.
type AugmentIdentity struct {
	Dataset  string `json:"dataset"`
	Data     string `json:"data"`   // checksum of the content
	Params   string `json:"params"` // canonical JSON, defaults filled in
	Inputs   string `json:"inputs"` // checksum of the files that are read, of the prompts and of the model
	Revision int    `json:"revision"`
}

// ID names it.
func (i AugmentIdentity) ID() string { return hashed(i) }

// Held counts values of a store that have the same terms of use.
type Held struct {
	Field   string `json:"field"`
	Source  string `json:"source"`
	Licence string `json:"licence"` // as the source states it, or whoever named the file; empty: nobody does
	Values  int    `json:"values"`
}

// Gathered counts the items by what became of them at one source.
type Gathered struct {
	Source   string         `json:"source"`
	Outcomes map[string]int `json:"outcomes"`
	Unasked  map[string]int `json:"unasked,omitempty"` // by reason
}

// Summary is what became of the items, in words.
func (g Gathered) Summary() string {
	var parts []string
	for _, o := range slices.Sorted(maps.Keys(g.Outcomes)) {
		parts = append(parts, fmt.Sprintf("%d %s", g.Outcomes[o], o))
	}
	for _, why := range slices.Sorted(maps.Keys(g.Unasked)) {
		parts = append(parts, fmt.Sprintf("%d not asked (%s)", g.Unasked[why], why))
	}
	return strings.Join(parts, ", ")
}

func (s *Store) augmented(id string) string { return filepath.Join(s.dir, "augmented-"+id+".json") }

// PutAugmented stores what was done, in the place of what was done before for the same identity, and fills in version and id.
func (s *Store) PutAugmented(a Augmented) error {
	if err := s.writable(); err != nil {
		return err
	}
	a.Version, a.ID = Version, a.Identity.ID()
	content, err := seal(a)
	if err != nil {
		return fmt.Errorf("results: put %s: %w", a.ID, err)
	}
	return replace(s.augmented(a.ID), content)
}

// Augmented reads what was done for an identity, by its name. What is damaged counts as not there, as the store can be filled
// anew; a store open for writing sets it aside with a warning.
func (s *Store) Augmented(id string) (Augmented, bool, error) {
	var a Augmented
	err := unseal(s.augmented(id), &a)
	damaged := (*Damaged)(nil)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return a, false, nil
	case errors.As(err, &damaged) && s.lock != nil:
		return a, false, s.setAside(err, s.augmented(id))
	}
	return a, err == nil, err
}

// SetAside renames files of the directory that are of no use, keeps them for people to look at, and warns.
func (s *Store) SetAside(cause error, names ...string) error {
	if err := s.writable(); err != nil {
		return err
	}
	var paths []string
	for _, name := range names {
		for _, end := range []string{"", "-wal", "-shm"} {
			paths = append(paths, filepath.Join(s.dir, name+end))
		}
	}
	return s.setAside(cause, paths...)
}

// AllAugmented reads what was done for all identities.
func (s *Store) AllAugmented() ([]Augmented, error) {
	paths, err := filepath.Glob(s.augmented("*"))
	if err != nil {
		return nil, fmt.Errorf("results: %w", err)
	}
	var out []Augmented
	for _, path := range paths {
		a, has, err := s.Augmented(strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), "augmented-"), ".json"))
		if err != nil {
			return nil, err
		}
		if has {
			out = append(out, a)
		}
	}
	return out, nil
}
