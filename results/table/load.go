package table

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"llm4rec/eval"
	"llm4rec/results"
)

// Load reads the experiment in a directory, or those in the folders of it. The metrics are those given, or else those of
// each experiment's plan.
func Load(dir string, metrics ...string) ([]Experiment, error) {
	dirs, err := Folders(dir)
	if err != nil {
		return nil, err
	}
	var out []Experiment
	for _, sub := range dirs {
		l, err := newLoader(sub, metrics)
		if err != nil {
			return nil, err
		}
		l.all()
		out = append(out, l.e)
	}
	return out, nil
}

// Folders are the directory, if it is an experiment's, or else those of its folders that are.
func Folders(dir string) ([]string, error) {
	if isExperiment(dir) {
		return []string{dir}, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("table: load: %w", err)
	}
	var out []string
	for _, entry := range entries {
		if sub := filepath.Join(dir, entry.Name()); isExperiment(sub) {
			out = append(out, sub)
		}
	}
	if out == nil {
		return nil, fmt.Errorf("table: load: no results in %s: neither it nor a folder of it has a %s", dir, results.ManifestName)
	}
	return out, nil
}

func isExperiment(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, results.ManifestName))
	return err == nil
}

func newLoader(dir string, names []string) (*loader, error) {
	s, err := results.OpenRead(dir)
	if err != nil {
		return nil, err
	}
	m, err := s.Manifest()
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		names = m.Metrics
	}
	metrics, err := eval.ParseAll(names)
	if err != nil {
		return nil, fmt.Errorf("table: %s: %w", filepath.Join(dir, results.ManifestName), err)
	}
	if len(metrics) == 0 {
		return nil, fmt.Errorf("table: %s: no metrics", filepath.Join(dir, results.ManifestName))
	}
	l := &loader{store: s, e: Experiment{Name: m.Experiment, Baseline: m.Baseline, Spec: m.Spec, Metrics: metrics, store: s}, catalogues: map[string]*eval.Catalogue{}}
	l.index()
	if m.Augmented != "" {
		a, has, err := s.Augmented(m.Augmented)
		if err != nil {
			l.warn("%v", err)
		} else if has {
			l.e.Augmented = &a
		}
	}
	seen := map[string]bool{}
	for _, c := range m.Cells {
		if !seen[c.ID] { // an unseeded system is one cell under all seeds
			seen[c.ID] = true
			l.cells = append(l.cells, c)
		}
	}
	l.strangers(seen)
	return l, nil
}

// strangers warns of records that the plan has no cell for.
func (l *loader) strangers(planned map[string]bool) {
	old := 0
	for id := range l.records {
		if !planned[id] {
			old++
		}
	}
	if old > 0 {
		l.warn("records of earlier plans, not shown: %d", old)
	}
	for _, id := range slices.Sorted(maps.Keys(l.damaged)) {
		if !planned[id] {
			l.warn("%v", l.damaged[id])
		}
	}
}

// all reads every cell.
func (l *loader) all() {
	for _, c := range l.cells {
		l.cell(c)
	}
	l.e.finish()
}

// loader puts the records of one store in their rows.
type loader struct {
	store      *results.Store
	e          Experiment
	cells      []results.Cell // planned, in order
	records    map[string]results.Record
	damaged    map[string]error
	catalogues map[string]*eval.Catalogue
	ahead      map[string]chan reading // by cell; nil where each is read when it is asked for
}

func (l *loader) warn(format string, args ...any) {
	l.e.Warnings = append(l.e.Warnings, fmt.Sprintf(format, args...))
}

func (l *loader) index() {
	recs, errs := l.store.Records()
	l.records, l.damaged = map[string]results.Record{}, map[string]error{}
	for _, r := range recs {
		l.records[r.ID] = r
	}
	for _, err := range errs {
		var d *results.Damaged
		if errors.As(err, &d) {
			l.damaged[d.Cell()] = err
		} else {
			l.warn("%v", err)
		}
	}
}

// cell adds one planned cell to its row: its values, or why there are none.
func (l *loader) cell(c results.Cell) {
	t := l.e.table(c.Dataset, c.Protocol)
	var row *Row
	switch {
	case c.Explains:
		row = t.beside(&t.Explained, l.e.Name, c.System)
	case c.Talks:
		row = t.beside(&t.Talked, l.e.Name, c.System)
	default:
		row = t.row(l.e.Name, c.System, l.e.Metrics)
	}
	row.Trials = c.Trials
	rec, ok := l.records[c.ID]
	if !ok {
		if err := l.damaged[c.ID]; err != nil {
			row.miss(c, Broken, err.Error())
		} else {
			row.miss(c, NotRun, "")
		}
		return
	}
	if rec.Status != results.OK {
		row.miss(c, Status(rec.Status), rec.Error)
		return
	}
	if c.Explains || c.Talks {
		talks, err := l.store.Talks(rec)
		if err != nil {
			row.miss(c, Broken, err.Error())
			return
		}
		row.Records, row.Talks = append(row.Records, rec), append(row.Talks, talks...)
		return
	}
	if ref := t.reference(); ref != nil {
		if d := differences(ref.Records[0], rec); d != "" {
			row.miss(c, Broken, "not comparable with "+ref.System+": "+d)
			return
		}
	}
	if err := l.measure(t, row, rec); err != nil {
		row.miss(c, Broken, err.Error())
	}
}

func (l *loader) measure(t *Table, row *Row, rec results.Record) error {
	ranks, err := l.ranks(rec)
	if err != nil {
		return err
	}
	c, err := l.catalogue(rec.Split)
	if err != nil {
		return err
	}
	ref := t.reference()
	if err := row.add(rec, ranks, c, ref); err != nil {
		return err
	}
	if ref == nil {
		t.describe(ranks, c)
	}
	return nil
}

// ranks are those of a cell, read ahead where they were.
func (l *loader) ranks(rec results.Record) ([]results.Ranking, error) {
	if ahead := l.ahead[rec.ID]; ahead != nil {
		x := <-ahead
		delete(l.ahead, rec.ID)
		return x.ranks, x.err
	}
	return l.store.Ranks(rec)
}

func (l *loader) catalogue(split string) (*eval.Catalogue, error) {
	if c := l.catalogues[split]; c != nil {
		return c, nil
	}
	stored, err := l.store.Catalogue(split)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("table: %w", err)
	}
	if err != nil {
		return nil, err
	}
	popularity := make([]int64, len(stored.Items))
	for i, item := range stored.Items {
		popularity[i] = item.Train
	}
	c := eval.NewCatalogue(popularity, stored.Users)
	l.catalogues[split] = c
	return c, nil
}
