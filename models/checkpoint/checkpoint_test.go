package checkpoint

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

type state struct{ Done int }

func TestRoundTrip(t *testing.T) {
	f := &File{Path: filepath.Join(t.TempDir(), "folder", "a"), Every: time.Hour}
	var s state
	if _, ok, err := f.Load("key", &s); ok || err != nil {
		t.Fatalf("no file: %v, %v", ok, err)
	}
	if f.Due() {
		t.Error("due at once")
	}
	long := make([]float32, 2*chunk+1)
	for n := range long {
		long[n] = 1 / float32(n+1)
	}
	for _, want := range [][][]float32{nil, {{}, long, {float32(math.Inf(1))}}} {
		if err := f.Save("key", state{7}, want...); err != nil {
			t.Fatal(err)
		}
		got, ok, err := f.Load("key", &s)
		if !ok || err != nil || s.Done != 7 || !slices.EqualFunc(got, want, slices.Equal) {
			t.Errorf("got %+v and %d arrays, %v, %v, want %d arrays", s, len(got), ok, err, len(want))
		}
		s = state{}
		if got, ok, err := f.Load("another key", &s); ok || err != nil || got != nil || s.Done != 0 {
			t.Errorf("another training's state: %v, %v", ok, err)
		}
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
	if err := f.Save("key", state{7}, make([]float32, 1000)); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(f.Path)
	if err != nil {
		t.Fatal(err)
	}
	flipped := append([]byte(nil), whole...)
	flipped[len(flipped)/2] ^= 1
	for name, raw := range map[string][]byte{"cut": whole[:len(whole)/2], "cut short": whole[:20], "longer": append(whole[:len(whole):len(whole)], 0), "flipped": flipped, "empty": nil} {
		if err := os.WriteFile(f.Path, raw, 0o644); err != nil {
			t.Fatal(err)
		}
		var s state
		if _, ok, err := f.Load("key", &s); ok || err == nil || !strings.Contains(err.Error(), f.Path) {
			t.Errorf("%s: %v, %v", name, ok, err)
		}
	}
}

func TestNothingIsKeptWithoutAPath(t *testing.T) {
	var f File
	if f.Due() {
		t.Error("due")
	}
	if _, ok, err := f.Load("key", nil); ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}
	if err := f.Remove(); err != nil {
		t.Error(err)
	}
}

// A training that goes on knows what was spent on it before.
func TestMeter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	meter := func(earlier, now time.Duration) *Meter {
		return &Meter{Earlier: Spent{Wall: earlier, CPU: 2 * earlier}, Now: func() Spent { return Spent{Wall: now, CPU: 2 * now} }}
	}
	first := File{Path: path, Meter: meter(3*time.Second, 4*time.Second)}
	if err := first.Save("key", 1); err != nil {
		t.Fatal(err)
	}
	again := File{Path: path, Meter: meter(0, 0)}
	var state int
	if _, found, err := again.Load("key", &state); err != nil || !found {
		t.Fatal(found, err)
	}
	if want := (Spent{7 * time.Second, 14 * time.Second}); again.Meter.Earlier != want {
		t.Errorf("got %v, want %v", again.Meter.Earlier, want)
	}
}
