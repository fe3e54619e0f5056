package checkpoint

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

type state struct{ X []byte }

func TestRoundTrip(t *testing.T) {
	f := &File{Path: filepath.Join(t.TempDir(), "a"), Every: time.Hour}
	var s state
	if ok, err := f.Load("key", &s); ok || err != nil {
		t.Fatalf("no file: %v, %v", ok, err)
	}
	if f.Due() {
		t.Error("due at once")
	}
	if err := f.Save("key", state{[]byte("abc")}); err != nil {
		t.Fatal(err)
	}
	if ok, err := f.Load("key", &s); !ok || err != nil || string(s.X) != "abc" {
		t.Errorf("got %q, %v, %v", s.X, ok, err)
	}
	if ok, err := f.Load("another key", &s); ok || err != nil {
		t.Errorf("another training's state: %v, %v", ok, err)
	}
	if err := f.Remove(); err != nil {
		t.Error(err)
	}
	if err := f.Remove(); err != nil {
		t.Errorf("removing nothing: %v", err)
	}
}

func TestDamage(t *testing.T) {
	f := &File{Path: filepath.Join(t.TempDir(), "a")}
	if err := f.Save("key", state{make([]byte, 1000)}); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(f.Path)
	if err != nil {
		t.Fatal(err)
	}
	flipped := append([]byte(nil), whole...)
	flipped[len(flipped)/2] ^= 1
	for name, raw := range map[string][]byte{"cut": whole[:len(whole)/2], "flipped": flipped, "empty": nil} {
		if err := os.WriteFile(f.Path, raw, 0o644); err != nil {
			t.Fatal(err)
		}
		var s state
		if ok, err := f.Load("key", &s); ok || err == nil || !strings.Contains(err.Error(), f.Path) {
			t.Errorf("%s: %v, %v", name, ok, err)
		}
	}
}

func TestNothingIsKeptWithoutAPath(t *testing.T) {
	var f File
	if f.Due() {
		t.Error("due")
	}
	if ok, err := f.Load("key", nil); ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}
	if err := f.Remove(); err != nil {
		t.Error(err)
	}
}
