// Package experiments embeds the specifications that come with the program.
package experiments

import (
	"embed"
	"io/fs"
	"strings"
)

//go:embed *.yaml
var files embed.FS

// Names lists the embedded experiments.
func Names() []string {
	found, err := fs.Glob(files, "*.yaml")
	if err != nil {
		panic("experiments: " + err.Error()) // the pattern is constant
	}
	for n, f := range found {
		found[n] = strings.TrimSuffix(f, ".yaml")
	}
	return found
}

// Text returns an embedded experiment.
func Text(name string) ([]byte, bool) {
	b, err := files.ReadFile(name + ".yaml")
	return b, err == nil
}
