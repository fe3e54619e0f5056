package bundle

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// fileName is what a name in a bundle looks like: anything else could not be written in the list of sums without escapes.
var fileName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+-]*(/[A-Za-z0-9][A-Za-z0-9._+-]*)?$`)

// sums are the checksums of the files of a folder by name, without the list of them. What is no plain file is reported.
func sums(dir string) (map[string]string, []Difference, error) {
	out := map[string]string{}
	var odd []Difference
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		switch {
		case name == "." || name == SumsName && d.Type().IsRegular():
			return nil
		case d.IsDir():
			if !slices.Contains([]string{"cells", "splits", CassettesDir}, name) {
				odd = append(odd, Difference{File: name, What: "a folder that no bundle has", foreign: true})
			}
			return nil
		case !d.Type().IsRegular():
			odd = append(odd, Difference{File: name, What: "not a plain file", foreign: true})
			return nil
		case !fileName.MatchString(name):
			odd = append(odd, Difference{File: fmt.Sprintf("%q", name), What: "a name that no bundle has", foreign: true})
			return nil
		}
		out[name], err = sumOf(path)
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("bundle: %w", err)
	}
	return out, odd, nil
}

func sumOf(path string) (_ string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// list writes checksums as sha256sum does, in the order of the names.
func list(sums map[string]string) []byte {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		b.WriteString(sums[name] + "  " + name + "\n")
	}
	return []byte(b.String())
}

// Sum names a bundle: the SHA-256 of its list of sums, in hexadecimal.
func Sum(dir string) (string, error) {
	sum, err := sumOf(filepath.Join(dir, SumsName))
	if err != nil {
		return "", fmt.Errorf("bundle: %w", err)
	}
	return sum, nil
}

// checkSums compares the files of a folder with its list of sums, which has one form only: a change in the list is seen too.
func checkSums(dir string) (map[string]string, []Difference, error) {
	found, out, err := sums(dir)
	if err != nil {
		return nil, nil, err
	}
	text, err := os.ReadFile(filepath.Join(dir, SumsName))
	if errors.Is(err, fs.ErrNotExist) {
		return found, append(out, Difference{File: SumsName, What: "the file is missing"}), nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("bundle: %w", err)
	}
	listed, n := map[string]bool{}, 0
	for line := range strings.Lines(string(text)) {
		n++
		sum, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		switch {
		case !ok:
			out = append(out, Difference{File: SumsName, Place: fmt.Sprintf("line %d", n), What: "not a checksum and a name"})
		case found[name] == "":
			out = append(out, Difference{File: name, What: fmt.Sprintf("listed in %s, line %d, and missing", SumsName, n)})
		case found[name] != sum:
			out = append(out, Difference{File: name, What: fmt.Sprintf("its checksum is %.12s…, and %.12s… in %s, line %d", found[name], sum, SumsName, n)})
		}
		listed[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if !listed[name] {
			out = append(out, Difference{File: name, What: "not listed in " + SumsName, foreign: true})
		}
	}
	if out == nil && string(text) != string(list(found)) {
		out = append(out, Difference{File: SumsName, What: "not in the form that publish writes"})
	}
	return found, out, nil
}
