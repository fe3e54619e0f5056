package bundle

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"llm4rec/results"
)

// tree is a bundle in memory, to be damaged in many ways.
func tree(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	found, _, err := sums(dir)
	check(t, err)
	out := map[string][]byte{}
	for _, name := range append(slices.Collect(maps.Keys(found)), SumsName) {
		out[name], err = os.ReadFile(filepath.Join(dir, name))
		check(t, err)
	}
	return out
}

// caught writes a file's content for the time of a verification, and tells how many differences there were.
func caught(t *testing.T, dir, name string, content, before []byte) int {
	t.Helper()
	path := filepath.Join(dir, name)
	check(t, os.WriteFile(path, content, 0o600))
	r, err := Verify(dir)
	check(t, err)
	check(t, os.WriteFile(path, before, 0o600))
	return len(r.Differences)
}

// TestFlips: whatever byte or digit is another one, in whatever file, verify says so.
func TestFlips(t *testing.T) {
	dir := published(t)
	files := tree(t, dir)
	r := rand.New(rand.NewPCG(1, 2))
	for _, name := range slices.Sorted(maps.Keys(files)) {
		for range 2 {
			b := slices.Clone(files[name])
			at := r.IntN(len(b))
			b[at] ^= 1 << r.IntN(8)
			if caught(t, dir, name, b, files[name]) == 0 {
				t.Errorf("%s: byte %d from %q to %q is not noticed", name, at, files[name][at], b[at])
			}
		}
		for _, at := range someDigits(r, files[name], 2) {
			b := slices.Clone(files[name])
			b[at] = '0' + (b[at]-'0'+1+byte(r.IntN(9)))%10
			if caught(t, dir, name, b, files[name]) == 0 {
				t.Errorf("%s: digit %d is not noticed", name, at)
			}
		}
	}
}

// TestFlipsWithNewSums: a digit of a plan, a table, a record or a description is noticed by what it follows from, where the
// list of sums was written anew. The name of a cell that has not run names nothing, so that its digits say nothing either.
func TestFlipsWithNewSums(t *testing.T) {
	dir := published(t)
	files := tree(t, dir)
	r := rand.New(rand.NewPCG(3, 4))
	later := record(results.Cell{System: "later"}).Identity.ID()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if name == SumsName {
			continue
		}
		for _, at := range someDigits(r, files[name], 5) {
			if bytes.Contains(files[name][max(0, at-len(later)):min(len(files[name]), at+len(later))], []byte(later)) {
				continue
			}
			b := slices.Clone(files[name])
			b[at] = '0' + (b[at]-'0'+1+byte(r.IntN(9)))%10
			check(t, os.WriteFile(filepath.Join(dir, name), b, 0o600))
			found, _, err := sums(dir)
			check(t, err)
			check(t, os.WriteFile(filepath.Join(dir, SumsName), list(found), 0o600))
			if caught(t, dir, name, b, files[name]) == 0 {
				t.Errorf("%s: digit %d in %q is not noticed", name, at, around(b, at))
			}
		}
		check(t, os.WriteFile(filepath.Join(dir, SumsName), files[SumsName], 0o600))
	}
}

func someDigits(r *rand.Rand, content []byte, n int) []int {
	var all []int
	for at, c := range content {
		if c >= '0' && c <= '9' {
			all = append(all, at)
		}
	}
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:min(n, len(all))]
}

func around(b []byte, at int) []byte { return b[max(0, at-20):min(len(b), at+20)] }

// TestFiles: files that are cut, swapped, renamed, missing, added or no files are noticed.
func TestFiles(t *testing.T) {
	for name, damage := range map[string]func(dir string, cells []string) error{
		"cut":      func(dir string, cells []string) error { return os.Truncate(cells[0], 100) },
		"empty":    func(dir string, cells []string) error { return os.Truncate(filepath.Join(dir, SumsName), 0) },
		"no sums":  func(dir string, _ []string) error { return os.Remove(filepath.Join(dir, SumsName)) },
		"no plan":  func(dir string, _ []string) error { return os.Remove(filepath.Join(dir, "manifest.json")) },
		"missing":  func(_ string, cells []string) error { return os.Remove(cells[1]) },
		"renamed":  func(_ string, cells []string) error { return os.Rename(cells[0], cells[0]+"x") },
		"added":    func(dir string, _ []string) error { return os.WriteFile(filepath.Join(dir, "more"), nil, 0o600) },
		"hidden":   func(dir string, _ []string) error { return os.WriteFile(filepath.Join(dir, ".more"), nil, 0o600) },
		"folder":   func(dir string, _ []string) error { return os.Mkdir(filepath.Join(dir, "more"), 0o700) },
		"link":     func(dir string, cells []string) error { return os.Symlink(cells[0], filepath.Join(dir, "more")) },
		"linked":   func(_ string, cells []string) error { return linked(cells[0]) },
		"swapped":  func(_ string, cells []string) error { return swap(cells[0], cells[1]) },
		"reversed": func(dir string, _ []string) error { return reversed(filepath.Join(dir, SumsName)) },
	} {
		dir := published(t)
		cells, err := filepath.Glob(filepath.Join(dir, "cells", "*.parquet"))
		check(t, err)
		check(t, damage(dir, cells))
		r, err := Verify(dir)
		check(t, err)
		if len(r.Differences) == 0 {
			t.Errorf("%s: not noticed", name)
		}
	}
	if _, err := Verify(filepath.Join(t.TempDir(), "nowhere")); err == nil {
		t.Error("a bundle that is not there holds")
	}
}

