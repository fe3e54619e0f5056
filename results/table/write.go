package table

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
)

// Format is how a table is written.
type Format string

const (
	Text     Format = "text"
	Markdown Format = "md"
	LaTeX    Format = "latex"
	CSV      Format = "csv"
	HTML     Format = "html"
	JSON     Format = "json"
)

// Formats are all of them.
func Formats() []Format { return []Format{Text, Markdown, LaTeX, CSV, HTML, JSON} }

// ParseFormat reads a format's name.
func ParseFormat(s string) (Format, error) {
	if f := Format(s); slices.Contains(Formats(), f) {
		return f, nil
	}
	var names []string
	for _, f := range Formats() {
		names = append(names, string(f))
	}
	return "", fmt.Errorf("table: format %q: known are %s", s, strings.Join(names, ", "))
}

// FormatOf is the format that a file's name asks for.
func FormatOf(path string) (Format, error) {
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".txt":
		return Text, nil
	case ".tex":
		return LaTeX, nil
	case ".md", ".csv", ".html", ".json":
		return Format(ext[1:]), nil
	}
	return "", fmt.Errorf("table: %s: no format is known by that ending; use .txt, .md, .tex, .csv, .html or .json", path)
}

// Options of a table.
type Options struct {
	CO2       float64 // grams a kilowatt-hour, by which joules are also told as CO₂; 0: they are not
	Intervals bool    // 95% intervals beside the means; CSV and JSON always have them
	Relative  string  // the system, or the model, that a column compares the primary metric with; "": the experiment's baseline; [NoBaseline]: no such column
}

// NoBaseline as [Options].Relative asks for no relative column.
const NoBaseline = "none"

// baseline names what the relative column of an experiment compares with, "" for no such column.
func (o Options) baseline(e *Experiment) string {
	switch o.Relative {
	case "":
		return e.Baseline
	case NoBaseline:
		return ""
	}
	return o.Relative
}

// Write writes the tables of experiments.
func Write(w io.Writer, f Format, experiments []Experiment, o Options) error {
	switch f {
	case CSV:
		return writeCSV(w, experiments, o)
	case JSON:
		return writeJSON(w, experiments, o)
	default:
		return writeGrids(w, f, all(experiments, o))
	}
}

func all(experiments []Experiment, o Options) []grid {
	var grids []grid
	for n := range experiments {
		e := &experiments[n]
		for _, t := range e.Tables {
			grids = append(grids, t.grids(e, o)...)
		}
		if changes := RankChanges(e); changes != nil {
			last := &grids[len(grids)-1]
			last.legend = append(last.legend, changes...)
		}
	}
	return grids
}

func writeGrids(w io.Writer, f Format, grids []grid) error {
	var b strings.Builder
	var err error
	switch f {
	case Text:
		err = text(&b, grids)
	case Markdown:
		err = markdown(&b, grids)
	case HTML:
		err = page(&b, grids)
	case LaTeX:
		latex(&b, grids)
	default:
		err = fmt.Errorf("table: format %q has no tables for people", f)
	}
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("table: write: %w", err)
	}
	return nil
}
