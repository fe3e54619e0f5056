package text

import (
	"bufio"
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"llm4rec/data"
	"llm4rec/llm/memory"
	"llm4rec/models"
)

// Source is a file with more text about items, which becomes a field of theirs. Its form is told by the name's end:
//
//	.csv, .tsv     a header, then a row an item; Key and Column name columns
//	.dat           a row an item, of parts between "::", as MovieLens has; Key and Column are numbers of parts, from 1
//	.json          an object of objects, whose names are the keys where Key is ""; Column is a name within
//	.sqlite, .db   a store of memories; Column is field or field@source, and the keys are raw ids
//
// A row belongs to the items that Match makes its key: a template over an item's fields and {id}, its raw id. Of several rows
// of one key the first counts.
type Source struct {
	Path   string   `json:"path" yaml:"path" jsonschema:"the file, in the working directory or a data folder"`
	Field  string   `json:"field" yaml:"field" jsonschema:"the name of the field that it becomes"`
	Column string   `json:"column" yaml:"column" jsonschema:"where the text stands"`
	Key    string   `json:"key,omitempty" yaml:"key,omitempty" jsonschema:"where the key stands; of JSON, empty: the object's name"`
	Match  Template `json:"match,omitempty" yaml:"match,omitempty" jsonschema:"the key of an item, as {id} or {title} ({year})"`
	Until  string   `json:"until,omitempty" yaml:"until,omitempty" jsonschema:"of a store of memories: a day, as 1998-04-23; what is known to be written later is not read"`
}

// extensions are the forms of files.
var extensions = []string{".csv", ".tsv", ".dat", ".json", ".sqlite", ".db"}

// Validate says what is wrong, without looking for the file.
func (s Source) Validate() error {
	switch {
	case s.Path == "":
		return errors.New("path: missing")
	case s.Field == "" || s.Column == "":
		return fmt.Errorf("%s: want field and column", s.Path)
	case !slices.Contains(extensions, path.Ext(s.Path)):
		return fmt.Errorf("%s: want a name that ends in one of %s", s.Path, strings.Join(extensions, ", "))
	case s.stored() && s.Key != "" && s.Key != "id":
		return fmt.Errorf("%s: key: a store of memories has id alone, got %q", s.Path, s.Key)
	case !s.stored() && s.Until != "":
		return fmt.Errorf("%s: until: only a store of memories says when a text was written", s.Path)
	case s.Key == "" && path.Ext(s.Path) != ".json" && !s.stored():
		return fmt.Errorf("%s: key: missing", s.Path)
	}
	if s.stored() {
		if _, err := memory.ParseColumn(s.Column); err != nil {
			return fmt.Errorf("%s: %w", s.Path, err)
		}
		if err := memory.CheckDay(s.Until); err != nil {
			return fmt.Errorf("%s: until: %w", s.Path, err)
		}
	}
	for _, part := range []string{s.Key, s.Column} {
		if n, err := strconv.Atoi(part); path.Ext(s.Path) == ".dat" && (err != nil || n < 1) {
			return fmt.Errorf("%s: a file of :: has parts with numbers from 1, got %q", s.Path, part)
		}
	}
	if err := s.match().Validate(); err != nil {
		return fmt.Errorf("%s: match: %w", s.Path, err)
	}
	return nil
}

// stored says whether it is a store of memories.
func (s Source) stored() bool { return path.Ext(s.Path) == ".sqlite" || path.Ext(s.Path) == ".db" }

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
	// The folders themselves are of this machine, and the error becomes a record's.
	return "", fmt.Errorf("%s is neither in the working directory nor in one of %d data folders: %w", s.Path, len(dirs), fs.ErrNotExist)
}

// Read reads the file at a place and makes it a field of items with the given fields and raw ids. Items without a row have "".
func (s Source) Read(place string, fields data.Fields, ids *data.Index) (data.Field, error) {
	if fields.Values(s.Field) != nil {
		return data.Field{}, fmt.Errorf("%s: the items have a field %q already", s.Path, s.Field)
	}
	rows, err := s.rows(place)
	if err != nil {
		return data.Field{}, err
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

// Identify writes what tells the content that Read would read from another: of a store of memories the texts themselves, as its
// file may change without them.
func (s Source) Identify(w io.Writer, place string) error {
	if !s.stored() {
		f, err := os.Open(place)
		if err != nil {
			return err
		}
		n, err := io.Copy(w, f)
		_ = f.Close() // it was read
		if err != nil {
			return fmt.Errorf("%s: %w", place, err)
		}
		_, err = fmt.Fprintf(w, " %d\n", n)
		return err
	}
	rows, err := s.rows(place)
	if err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(rows)) {
		if _, err := fmt.Fprintf(w, "%q %q\n", key, rows[key]); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(w, " %d texts\n", len(rows))
	return err
}

// rows are the texts by key.
func (s Source) rows(place string) (rows map[string]string, err error) {
	if s.stored() {
		return s.memories(place)
	}
	f, err := os.Open(place)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it is read, not written
	switch path.Ext(s.Path) {
	case ".json":
		rows, err = s.objects(f)
	case ".tsv":
		rows, err = s.table(f, '\t')
	case ".dat":
		rows, err = s.parts(f)
	default:
		rows, err = s.table(f, ',')
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", place, err)
	}
	return rows, nil
}

// memories reads a field of a store.
func (s Source) memories(place string) (rows map[string]string, err error) {
	column, err := memory.ParseColumn(s.Column)
	if err != nil {
		return nil, err
	}
	column.Until = s.Until
	ctx := context.Background() // a store is a local file, read at once
	store, err := memory.Open(ctx, place)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if rows, err = store.Field(ctx, column); err != nil || len(rows) > 0 {
		return rows, err
	}
	has, err := store.Fields(ctx)
	if err == nil {
		err = &models.Unavailable{
			Err:    fmt.Errorf("%s: nothing is known of the items' %s; fields: %q", s.Path, s.Column, has),
			Remedy: "what fills it was not at hand: see the sources of its memories",
		}
	}
	return nil, err
}

// parts reads a file without a header, whose rows have parts between "::". What is no UTF-8 is taken for Latin-1, as in
// MovieLens.
func (s Source) parts(r io.Reader) (map[string]string, error) {
	key, errKey := strconv.Atoi(s.Key)
	column, errColumn := strconv.Atoi(s.Column)
	if err := errors.Join(errKey, errColumn); err != nil {
		return nil, err
	}
	rows := map[string]string{}
	in := bufio.NewReader(r)
	for number := 1; ; number++ {
		line, err := in.ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if !utf8.ValidString(line) {
			if line, err = charmap.ISO8859_1.NewDecoder().String(line); err != nil {
				return nil, err
			}
		}
		last := !strings.HasSuffix(line, "\n")
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			parts := strings.Split(line, "::")
			if most := max(key, column); most > len(parts) {
				return nil, fmt.Errorf("line %d: want %d parts between ::, got %d", number, most, len(parts))
			}
			if _, twice := rows[parts[key-1]]; !twice {
				rows[parts[key-1]] = parts[column-1]
			}
		}
		if last {
			return rows, nil
		}
	}
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
