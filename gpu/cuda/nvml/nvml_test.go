//go:build nvidia

package nvml

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// place of the emulated board.
const place = "00000000:00:00.0"

// emulated builds the emulated library.
func emulated(t *testing.T, flags ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "libnvidia-ml.so.1")
	args := append(flags, "-shared", "-fPIC", "-Wall", "-Werror", "-o", path, filepath.Join("..", "emulator", "nvml.c"))
	if out, err := exec.CommandContext(t.Context(), "gcc", args...).CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, out)
	}
	return path
}

func TestJoules(t *testing.T) {
	b, err := open(emulated(t), place)
	if err != nil {
		t.Fatal(err)
	}
	first, err := b.Joules()
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	time.Sleep(60 * time.Millisecond)
	second, err := b.Joules()
	took := time.Since(start).Seconds()
	if used := second - first; err != nil || used < 50*.05 || used > 50*(took+.02) {
		t.Errorf("%v J in %v s at 50 W, %v", used, took, err)
	}
}

// What is missing is an error that says so, without the path of a file.
func TestUnavailable(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "libnvidia-ml.so.1")
	if err := os.WriteFile(broken, []byte("no library"), 0o600); err != nil {
		t.Fatal(err)
	}
	whole := emulated(t)
	for want, at := range map[string]struct{ library, fails, place string }{
		"libnvidia-ml.so.0: cannot open":   {"libnvidia-ml.so.0", "", place},
		"libnvidia-ml.so.1: file too":      {broken, "", place},
		"has no counter of energy":         {emulated(t, "-DWITHOUT_ENERGY"), "", place},
		"Driver Not Loaded (status 9)":     {whole, "init", place},
		"Not Found (status 6)":             {whole, "", "00000000:3b:00.0"},
		"counter of energy: Not Supported": {whole, "energy", place},
	} {
		t.Setenv("LLM4REC_EMULATED_NVML", at.fails)
		b, err := open(at.library, at.place)
		if err == nil {
			_, err = b.Joules()
		}
		if err == nil || !strings.HasPrefix(err.Error(), "NVML: ") || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "/") {
			t.Errorf("want %q: %v", want, err)
		}
	}
}
