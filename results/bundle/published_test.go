package bundle

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// root is the module's folder.
const root = "../.."

// TestPublished: the bundles in this repository hold, and the leaderboard and README's table are theirs.
func TestPublished(t *testing.T) {
	dir := filepath.Join(root, "results", "published")
	entries, err := os.ReadDir(dir)
	check(t, err)
	for _, e := range entries {
		at := filepath.Join(dir, e.Name())
		r, err := Verify(at)
		check(t, err)
		for n, d := range r.Differences {
			if n == 5 {
				t.Errorf("%s: and %d more differences", e.Name(), len(r.Differences)-n)
				break
			}
			t.Errorf("%s: %s", e.Name(), d)
		}
		grep(t, at, append(Local().Keys, "/home/", "/root/", "/tmp/", "/work/", "/Users/"))
	}
	changed := t.TempDir()
	check(t, os.CopyFS(filepath.Join(changed, "quick"), os.DirFS(filepath.Join(dir, "quick"))))
	table, err := os.ReadFile(filepath.Join(changed, "quick", TableName))
	check(t, err)
	check(t, os.WriteFile(filepath.Join(changed, "quick", TableName), []byte(strings.Replace(string(table), "0.1", "0.9", 1)), 0o600))
	if _, err := Leaderboard(changed, "x"); err == nil || !strings.Contains(err.Error(), "table.md: its checksum") {
		t.Errorf("a page of a table that was changed: %v", err)
	}
	page, err := Leaderboard(dir, "results/published")
	check(t, err)
	if got, err := os.ReadFile(filepath.Join(root, "LEADERBOARD.md")); err != nil || string(got) != string(page) {
		t.Errorf("LEADERBOARD.md is not that of the bundles: 'make leaderboard' writes it (%v)", err)
	}
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	check(t, err)
	_, rest, _ := strings.Cut(string(text), "<!-- quick -->\n")
	shown, _, marked := strings.Cut(rest, "<!-- end -->")
	table, err = os.ReadFile(filepath.Join(dir, "quick", TableName))
	check(t, err)
	if !marked || shown != string(table) {
		t.Error("README's table is not that of results/published/quick: 'make leaderboard' writes it")
	}
}
