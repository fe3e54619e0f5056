package movielens

import (
	"fmt"
	"io/fs"
	"strings"

	"llm4rec/data/internal/lines"
)

// rows calls fn with the fields of every line of a Latin-1 table. Errors of fn are given their place.
func rows(fsys fs.FS, name, sep string, count int, fn func(fields []string) error) error {
	return lines.Each(fsys, source, name, func(s *lines.Scanner, line []byte) error {
		if len(line) == 0 {
			return nil // u.genre and u.occupation end with one
		}
		text, err := lines.Latin1(line)
		if err != nil {
			return s.Errorf("%w", err)
		}
		fields := strings.Split(text, sep)
		if len(fields) != count {
			return s.Errorf("want %d fields, got %d", count, len(fields))
		}
		if err := fn(fields); err != nil {
			return s.Errorf("%w", err)
		}
		return nil
	})
}

// wholeNumber checks an id of a table.
func wholeNumber(id string) error {
	if _, ok := lines.Int([]byte(id)); !ok {
		return fmt.Errorf("the id %q is not a whole number", id)
	}
	return nil
}
