// Package datatest finds the real data sets that tests run on where they are at hand.
package datatest

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// Env names the folder of real data sets; without it, ../shared/data beside the module is tried.
const Env = "LLM4REC_DATA"

// Dir returns the folder of real data sets, and skips the test where there is none.
func Dir(t testing.TB) string {
	t.Helper()
	dir := Folder()
	if !isDir(dir) {
		t.Skipf("no real data here: %q does not exist (%s names the folder)", dir, Env)
	}
	return dir
}

// Open returns one folder of real data, such as "ml-100k", and skips the test where it is missing.
func Open(t testing.TB, name string) fs.FS {
	t.Helper()
	dir := filepath.Join(Dir(t), filepath.FromSlash(name))
	if !isDir(dir) {
		t.Skipf("no real data of %s here: %q does not exist", name, dir)
	}
	return os.DirFS(dir)
}

// Folder is where real data sets are looked for.
func Folder() string {
	if dir := os.Getenv(Env); dir != "" {
		return dir
	}
	return filepath.Join(moduleRoot(), "..", "shared", "data")
}

// moduleRoot walks up from the working directory, which is the package under test, to the folder of go.mod.
func moduleRoot() string {
	wd, err := os.Getwd()
	if err != nil {
		return "."
	}
	for dir := wd; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return wd
		}
	}
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
