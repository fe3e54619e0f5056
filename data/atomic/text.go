package atomic

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"llm4rec/data"
	"llm4rec/data/internal/lines"
)

// readText reads NAME.user and NAME.item where they exist. Without a NAME.item, a NAME.text holds the items, under names
// that itemIndex, unless nil, maps to the ids of the interactions.
func readText(fsys fs.FS, name string, b *data.Builder, itemIndex map[string]string) error {
	if err := readTextTable(fsys, name+".user", userColumn, b.SetUserFields, b.AddUser); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	err := ReadItems(fsys, name+".item", b)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	err = readTextTable(fsys, name+".text", itemColumn, b.SetItemFields, func(raw string, values ...string) error {
		id, ok := itemIndex[raw]
		switch {
		case itemIndex == nil:
			id = raw
		case !ok:
			return fmt.Errorf("item %q is not in the index beside the file", raw)
		}
		return b.AddItem(id, values...)
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// ReadItems gives a builder the item text of a NAME.item file that lies beside interactions of another form.
func ReadItems(fsys fs.FS, name string, b *data.Builder) error {
	return readTextTable(fsys, name, itemColumn, b.SetItemFields, b.AddItem)
}

func readTextTable(fsys fs.FS, name, id string, declare func(...data.Field), add func(string, ...string) error) error {
	declared := false
	return readTable(fsys, name, []column{{id, data.Token}}, func(t *table) error {
		if !declared {
			declare(t.fields(id)...)
			declared = true
		}
		return add(string(t.value(id)), t.texts(id)...)
	})
}

// fields declares all columns but the id as text.
func (t *table) fields(id string) []data.Field {
	var out []data.Field
	for _, c := range t.columns {
		if c.name != id {
			out = append(out, data.Field{Name: standard(c.name), Kind: c.kind})
		}
	}
	return out
}

// texts are the current row's values of those fields.
func (t *table) texts(id string) []string {
	var out []string
	for n, c := range t.columns {
		switch {
		case c.name == id:
		case c.kind == data.TokenSeq && c.name != "genres" && standard(c.name) == "genres":
			out = append(out, strings.Join(strings.Fields(string(t.row[n])), ", "))
		default:
			out = append(out, strings.TrimSpace(string(t.row[n])))
		}
	}
	return out
}

// standard gives our name of a column.
func standard(name string) string {
	switch name {
	case "movie_title":
		return "title"
	case "release_year":
		return "year"
	case "class", "genre":
		return "genres"
	}
	return name
}

// readIndex reads "name<tab>id" lines: the names that a .text file has for the ids of the interactions. Without the
// file, names are ids.
func readIndex(fsys fs.FS, name string) (map[string]string, error) {
	if _, err := fs.Stat(fsys, name); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	index, ids := map[string]string{}, map[string]bool{}
	err := lines.Each(fsys, source, name, func(s *lines.Scanner, line []byte) error {
		f := lines.Split(nil, line, "\t")
		if len(f) != 2 {
			return s.Errorf("want 2 fields, got %d", len(f))
		}
		raw, id := string(f[0]), string(f[1])
		if _, ok := index[raw]; ok || ids[id] {
			return s.Errorf("%q or %q appears twice", raw, id)
		}
		index[raw], ids[id] = id, true
		return nil
	})
	return index, err
}
