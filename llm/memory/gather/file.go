package gather

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"llm4rec/data"
	"llm4rec/llm/memory"
	"llm4rec/llm/text"
)

// Mapping is a local file, and where in it a field stands: see text.Source.
type Mapping struct {
	text.Source `yaml:",inline"`

	Name    string `json:"name,omitempty" yaml:"name,omitempty" jsonschema:"of the source; empty: the file's, with the column"`
	Licence string `json:"licence,omitempty" yaml:"licence,omitempty" jsonschema:"or what else is to be known of using it"`
	Written string `json:"written,omitempty" yaml:"written,omitempty" jsonschema:"the day on which all of it was written, as 2006-01-02"`
	Dates   string `json:"dates,omitempty" yaml:"dates,omitempty" jsonschema:"where the day stands on which a row was written"`
}

// ReadMappings reads a file with a list of mappings, in YAML.
func ReadMappings(name string) ([]Mapping, error) {
	content, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var out []Mapping
	if err := yaml.UnmarshalWithOptions(content, &out, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("%s: %s", name, strings.TrimSpace(yaml.FormatError(err, false, false)))
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s: want a list of files, each with path, field and column", name)
	}
	for _, m := range out {
		if err := m.Validate(); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return out, nil
}

// Validate says what is wrong, without looking for the file.
func (m Mapping) Validate() error {
	if err := m.Source.Validate(); err != nil {
		return err
	}
	column, _, _ := strings.Cut(m.Column, "@")
	for _, name := range []string{m.Field, column} {
		if memory.Excluded(name) {
			return fmt.Errorf("%s: %q says what became of an item later, which nothing may be told: see memory.Excluded", m.Path, name)
		}
	}
	if m.Written != "" && m.Dates != "" {
		return fmt.Errorf("%s: want written or dates, not both", m.Path)
	}
	if err := memory.CheckDay(m.Written); err != nil {
		return fmt.Errorf("%s: written: %w", m.Path, err)
	}
	return nil
}

// file is an open mapping.
type file struct {
	Mapping
	texts, days []string
}

// absent are the ways in which files say that they have nothing: "N/A" is OMDb's.
var absent = []string{"", "N/A", "n/a", "null", "\\N"}

// File reads the file of a mapping, which lies in the working directory or below one of the folders.
func File(m Mapping, dirs []string, d *data.Dataset) (Source, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	place, err := m.Find(dirs)
	if err != nil {
		return nil, err
	}
	read := func(s text.Source) ([]string, error) {
		others := slices.DeleteFunc(slices.Clone(d.ItemText), func(f data.Field) bool {
			return f.Name == s.Field && !slices.Contains(s.Match.Fields(), f.Name) // memories have one value a source
		})
		f, err := s.Read(place, others, d.Items)
		return f.Values, err
	}
	f := &file{Mapping: m}
	if f.texts, err = read(m.Source); err != nil {
		return nil, err
	}
	if m.Dates != "" {
		s := m.Source
		s.Field, s.Column = "written", m.Dates
		if f.days, err = read(s); err != nil {
			return nil, err
		}
		for n, when := range f.days {
			if f.days[n], err = day(when); err != nil {
				return nil, fmt.Errorf("%s: item %s: %w", place, d.Items.Raw(int32(n)), err)
			}
		}
	}
	return f, nil
}

func (f *file) Name() string { return cmp.Or(f.Mapping.Name, path.Base(f.Path)+":"+f.Column) }

func (f *file) Find(_ context.Context, item int32) (Finding, error) {
	text := strings.TrimSpace(f.texts[item])
	if slices.Contains(absent, text) {
		return found(nil), nil
	}
	v := memory.Value{Field: f.Field, Text: text, Licence: f.Licence, Written: f.Written}
	if f.days != nil {
		v.Written = f.days[item]
	}
	return found([]memory.Value{v}), nil
}

// day reads a date. Of a year or a month it is the last day: what was written in it may have been written then.
func day(when string) (string, error) {
	when = strings.TrimSpace(when)
	if slices.Contains(absent, when) {
		return "", nil
	}
	for _, form := range []string{time.DateOnly, time.RFC3339, time.DateTime, "02 Jan 2006", "2 January 2006", "02-Jan-2006"} {
		if t, err := time.Parse(form, when); err == nil {
			return t.UTC().Format(time.DateOnly), nil
		}
	}
	if t, err := time.Parse("2006-01", when); err == nil {
		return t.AddDate(0, 1, -1).Format(time.DateOnly), nil
	}
	if t, err := time.Parse("2006", when); err == nil {
		return t.AddDate(1, 0, -1).Format(time.DateOnly), nil
	}
	return "", errors.New("no date is recognised in " + fmt.Sprintf("%q", when))
}

var _ Source = (*file)(nil)
