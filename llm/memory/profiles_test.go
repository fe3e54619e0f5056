package memory

import (
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestProfiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "profiles.sqlite")
	p, err := CreateProfiles(t.Context(), path, "films", "1")
	if err != nil {
		t.Fatal(err)
	}
	if text, err := p.Profile(t.Context(), 3); text != "" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if err := p.Change(t.Context(), 3, func(text string) (string, error) { return text + "x", nil }); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if err := p.Change(t.Context(), 1, func(string) (string, error) { return "one", nil }); err != nil {
		t.Error(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := CreateProfiles(t.Context(), path, "films", "2"); err == nil || !strings.Contains(err.Error(), "other") {
		t.Errorf("another data set: %v", err)
	}
	if p, err = CreateProfiles(t.Context(), path, "films", "1"); err != nil {
		t.Fatal(err)
	}
	text, err := p.Profile(t.Context(), 3)
	if err != nil || text != "xxxxxxxx" {
		t.Errorf("%q, %v", text, err)
	}
	if users, err := p.Users(t.Context()); err != nil || !slices.Equal(users, []int32{1, 3}) {
		t.Errorf("%v, %v", users, err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}
