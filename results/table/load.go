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
	if isExperiment(dir) {
		e, err := loadOne(dir, metrics)
		return []Experiment{e}, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("table: load: %w", err)
	}
	var out []Experiment
	for _, entry := range entries {
		if sub := filepath.Join(dir, entry.Name()); isExperiment(sub) {
			e, err := loadOne(sub, metrics)
			if err != nil {
				return nil, err
			}
			out = append(out, e)
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

func loadOne(dir string, names []string) (Experiment, error) {
	s, err := results.OpenRead(dir)
	if err != nil {
		return Experiment{}, err
	}
	m, err := s.Manifest()
	if err != nil {
		return Experiment{}, err
	}
	if len(names) == 0 {
		names = m.Metrics
	}
	metrics, err := eval.ParseAll(names)
	if err != nil {
		return Experiment{}, fmt.Errorf("table: %s: %w", filepath.Join(dir, results.ManifestName), err)
	}
	if len(metrics) == 0 {
		return Experiment{}, fmt.Errorf("table: %s: no metrics", filepath.Join(dir, results.ManifestName))
	}
	l := loader{store: s, e: Experiment{Name: m.Experiment, Baseline: m.Baseline, Metrics: metrics}, catalogues: map[string]*eval.Catalogue{}}
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
			l.cell(c)
		}
	}
	old := 0
	for id := range l.records {
		if !seen[id] {
			old++
		}
	}
	if old > 0 {
		l.warn("records of earlier plans, not shown: %d", old)
	}
	for _, id := range slices.Sorted(maps.Keys(l.damaged)) {
		if !seen[id] {
			l.warn("%v", l.damaged[id])
		}
	}
	l.e.finish()
	return l.e, nil
}

// loader puts the records of one store in their rows.
type loader struct {
	store      *results.Store
	e          Experiment
	records    map[string]results.Record
	damaged    map[string]error
	catalogues map[string]*eval.Catalogue
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
	if err := l.measure(row, t.reference(), rec); err != nil {
		row.miss(c, Broken, err.Error())
	}
}

func (l *loader) measure(row, ref *Row, rec results.Record) error {
	ranks, err := l.store.Ranks(rec)
	if err != nil {
		return err
	}
	c, err := l.catalogue(rec.Split)
	if err != nil {
		return err
	}
	return row.add(rec, ranks, c, ref)
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
