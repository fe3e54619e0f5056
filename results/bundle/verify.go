package bundle

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"llm4rec/results"
)

// Difference is one thing in a bundle that is not as it was published, or that does not follow from its records.
type Difference struct {
	File  string
	Place string // a line, a metric, a user; empty: the whole file
	What  string

	foreign bool // no file of the bundle's
}

func (d Difference) String() string {
	if d.Place == "" {
		return d.File + ": " + d.What
	}
	return d.File + ": " + d.Place + ": " + d.What
}

// Report is the outcome of verifying a bundle. Without differences it holds.
type Report struct {
	Sum         string // that names the bundle; empty if it has no list of sums
	Files       int
	Cells       int // finished, whose ranks were measured again
	Metrics     int // values in records that were compared with them
	Lines       int // of the files that were made again
	Differences []Difference
}

func (r *Report) add(file, place, format string, args ...any) {
	r.Differences = append(r.Differences, Difference{File: file, Place: place, What: fmt.Sprintf(format, args...)})
}

// Verify checks a bundle: the checksum of every file; that none is missing and none too many; the seals of records; every
// metric in a record against the ranks; net energy against what counters counted; the specification, the description of the
// systems and every character of the tables against what the records give; and that nothing in it is private, or must not be
// published. It reports every difference that it finds. The error is of a folder that cannot be read.
func Verify(dir string) (Report, error) { return verify(context.Background(), dir) }

// verify is [Verify] for as long as the context lasts.
func verify(ctx context.Context, dir string) (Report, error) {
	found, differences, err := checkSums(dir)
	if err != nil {
		return Report{}, err
	}
	r := Report{Files: len(found), Differences: differences}
	if r.Sum, err = Sum(dir); err != nil && !errors.Is(err, os.ErrNotExist) {
		return r, err
	}
	r.step("the records", func() { r.content(ctx, dir, found) })
	for _, name := range slices.Sorted(maps.Keys(found)) {
		r.step(name, func() {
			leaks, err := scan(dir, name, Private{})
			if err != nil {
				r.add(name, "", "%v", err)
			}
			for _, l := range leaks {
				r.add(l.File, l.place(), "%s", l.What)
			}
		})
	}
	return r, ctx.Err()
}

// step keeps a hostile file from ending the program: decoders of binary forms, and what trusts them, may panic.
func (r *Report) step(of string, check func()) {
	defer func() {
		if p := recover(); p != nil {
			r.add(of, "", "cannot be read: %v", p)
		}
	}()
	check()
}

func (r *Report) content(ctx context.Context, dir string, found map[string]string) {
	c, errs := read(dir)
	for _, err := range errs {
		r.unreadable(dir, err)
	}
	if c == nil {
		return
	}
	withheld, err := readWithheld(dir)
	if err != nil {
		r.add(WithheldName, "", "%v", err)
	}
	expected, err := chosen(dir)
	if err != nil {
		r.add(CassettesDir, "", "%v", err)
	}
	expected = slices.Concat(expected, c.files, []string{SpecName, SystemName, TableJSON, TableName})
	if withheld != nil {
		expected = append(expected, WithheldName)
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if !slices.Contains(expected, name) {
			r.add(name, "", "no file of this plan")
		}
	}
	for _, name := range expected {
		if found[name] == "" {
			r.add(name, "", "the file is missing")
		}
	}
	sound := true
	for _, rec := range c.records {
		if ctx.Err() != nil {
			return
		}
		sound = r.record(c, rec) && sound
	}
	r.plan(c, withheld)
	if !sound {
		r.add(TableJSON, "", "not compared, as there are ranks that have no metrics")
		return
	}
	again, err := c.derived()
	if err != nil {
		r.unreadable(dir, err)
	}
	for _, name := range slices.Sorted(maps.Keys(again)) {
		if found[name] != "" {
			r.same(dir, name, again[name])
		}
	}
}

// unreadable reports an error with the file that it is of.
func (r *Report) unreadable(dir string, err error) {
	var damaged *results.Damaged
	if !errors.As(err, &damaged) {
		r.add(results.ManifestName, "", "%v", err)
		return
	}
	name, relErr := filepath.Rel(dir, damaged.Path)
	if relErr != nil {
		name = damaged.Path
	}
	r.add(filepath.ToSlash(name), "", "damaged: %s", damaged.Why)
}

// same compares a file with what it should be, line by line.
func (r *Report) same(dir, name string, want []byte) {
	got, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		r.add(name, "", "%v", err)
		return
	}
	a, b := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	r.Lines += len(b) - 1
	for n := range min(len(a), len(b)) {
		if a[n] != b[n] {
			r.add(name, fmt.Sprintf("line %d", n+1), "%q, and the records give %q", a[n], b[n])
		}
	}
	if len(a) != len(b) {
		r.add(name, "", "%d lines, and the records give %d", len(a), len(b))
	}
}

// plan compares what the manifest says of cells with their records.
func (r *Report) plan(c *content, withheld []Withheld) {
	for _, rec := range c.records {
		place := "cell " + rec.ID
		for _, cell := range c.manifest.Cells {
			i := rec.Identity
			if cell.ID == rec.ID && (cell.Dataset != i.Dataset || cell.Protocol != i.Label || cell.System != i.System || cell.Seed != i.Seed) {
				r.add(results.ManifestName, place, "it says %s, %s, %s, seed %d, and the record %s, %s, %s, seed %d", cell.Dataset, cell.Protocol, cell.System, cell.Seed, i.Dataset, i.Label, i.System, i.Seed)
			}
		}
		if rec.Experiment != c.manifest.Experiment {
			r.add(results.ManifestName, place, "experiment %q, and the record's is %q", c.manifest.Experiment, rec.Experiment)
		}
		for _, why := range unpublishable(rec) {
			r.add("cells/"+rec.ID+".json", "", "must not be published: %s", why)
		}
	}
	trials := map[[2]string]int{}
	for _, cell := range c.manifest.Cells {
		row := [2]string{cell.Protocol, cell.System}
		if n, ok := trials[row]; ok && n != cell.Trials {
			r.add(results.ManifestName, "cell "+cell.ID, "%d trials, and %d of another seed", cell.Trials, n)
		}
		trials[row] = cell.Trials
	}
	for _, w := range withheld {
		if slices.ContainsFunc(c.manifest.Cells, func(cell results.Cell) bool { return cell.ID == w.ID }) {
			r.add(WithheldName, "cell "+w.ID, "it is in the plan all the same")
		}
	}
}