// TestEnergy: joules are published; each digit of them is noticed when it is another one, and a net figure that does not follow from
// what the counters counted is not published.
func TestEnergy(t *testing.T) {
	joules := func(net float64) (string, error) {
		idle := 12.5
		to := filepath.Join(t.TempDir(), "bundle")
		_, err := Publish(t.Context(), small(t, func(_ *results.Manifest, rec *results.Record) {
			fit := results.NewJoules(123.456, 7.25, idle)
			*fit.Net += net
			rec.Energy = &results.Energy{
				Sources: []results.EnergySource{{Name: "cpu", Counts: "RAPL of package-0", IdleWatts: &idle, IdleSeconds: 4}, {Name: "gpu", Unavailable: "NVML: Not Supported"}},
				Fit:     []results.Joules{fit, {Unavailable: "NVML: Not Supported"}},
			}
		}), to, Options{})
		return to, err
	}
	dir, err := joules(0)
	check(t, err)
	r, err := Verify(dir)
	check(t, err)
	if len(r.Differences) > 0 {
		t.Fatal(r.Differences)
	}
	cells, err := filepath.Glob(filepath.Join(dir, "cells", "*.json"))
	check(t, err)
	content, err := os.ReadFile(cells[0])
	check(t, err)
	name, err := filepath.Rel(dir, cells[0])
	check(t, err)
	digits := 0
	from, to := bytes.Index(content, []byte(`"energy"`)), bytes.Index(content, []byte(`"environment"`))
	for at := from; at < to; at++ {
		if content[at] < '0' || content[at] > '9' {
			continue
		}
		digits++
		b := slices.Clone(content)
		b[at] = '0' + (b[at]-'0'+1)%10
		if caught(t, dir, name, b, content) == 0 {
			t.Errorf("digit %d of energy is not noticed", at-from)
		}
	}
	if digits < 10 {
		t.Errorf("%d digits", digits)
	}
	if _, err := joules(.5); err == nil || !strings.Contains(err.Error(), "energy of pop: energy: fit, cpu: net") {
		t.Errorf("a net figure that does not follow: %v", err)
	}
}

// linked puts a file elsewhere and a link in its place: its content is right.
func linked(path string) error {
	elsewhere := filepath.Dir(filepath.Dir(path)) + ".elsewhere"
	if err := os.Rename(path, elsewhere); err != nil {
		return err
	}
	return os.Symlink(elsewhere, path)
}

func swap(a, b string) error {
	for _, move := range [][2]string{{a, a + "x"}, {b, a}, {a + "x", b}} {
		if err := os.Rename(move[0], move[1]); err != nil {
			return err
		}
	}
	return nil
}

// reversed has the right sums in another order.
func reversed(path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	lines := slices.Collect(bytes.Lines(b))
	slices.Reverse(lines)
	return os.WriteFile(path, slices.Concat(lines...), 0o600)
}

// FuzzVerify: no content of any file ends the program, and none but the file's own is taken.
func FuzzVerify(f *testing.F) {
	f.Add(uint(0), uint(0), []byte("9"))
	f.Add(uint(3), uint(40), []byte{})
	dir := published(f)
	files := tree(f, dir)
	names := slices.Sorted(maps.Keys(files))
	f.Fuzz(func(t *testing.T, which, at uint, piece []byte) {
		name := names[which%uint(len(names))]
		before := files[name]
		from := int(at % uint(len(before)))
		b := append(slices.Clone(before[:from]), piece...)
		b = append(b, before[min(len(before), from+len(piece)):]...)
		if string(b) != string(before) && caught(t, dir, name, b, before) == 0 {
			t.Errorf("%s: %q at %d is not noticed", name, piece, from)
		}
	})
}
