package text

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"llm4rec/data"
)

// Source is a file with more text about items, which becomes a field of theirs. Its form is told by the name's end:
//
//	.csv, .tsv   a header, then a row an item; Key and Column name columns
//	.json        an object of objects, whose names are the keys where Key is ""; Column is a name within
//
// A row belongs to the items that Match makes its key: a template over an item's fields and {id}, its raw id. Of several rows
// of one key the first counts.
type Source struct {
	Path   string   `json:"path" yaml:"path" jsonschema:"the file, in the working directory or a data folder"`
	Field  string   `json:"field" yaml:"field" jsonschema:"the name of the field that it becomes"`
	Column string   `json:"column" yaml:"column" jsonschema:"where the text stands"`
	Key    string   `json:"key,omitempty" yaml:"key,omitempty" jsonschema:"where the key stands; of JSON, empty: the object's name"`
	Match  Template `json:"match,omitempty" yaml:"match,omitempty" jsonschema:"the key of an item, as {id} or {title} ({year})"`
}

// Validate says what is wrong, without looking for the file.
func (s Source) Validate() error {
	switch {
	case s.Path == "":
		return errors.New("path: missing")
	case s.Field == "" || s.Column == "":
		return fmt.Errorf("%s: want field and column", s.Path)
	case !slices.Contains([]string{".csv", ".tsv", ".json"}, path.Ext(s.Path)):
		return fmt.Errorf("%s: want a name that ends in .csv, .tsv or .json", s.Path)
	case s.Key == "" && path.Ext(s.Path) != ".json":
		return fmt.Errorf("%s: key: missing", s.Path)
	}
	if err := s.match().Validate(); err != nil {
		return fmt.Errorf("%s: match: %w", s.Path, err)
	}
	return nil
}

func (s Source) match() Template {
	if s.Match == "" {
		return "{id}"
	}
	return s.Match
}

// Find is where the file lies: in the working directory, or below the first of the folders that has it.
func (s Source) Find(dirs []string) (string, error) {
	places := []string{filepath.FromSlash(s.Path)}
	if !filepath.IsAbs(places[0]) {
		for _, dir := range dirs {
			places = append(places, filepath.Join(dir, places[0]))
		}
	}
	for _, p := range places {
		if _, err := os.Stat(p); !errors.Is(err, fs.ErrNotExist) {
			return p, err
		}
	}
	return "", fmt.Errorf("%s is neither in the working directory nor in a data folder %q: %w", s.Path, dirs, fs.ErrNotExist)
}

// Read reads the file at a place and makes it a field of items with the given fields and raw ids. Items without a row have "".
func (s Source) Read(place string, fields data.Fields, ids *data.Index) (data.Field, error) {
	if fields.Values(s.Field) != nil {
		return data.Field{}, fmt.Errorf("%s: the items have a field %q already", s.Path, s.Field)
	}
	f, err := os.Open(place)
	if err != nil {
		return data.Field{}, err
	}
	defer func() { _ = f.Close() }() // it is read, not written
	var rows map[string]string
	switch path.Ext(s.Path) {
	case ".json":
		rows, err = s.objects(f)
	case ".tsv":
		rows, err = s.table(f, '\t')
	default:
		rows, err = s.table(f, ',')
	}
	if err != nil {
		return data.Field{}, fmt.Errorf("%s: %w", place, err)
	}
	raw := data.Field{Name: "id", Kind: data.Token, Values: make([]string, ids.Len())}
	for n := range raw.Values {
		raw.Values[n] = ids.Raw(int32(n))
	}
	keys, err := s.match().Render(append(data.Fields{raw}, fields...), ids.Len())
	if err != nil {
		return data.Field{}, fmt.Errorf("%s: match: %w", s.Path, err)
	}
	out := data.Field{Name: s.Field, Kind: data.TokenSeq, Values: make([]string, ids.Len())}
	found := 0
	for n, key := range keys {
		if text, ok := rows[key]; ok {
			out.Values[n] = text
			found++
		}
	}
	if found == 0 {
		return out, fmt.Errorf("%s: none of its %d rows belongs to an item: the key of the first item is %q", place, len(rows), keys[0])
	}
	return out, nil
}

// objects reads an object of objects in the order of the file.
func (s Source) objects(r io.Reader) (map[string]string, error) {
	in := json.NewDecoder(r)
	in.UseNumber() // 1000000 is no 1e+06
	if open, err := in.Token(); err != nil || open != json.Delim('{') {
		return nil, cmp.Or(err, errors.New("want an object of objects"))
	}
	rows := map[string]string{}
	for in.More() {
		name, err := in.Token()
		if err != nil {
			return nil, err
		}
		var object map[string]any
		if err := in.Decode(&object); err != nil {
			return nil, fmt.Errorf("%q: %w", name, err)
		}
		key, has := name, true
		if s.Key != "" {
			key, has = object[s.Key]
		}
		if _, twice := rows[fmt.Sprint(key)]; !has || key == nil || twice {
			continue
		}
		switch v := object[s.Column].(type) {
		case nil:
		case string:
			rows[fmt.Sprint(key)] = v
		default:
			return nil, fmt.Errorf("%q of %q: want text, got %v", s.Column, name, v)
		}
	}
	_, err := in.Token() // the end
	return rows, err
}

func (s Source) table(r io.Reader, comma rune) (map[string]string, error) {
	in := csv.NewReader(transform.NewReader(r, unicode.BOMOverride(transform.Nop)))
	in.Comma, in.LazyQuotes = comma, comma == '\t' // in a table of tabs a quote is a quote
	header, err := in.Read()
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	at := func(column string) (int, error) {
		n := slices.Index(header, column)
		if n < 0 {
			return 0, fmt.Errorf("no column %q; there are: %s", column, strings.Join(header, ", "))
		}
		return n, nil
	}
	key, err := at(s.Key)
	if err != nil {
		return nil, err
	}
	column, err := at(s.Column)
	if err != nil {
		return nil, err
	}
	rows := map[string]string{}
	for {
		row, err := in.Read() // its errors name the line
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		if _, twice := rows[row[key]]; !twice {
			rows[row[key]] = row[column]
		}
	}
}
