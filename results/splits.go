package results

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

// splitRecord is what is stored beside the Parquet file of a catalogue.
type splitRecord struct {
	Version int    `json:"version"`
	Split   string `json:"split"`
	Users   int    `json:"users"`
	Items   string `json:"items_sha256"`
}

func (s *Store) split(sum, end string) string { return filepath.Join(s.dir, splitsDir, sum+end) }

// PutCatalogue stores the catalogue of a split, once. Another catalogue for the same split is an error.
func (s *Store) PutCatalogue(split string, c Catalogue) error {
	if err := s.writable(); err != nil {
		return err
	}
	content, err := encode(c.Items)
	if err != nil {
		return fmt.Errorf("results: put catalogue of split %s: %w", short(split), err)
	}
	rec := splitRecord{Version, split, c.Users, checksum(content)}

	old, err := s.readSplit(split)
	var damaged *Damaged
	switch {
	case err == nil && old == rec:
		if _, err = verify(s.split(split, ".parquet"), rec.Items); err == nil {
			return nil
		}
		if !errors.As(err, &damaged) {
			return err
		}
	case err == nil:
		return fmt.Errorf("results: put catalogue: split %s has another catalogue in %s", short(split), s.dir)
	case !errors.Is(err, fs.ErrNotExist) && !errors.As(err, &damaged):
		return err
	}
	// Nothing is there, or what is there is damaged and this is what it was.
	if err := replace(s.split(split, ".parquet"), content); err != nil {
		return err
	}
	if content, err = seal(rec); err != nil {
		return fmt.Errorf("results: put catalogue: %w", err)
	}
	return replace(s.split(split, ".json"), content)
}

// Catalogue returns the catalogue of a split.
func (s *Store) Catalogue(split string) (Catalogue, error) {
	rec, err := s.readSplit(split)
	if err != nil {
		return Catalogue{}, err
	}
	items, err := decode[Item](s.split(split, ".parquet"), rec.Items)
	return Catalogue{items, rec.Users}, err
}

func (s *Store) readSplit(split string) (splitRecord, error) {
	path := s.split(split, ".json")
	var rec splitRecord
	if err := unseal(path, &rec); errors.Is(err, fs.ErrNotExist) {
		return rec, fmt.Errorf("results: no catalogue of split %s: %w", short(split), err)
	} else if err != nil {
		return rec, err
	}
	if rec.Split != split {
		return rec, &Damaged{path, "it describes another split: " + rec.Split}
	}
	return rec, nil
}
