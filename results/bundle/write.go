package bundle

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"llm4rec/results"
)

// write makes a bundle in a folder that is not there yet.
func (c *content) write(to string, withheld []Withheld, o Options) error {
	for _, d := range []string{"cells", "splits"} {
		if err := os.MkdirAll(filepath.Join(to, d), 0o777); err != nil {
			return fmt.Errorf("bundle: %w", err)
		}
	}
	if err := writeJSON(filepath.Join(to, results.ManifestName), c.manifest); err != nil {
		return err
	}
	if withheld != nil {
		if err := writeJSON(filepath.Join(to, WithheldName), withheld); err != nil {
			return err
		}
	}
	for _, name := range c.files {
		if name == results.ManifestName {
			continue
		}
		if err := copyFile(filepath.Join(c.dir, name), filepath.Join(to, name)); err != nil {
			return err
		}
	}
	if err := c.writeChosen(to, o); err != nil {
		return err
	}
	written, errs := read(to)
	if errs != nil {
		return errors.Join(errs...)
	}
	if len(written.records) == 0 {
		return errors.New("bundle: nothing is left that may be published")
	}
	derived, err := written.derived()
	if err != nil {
		return err
	}
	for name, content := range derived {
		if err := os.WriteFile(filepath.Join(to, name), content, 0o666); err != nil {
			return fmt.Errorf("bundle: %w", err)
		}
	}
	return seal(to, o.Private)
}

// writeChosen copies what goes along by choice: now, or when the bundle was made that is published anew.
func (c *content) writeChosen(to string, o Options) error {
	files := map[string]string{}
	before, err := chosen(c.dir)
	if err != nil {
		return err
	}
	for _, name := range before {
		if _, err := os.Lstat(filepath.Join(c.dir, SumsName)); err == nil || name == results.MemoriesName && o.Memories {
			files[name] = filepath.Join(c.dir, name)
		}
	}
	for _, path := range o.Cassettes {
		files[CassettesDir+"/"+filepath.Base(path)] = path
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(to, name)), 0o777); err != nil {
			return fmt.Errorf("bundle: %w", err)
		}
		if err := copyFile(files[name], filepath.Join(to, name)); err != nil {
			return err
		}
	}
	return nil
}

// seal writes the list of sums, if nothing private is in the files.
func seal(dir string, p Private) error {
	found, odd, err := sums(dir)
	if err != nil {
		return err
	}
	if odd != nil {
		return fmt.Errorf("bundle: %v", odd)
	}
	var leaks Leaks
	for _, name := range slices.Sorted(maps.Keys(found)) {
		l, err := scan(dir, name, p)
		if err != nil {
			return fmt.Errorf("bundle: %s: %w", name, err)
		}
		leaks = append(leaks, l...)
	}
	if leaks != nil {
		return leaks
	}
	if err := os.WriteFile(filepath.Join(dir, SumsName), list(found), 0o666); err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	return nil
}

func writeJSON(path string, v any) error {
	b, err := indented(v)
	if err == nil {
		err = os.WriteFile(path, b, 0o666)
	}
	if err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	return nil
}

func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	if _, err = io.Copy(out, in); err != nil {
		err = fmt.Errorf("bundle: %w", err)
	}
	return errors.Join(err, out.Close())
}

func size(dir string) (int64, error) {
	var total int64
	found, _, err := sums(dir)
	for name := range found {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			return 0, fmt.Errorf("bundle: %w", err)
		}
		total += info.Size()
	}
	return total, err
}
