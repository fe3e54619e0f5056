// Package experiments embeds the specifications that come with the program.
package experiments

import (
	"embed"
	"io/fs"
	"slices"
	"strings"
)

//go:embed *.yaml tune/*.yaml
var files embed.FS

const searches = "tune/"

// Names lists the embedded experiments.
func Names() []string { return below("") }

// Text returns an embedded experiment.
func Text(name string) ([]byte, bool) { return read(name) }

// Searches lists the embedded searches for hyperparameters.
func Searches() []string { return below(searches) }

// Search returns an embedded search.
func Search(name string) ([]byte, bool) { return read(searches + name) }

func below(folder string) []string {
	found, err := fs.Glob(files, folder+"*.yaml")
	if err != nil {
		panic("experiments: " + err.Error()) // the pattern is constant
	}
	for n, f := range found {
		found[n] = strings.TrimSuffix(strings.TrimPrefix(f, folder), ".yaml")
	}
	slices.Sort(found) // without the ending, which sorts after a hyphen
	return found
}

func read(name string) ([]byte, bool) {
	b, err := files.ReadFile(name + ".yaml")
	return b, err == nil
}
