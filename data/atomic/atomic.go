// Package atomic reads and writes RecBole's atomic files: tab-separated tables whose header gives names and types.
//
// A folder holds either NAME.inter, or the benchmark form NAME.train.inter, NAME.valid.inter and NAME.test.inter of
// sequences with their next item, which becomes the [data.Given] split. NAME.item and NAME.user are optional.
//
// Columns keep the source's names but for RecBole's own names of what all sets call title, year and genres:
// movie_title, release_year, class and genre. Values of genres are joined by ", " here, by spaces there.
package atomic

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"llm4rec/data"
)

const source = "atomic"

// The columns that every table is built on, and the optional ones of an interaction.
const (
	userColumn   = "user_id"
	itemColumn   = "item_id"
	listColumn   = "item_id_list"
	ratingColumn = "rating"
	timeColumn   = "timestamp"
)

// Load reads the one data set of a folder, in either form.
func Load(fsys fs.FS) (*data.Dataset, error) {
	files, err := fs.Glob(fsys, "*.inter")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", source, err)
	}
	var names []string
	parts := 0
	for _, f := range files {
		name := strings.TrimSuffix(f, ".inter")
		for _, part := range [...]string{".train", ".valid", ".test"} {
			if whole, ok := strings.CutSuffix(name, part); ok {
				name = whole
				parts++
				break
			}
		}
		names = append(names, name)
	}
	names = slices.Compact(names) // sorted by Glob
	switch {
	case len(names) == 0:
		return nil, fmt.Errorf("%s: no .inter file", source)
	case len(names) > 1:
		return nil, fmt.Errorf("%s: several data sets in one folder: %s", source, strings.Join(names, ", "))
	case parts == 0:
		return loadWhole(fsys, names[0])
	case parts == 3 && len(files) == 3:
		return loadGiven(fsys, names[0])
	}
	return nil, fmt.Errorf("%s: want %[2]s.inter, or %[2]s.train.inter, %[2]s.valid.inter and %[2]s.test.inter, got %[3]s", source, names[0], strings.Join(files, ", "))
}

// loadWhole reads NAME.inter and the text beside it.
func loadWhole(fsys fs.FS, name string) (*data.Dataset, error) {
	b := data.NewBuilder(0)
	fractions := 0
	err := readTable(fsys, name+".inter", []column{{userColumn, data.Token}, {itemColumn, data.Token}}, func(t *table) error {
		rating := float32(1)
		if t.has(ratingColumn) {
			var err error
			if rating, err = t.rating(ratingColumn); err != nil {
				return err
			}
		}
		if !t.has(timeColumn) {
			b.AddNext(t.value(userColumn), t.value(itemColumn), rating)
			return nil
		}
		time, cut, err := t.seconds(timeColumn)
		if err != nil {
			return err
		}
		if cut {
			fractions++
		}
		b.Add(t.value(userColumn), t.value(itemColumn), rating, time)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := readText(fsys, name, b, nil); err != nil {
		return nil, err
	}
	d, err := b.Build(path.Base(name))
	if err == nil && fractions > 0 {
		d.Notes = append(d.Notes, fmt.Sprintf("%d times had fractions of a second, which were cut", fractions))
	}
	return d, err
}
