// Package report makes a site of stored records: pages that open from a folder, ask no server for anything, and say the same
// for the same records, byte for byte.
//
// A kind of page is one file here and one template. Names, parameters and errors in records are other people's words: they
// reach a page through html/template, and a script through JSON, alone.
package report

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"llm4rec/results/table"
)

//go:embed assets templates
var files embed.FS

// markName is the file that makes a folder a site of ours, which may be replaced.
const markName = "llm4rec-site.json"

// mark says which files are of the site: whatever else is in the folder is somebody's.
type mark struct {
	Site    string   `json:"site"`
	Version int      `json:"version"`
	Files   []string `json:"files"`
}

// NotOurs is the error of an output folder that holds something else than a site.
type NotOurs struct {
	Dir  string
	File string // one that is not the site's
}

func (e *NotOurs) Error() string {
	return fmt.Sprintf("report: %s holds %s, which is no part of a site of llm4rec's: choose another folder, or move it away", e.Dir, e.File)
}

// Written is what a site has.
type Written struct{ Boards, Systems, Pages int }

// Write makes the site of the experiments in folders of results, or in folders of such. It takes the place of a site that
// is there as a whole, when it is complete. The error is the context's if that ends before.
func Write(ctx context.Context, out string, dirs []string) (Written, error) {
	s, err := newSite(out)
	if err != nil {
		return Written{}, err
	}
	err = Each(dirs, func(e *table.Experiment, t *table.Table) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return s.add(e, t)
	})
	if err == nil {
		err = s.finish()
	}
	if err == nil {
		err = s.publish()
	}
	if err != nil {
		return Written{}, errors.Join(err, os.RemoveAll(s.dir))
	}
	return s.written, nil
}

// Each visits every table of the experiments in the folders once, in the order of the arguments.
func Each(dirs []string, visit func(*table.Experiment, *table.Table) error) error {
	seen := map[string]bool{}
	for _, dir := range dirs {
		folders, err := table.Folders(dir)
		if err != nil {
			return err
		}
		for _, f := range folders {
			path, err := filepath.Abs(f)
			if err != nil {
				return fmt.Errorf("report: %w", err)
			}
			if seen[path] {
				continue
			}
			seen[path] = true
			if err := table.Each(f, visit); err != nil {
				return err
			}
		}
	}
	return nil
}

// site is one that is being made, in a folder beside its place.
type site struct {
	out, dir    string
	templates   *template.Template
	experiments []experiment
	boards      []*board
	sets        []*set
	names       []string // of the files that are written
	written     Written
}

func newSite(out string) (*site, error) {
	out = filepath.Clean(out)
	if err := replaceable(out); err != nil {
		return nil, err
	}
	t, err := template.New("").ParseFS(files, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o777); err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	dir, err := os.MkdirTemp(filepath.Dir(out), ".tmp-site-")
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	return &site{out: out, dir: dir, templates: t}, nil
}

// replaceable tells whether a site may take the place: nothing is there, or nothing in it, or a site and nothing else.
func replaceable(out string) error {
	entries, err := os.ReadDir(out)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return nil
	}
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	var m mark
	content, err := os.ReadFile(filepath.Join(out, markName))
	if errors.Is(err, fs.ErrNotExist) || err == nil && (json.Unmarshal(content, &m) != nil || m.Site != "llm4rec") {
		return &NotOurs{out, entries[0].Name()}
	}
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	ours := map[string]bool{markName: true}
	for _, name := range m.Files {
		for ; name != "." && name != "/"; name = path.Dir(name) { // with the folders it is in
			ours[name] = true
		}
	}
	return filepath.WalkDir(out, func(at string, _ fs.DirEntry, err error) error {
		if err != nil || at == out {
			return err
		}
		name, err := filepath.Rel(out, at)
		if err == nil && !ours[filepath.ToSlash(name)] {
			return &NotOurs{out, filepath.ToSlash(name)}
		}
		return err
	})
}

// publish puts the finished site in its place.
func (s *site) publish() error {
	if err := os.Chmod(s.dir, 0o755); err != nil { // a temporary folder is for its owner only
		return fmt.Errorf("report: %w", err)
	}
	if err := replaceable(s.out); err != nil { // it may have changed meanwhile
		return err
	}
	old := s.dir + "-old"
	err := os.Rename(s.out, old)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("report: %w", err)
	}
	if err := os.Rename(s.dir, s.out); err != nil {
		return fmt.Errorf("report: %w", errors.Join(err, os.Rename(old, s.out)))
	}
	if err := os.RemoveAll(old); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// finish writes what needs all boards.
func (s *site) finish() error {
	for _, x := range s.sets {
		if err := s.dataset(x); err != nil {
			return err
		}
	}
	if err := s.index(); err != nil {
		return err
	}
	entries, err := files.ReadDir("assets")
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	for _, e := range entries {
		content, err := files.ReadFile("assets/" + e.Name())
		if err == nil {
			err = s.file("assets/"+e.Name(), content)
		}
		if err != nil {
			return err
		}
	}
	slices.Sort(s.names)
	content, err := json.MarshalIndent(mark{"llm4rec", 1, s.names}, "", " ")
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return s.file(markName, append(content, '\n'))
}

// page writes one page. Data embeds a [head].
func (s *site) page(name, template string, data any) error {
	var b strings.Builder
	if err := s.templates.ExecuteTemplate(&b, template, data); err != nil {
		return fmt.Errorf("report: %s: %w", name, err)
	}
	s.written.Pages++
	return s.file(name, []byte(b.String()))
}

func (s *site) file(name string, content []byte) error {
	s.names = append(s.names, name)
	path := filepath.Join(s.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// head is what every page begins with.
type head struct {
	Title string
	Root  string // the way up to the site's folder
	Trail []link // from the index to the page that is above this one
	Tabs  []link // pages beside this one
}

type link struct {
	Text, To string
	Here     bool
}

// slug makes a file's name of anything. It need not be unique: a number stands before it.
func slug(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case b.Len() >= 40:
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	return strings.Trim(b.String(), "-")
}
