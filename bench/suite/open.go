package suite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"llm4rec/data"
	"llm4rec/data/atomic"
	"llm4rec/data/fetch"
	"llm4rec/data/movielens"
	"llm4rec/data/sequence"
	"llm4rec/data/synthetic"
)

// DatasetOptions say where [OpenDataset] may look.
type DatasetOptions struct {
	Dirs    []string     // data folders, looked in first, in order
	Fetch   bool         // download what is not found
	Offline bool         // ask nobody for anything
	Results string       // folder of results, where files may lie that an experiment made; "": none
	Cache   fetch.Client // where downloads lie and how they are made; the zero value is the user's cache folder
}

// OpenDataset loads a data set by its name in the registry, or a folder or file by its path, such as ./mydata, in any
// layout that the registry's sets have. The origin says where it lay. Listed checksums are verified: see [Source.Check].
//
// The error is an [ErrUnavailable] if the set is not here and was not, or could not be, downloaded, and an [ErrDamaged]
// if its files cannot be read.
func OpenDataset(ctx context.Context, name string, opt DatasetOptions) (d *data.Dataset, origin string, err error) {
	if strings.HasPrefix(name, syntheticPrefix) {
		c, err := syntheticConfig(name)
		if err != nil {
			return nil, "", err
		}
		return synthetic.Generate(c), "generated", nil
	}
	if isPath(name) {
		if d, err = openPath(name); err != nil {
			return nil, "", damaged{err}
		}
		return d, name, nil
	}
	s, err := FindSource(name)
	if err != nil {
		return nil, "", err
	}
	if s.Generate != nil {
		return s.Generate(), "generated", nil
	}
	path, err := s.Obtain(ctx, opt)
	if err != nil {
		return nil, "", err
	}
	if d, err = s.open(path); err != nil {
		return nil, "", damaged{err}
	}
	return d, path, nil
}

// CheckName says what is wrong with the name of a data set. It does not look for a path.
func CheckName(name string) (err error) {
	switch {
	case strings.HasPrefix(name, syntheticPrefix):
		_, err = syntheticConfig(name)
	case !isPath(name):
		_, err = FindSource(name)
	}
	return err
}

// Here finds the set on this machine: in a data folder or the cache.
func (s Source) Here(opt DatasetOptions) (path string, found bool) {
	if path, found := s.Locate(opt.Dirs); found {
		return path, true
	}
	path, err := opt.Cache.Path(s.Name)
	return path, err == nil && len(s.Files) > 0 && s.complete(os.DirFS(path))
}

// Obtain returns the set's folder, and downloads it first if it is not here and the options say so.
func (s Source) Obtain(ctx context.Context, opt DatasetOptions) (string, error) {
	path, found := s.Here(opt)
	switch {
	case found:
		return path, nil
	case s.Address == "":
		return "", fmt.Errorf("data set %s is not in the data folders %q and cannot be downloaded: %w", s.Name, opt.Dirs, ErrUnavailable)
	case !opt.Fetch:
		return "", fmt.Errorf("data set %s is not in the data folders %q: get it by 'llm4rec data fetch %[1]s', or name its folder by --data: %[3]w", s.Name, opt.Dirs, ErrUnavailable)
	}
	path, err := opt.Cache.Fetch(ctx, s.archive())
	if network := (*fetch.NetworkError)(nil); errors.As(err, &network) && ctx.Err() == nil {
		return "", fmt.Errorf("data set %s: %w: %w", s.Name, ErrUnavailable, err)
	}
	if err != nil {
		return "", fmt.Errorf("data set %s: %w", s.Name, err)
	}
	return path, nil
}

func (s Source) archive() fetch.Archive {
	a := fetch.Archive{Name: s.Name, Address: s.Address, Sum: s.ArchiveSum, SumAddress: s.SumAddress, Size: s.Size}
	if len(s.Files) == 1 {
		a.File = s.Files[0].Path
	}
	return a
}

// isPath tells a path from a name: it has a separator, or is . or .., or a file's extension.
func isPath(name string) bool {
	return strings.ContainsRune(name, '/') || strings.ContainsRune(name, filepath.Separator) || name == "." || name == ".." || filepath.Ext(name) != ""
}

// openPath loads a file or folder by the layout it has.
func openPath(path string) (*data.Dataset, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(abs)
	if err != nil {
		return nil, fmt.Errorf("data set %s: %w", path, err)
	}
	load, dir := loadSequence(filepath.Base(abs)), filepath.Dir(abs)
	if info.IsDir() {
		dir = abs
		if load, err = sniff(os.DirFS(dir)); err != nil {
			return nil, fmt.Errorf("data set %s: %w", path, err)
		}
	}
	d, err := load(os.DirFS(dir))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	d.Name = strings.TrimSuffix(filepath.Base(abs), filepath.Ext(abs))
	return d, nil
}

func loadSequence(name string) func(fs.FS) (*data.Dataset, error) {
	return func(fsys fs.FS) (*data.Dataset, error) { return sequence.Load(fsys, name) }
}

// sniff finds the loader for the files that lie in a folder.
func sniff(fsys fs.FS) (func(fs.FS) (*data.Dataset, error), error) {
	layouts := []struct {
		sign string
		load func(fs.FS) (*data.Dataset, error)
	}{
		{"u.data", movielens.Load100K},
		{"ratings.dat", movielens.Load1M},
		{"ratings.csv", movielens.LoadCSV},
		{"*.inter", atomic.Load},
	}
	var signs []string
	for _, l := range layouts {
		if found, err := fs.Glob(fsys, l.sign); err == nil && len(found) > 0 {
			return l.load, nil
		}
		signs = append(signs, l.sign)
	}
	return nil, fmt.Errorf("no layout is recognised: want one of %s", strings.Join(signs, ", "))
}
