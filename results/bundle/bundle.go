// Package bundle publishes the results of an experiment as a folder that others can check, and checks such folders.
//
//	SHA256SUMS         of every other file, as sha256sum writes it; its own sum names the bundle
//	manifest.json      the store's, without rows that were withheld
//	cells/, splits/    the store's files of the plan's cells, unchanged
//	augmented-ID.json  the store's
//	spec.yaml          the resolved specification
//	table.json, .md    the tables, made from the above
//	system.json        the machines that the cells ran on, in MLPerf's fields
//	withheld.json      rows that were left out because they must not be published, where there are some
//	cassettes/         recordings of language models, by choice
//	memories.sqlite    the store of memories, by choice
//
// A bundle is a store: whatever reads results reads it. What follows from other files is made again to verify it, so
// nothing but the ranks, the records around them and the plan has to be believed.
package bundle

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"llm4rec/results"
)

// Files of a bundle that a store has not.
const (
	SumsName     = "SHA256SUMS"
	SpecName     = "spec.yaml"
	SystemName   = "system.json"
	TableJSON    = "table.json"
	TableName    = "table.md"
	WithheldName = "withheld.json"
	CassettesDir = "cassettes"
)

// content is what of a folder of results belongs to its plan.
type content struct {
	dir      string
	store    *results.Store
	manifest results.Manifest
	records  []results.Record // of the cells that have one, in the order of the plan
	files    []string         // with slashes, relative to the folder
}

var hexName = regexp.MustCompile(`^[0-9a-f]{8,64}$`)

// read reads the plan of a folder and the records of its cells. What cannot be trusted is an error each, and left out.
func read(dir string) (*content, []error) {
	s, err := results.OpenRead(dir)
	if err != nil {
		return nil, []error{err}
	}
	c := &content{dir: dir, store: s, files: []string{results.ManifestName}}
	if c.manifest, err = s.Manifest(); err != nil {
		return nil, []error{err}
	}
	recs, errs := s.Records()
	seen := map[string]bool{}
	for _, cell := range c.manifest.Cells {
		if seen[cell.ID] { // an unseeded system is one cell under all seeds
			continue
		}
		seen[cell.ID] = true
		if !hexName.MatchString(cell.ID) {
			errs = append(errs, fmt.Errorf("bundle: %s: %q is not the name of a cell", results.ManifestName, cell.ID))
			continue
		}
		n := slices.IndexFunc(recs, func(r results.Record) bool { return r.ID == cell.ID })
		if n < 0 {
			continue // not run
		}
		if err := c.add(recs[n]); err != nil {
			errs = append(errs, err)
		}
	}
	if id := c.manifest.Augmented; id != "" {
		if !hexName.MatchString(id) {
			return c, append(errs, fmt.Errorf("bundle: %s: %q is not the name of a store of memories", results.ManifestName, id))
		}
		if _, has, err := s.Augmented(id); err != nil {
			errs = append(errs, err)
		} else if has {
			c.files = append(c.files, "augmented-"+id+".json")
		}
	}
	return c, errs
}

// add takes a record with its files.
func (c *content) add(rec results.Record) error {
	if rec.Status != results.OK {
		name, err := latestAttempt(c.dir, rec.ID)
		if err != nil {
			return err
		}
		c.records, c.files = append(c.records, rec), append(c.files, name)
		return nil
	}
	if _, ok, err := c.store.Done(rec.ID); err != nil || !ok {
		return cmp.Or(err, fmt.Errorf("bundle: cell %s is not finished", rec.ID))
	}
	if !hexName.MatchString(rec.Split) {
		return fmt.Errorf("bundle: cell %s: %q is not the name of a split", rec.ID, rec.Split)
	}
	if _, err := c.store.Catalogue(rec.Split); err != nil {
		return err
	}
	c.records = append(c.records, rec)
	for _, end := range append(rec.Beside(), ".json") {
		c.files = append(c.files, "cells/"+rec.ID+end)
	}
	for _, end := range []string{".json", ".parquet"} {
		if name := "splits/" + rec.Split + end; !slices.Contains(c.files, name) {
			c.files = append(c.files, name)
		}
	}
	return nil
}

// latestAttempt is the file of the record that [results.Store.Records] returns of a cell that never finished.
func latestAttempt(dir, id string) (string, error) {
	entries, err := os.ReadDir(filepath.Join(dir, "cells"))
	if err != nil {
		return "", fmt.Errorf("bundle: %w", err)
	}
	last, name := 0, ""
	for _, e := range entries {
		number, ok := strings.CutPrefix(strings.TrimSuffix(e.Name(), ".json"), id+".failed-")
		if n, err := strconv.Atoi(number); ok && err == nil && n > last {
			last, name = n, "cells/"+e.Name()
		}
	}
	if name == "" {
		return "", fmt.Errorf("bundle: no record of a failed attempt of cell %s", id)
	}
	return name, nil
}

// chosen lists the files that are in a bundle by choice.
func chosen(dir string) ([]string, error) {
	var out []string
	if _, err := os.Lstat(filepath.Join(dir, results.MemoriesName)); err == nil {
		out = append(out, results.MemoriesName)
	}
	entries, err := os.ReadDir(filepath.Join(dir, CassettesDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	for _, e := range entries {
		out = append(out, CassettesDir+"/"+e.Name())
	}
	return out, nil
}
