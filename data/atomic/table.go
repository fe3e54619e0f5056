package atomic

import (
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strings"

	"llm4rec/data"
	"llm4rec/data/internal/lines"
)

type column struct {
	name string
	kind data.Kind
}

// table is one file being read: its header and the current row.
type table struct {
	columns []column
	row     [][]byte
}

// readTable reads a file with a typed header, checks every value against its type, and calls fn with each row. The
// required columns must be there with these types. Errors of fn are given their place.
func readTable(fsys fs.FS, name string, required []column, fn func(t *table) error) error {
	t := &table{}
	return lines.Each(fsys, source, name, func(s *lines.Scanner, line []byte) error {
		t.row = lines.Split(t.row[:0], line, "\t")
		var err error
		if s.Line() == 1 {
			err = t.header(required)
		} else if err = t.check(); err == nil {
			for _, c := range required {
				if len(t.value(c.name)) == 0 {
					return s.Errorf("%s is empty", c.name)
				}
			}
			err = fn(t)
		}
		if err != nil {
			return s.Errorf("%w", err)
		}
		return nil
	})
}

// header reads the names and types of the columns from the first row.
func (t *table) header(required []column) error {
	for _, field := range t.row {
		name, kind, ok := strings.Cut(string(field), ":")
		if !ok || name == "" {
			return fmt.Errorf("the header has %q, want name:type", field)
		}
		switch data.Kind(kind) {
		case data.Token, data.TokenSeq, data.Float, data.FloatSeq:
		default:
			return fmt.Errorf("column %s has the unknown type %q, want token, token_seq, float or float_seq", name, kind)
		}
		for _, c := range t.columns {
			if standard(c.name) == standard(name) {
				return fmt.Errorf("column %s appears twice in the header", name)
			}
		}
		if _, err := lines.UTF8(field); err != nil {
			return err
		}
		t.columns = append(t.columns, column{name, data.Kind(kind)})
	}
	for _, c := range required {
		n := t.find(c.name)
		if n < 0 {
			return fmt.Errorf("the header lacks %s:%s", c.name, c.kind)
		}
		if t.columns[n].kind != c.kind {
			return fmt.Errorf("column %s has the type %s, want %s", c.name, t.columns[n].kind, c.kind)
		}
	}
	return nil
}

// check checks every value of the row against the type of its column.
func (t *table) check() error {
	if len(t.row) != len(t.columns) {
		return fmt.Errorf("want %d fields, got %d", len(t.columns), len(t.row))
	}
	for n, c := range t.columns {
		if _, err := lines.UTF8(t.row[n]); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		if len(t.row[n]) == 0 {
			continue // a missing value, in RecBole's files too
		}
		numbers := [][]byte{t.row[n]}
		switch c.kind {
		case data.Float:
		case data.FloatSeq:
			numbers = lines.Words(nil, t.row[n])
		default:
			continue
		}
		for _, v := range numbers {
			if _, ok := lines.Float(v); !ok {
				return fmt.Errorf("%s: %q is not a finite number", c.name, v)
			}
		}
	}
	return nil
}

func (t *table) find(name string) int {
	return slices.IndexFunc(t.columns, func(c column) bool { return c.name == name })
}

func (t *table) has(name string) bool { return t.find(name) >= 0 }

// value is the current row's value of a column that must be there.
func (t *table) value(name string) []byte { return t.row[t.find(name)] }

func (t *table) rating(name string) (float32, error) {
	v, ok := lines.Rating(t.value(name))
	if !ok {
		return 0, fmt.Errorf("%s: %q is not a finite number", name, t.value(name))
	}
	return v, nil
}

// seconds reads a time, which RecBole writes as a float, and says whether a fraction was cut.
func (t *table) seconds(name string) (time int64, cut bool, err error) {
	if time, ok := lines.Int(t.value(name)); ok {
		return time, false, nil
	}
	v, ok := lines.Float(t.value(name))
	if !ok || math.Abs(v) >= 1<<62 {
		return 0, false, fmt.Errorf("%s: %q is not a time in seconds", name, t.value(name))
	}
	return int64(math.Floor(v)), v != math.Floor(v), nil
}
