package cuda_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The translations of the kernels are of the sources that lie beside them.
func TestPTXIsCurrent(t *testing.T) {
	common := read(t, "kernels/common.cuh")
	sources, err := filepath.Glob("kernels/*.cu")
	if err != nil || len(sources) == 0 {
		t.Fatalf("no kernels: %v", err)
	}
	for _, name := range sources {
		want := fmt.Sprintf("// sha256 %x", sha256.Sum256(append(common[:len(common):len(common)], read(t, name)...)))
		translated := strings.TrimSuffix(name, ".cu") + ".ptx"
		if got, _, _ := strings.Cut(string(read(t, translated)), "\n"); got != want {
			t.Errorf("%s is not of this %s: run 'make ptx'", translated, name)
		}
	}
	if all, err := filepath.Glob("kernels/*.ptx"); err != nil || len(all) != len(sources) {
		t.Errorf("%d translations of %d files of kernels, %v", len(all), len(sources), err)
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.FromSlash(name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
