package prompt

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/template"
)

// Worded is a file whose template has other words for other kinds of items.
type Worded struct {
	Name     string                       `yaml:"name"`
	Version  int                          `yaml:"version"`
	Source   string                       `yaml:"source"`
	Wordings map[string]map[string]string `yaml:"wordings"` // the words for items, by kind of item

	Template `yaml:"-"`
}

// ParseWorded reads a file with wordings.
func ParseWorded(text string, funcs template.FuncMap) (w Worded, err error) {
	if w.Template, err = Parse(text, &w, funcs); err == nil && (w.Name == "" || w.Version < 1 || len(w.Wordings) == 0) {
		err = errors.New("header: want a name, a version of at least 1, and wordings")
	}
	return w, err
}

// Words are those of a wording, as movie or product.
func (w Worded) Words(wording string) (map[string]string, error) {
	words, ok := w.Wordings[wording]
	if !ok {
		return nil, fmt.Errorf("%s has no wording %q; there are: %s", w.Name, wording, strings.Join(slices.Sorted(maps.Keys(w.Wordings)), ", "))
	}
	return words, nil
}
