package movielens

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"llm4rec/data"
	"llm4rec/data/internal/lines"
)

// LoadCSV reads ratings.csv and movies.csv of the layout that 20M, 25M, 32M and the latest sets share.
func LoadCSV(fsys fs.FS) (*data.Dataset, error) {
	b, err := ratings(fsys, "ratings.csv", ",", "userId,movieId,rating,timestamp", 26)
	if err != nil {
		return nil, err
	}
	b.SetItemFields(itemFields[:]...)
	if err := movies(fsys, b); err != nil {
		return nil, err
	}
	return b.Build("movielens")
}

// movies reads movies.csv, where a title that holds a comma is quoted.
func movies(fsys fs.FS, b *data.Builder) error {
	const name = "movies.csv"
	f, err := fsys.Open(name)
	if err != nil {
		return fmt.Errorf("%s: %w", source, err)
	}
	defer f.Close() // read only: nothing can be lost
	r := csv.NewReader(f)
	r.FieldsPerRecord = -1 // counted here, with a message in one form
	header := []string{"movieId", "title", "genres"}
	for first := true; ; first = false {
		record, err := r.Read()
		if err == io.EOF {
			if first {
				return fmt.Errorf("%s: %s: the file is empty", source, name)
			}
			return nil
		}
		if bad := (*csv.ParseError)(nil); errors.As(err, &bad) {
			return fmt.Errorf("%s: %s:%d: %w", source, name, bad.Line, bad.Err)
		}
		if err != nil {
			return fmt.Errorf("%s: %s: %w", source, name, err)
		}
		line, _ := r.FieldPos(0)
		if first {
			record[0] = strings.TrimPrefix(record[0], "\ufeff")
			if !slices.Equal(record, header) {
				return fmt.Errorf("%s: %s:%d: want the header %q, got %q", source, name, line, strings.Join(header, ","), strings.Join(record, ","))
			}
			continue
		}
		if err := addMovie(b, record); err != nil {
			return fmt.Errorf("%s: %s:%d: %w", source, name, line, err)
		}
	}
}

func addMovie(b *data.Builder, record []string) error {
	if len(record) != 3 {
		return fmt.Errorf("want 3 fields, got %d", len(record))
	}
	if err := wholeNumber(record[0]); err != nil {
		return err
	}
	for _, v := range record {
		if _, err := lines.UTF8([]byte(v)); err != nil {
			return err
		}
	}
	title, year := splitTitle(record[1])
	return b.AddItem(record[0], title, year, genres(record[2]))
}
