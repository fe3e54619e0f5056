package bundle

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// first is an error of the first of differences, nil where there is none.
func first(differences []Difference) error {
	if len(differences) == 0 {
		return nil
	}
	return errors.New(differences[0].String())
}

// Leaderboard is a page of the tables of all bundles in a folder, in Markdown. The link leads from the page to the folder.
// Tables are those of the bundles, whose checksums are compared, and which [Verify] checks: the page cannot say anything else.
func Leaderboard(dir, link string) ([]byte, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("bundle: leaderboard: %w", err)
	}
	var b bytes.Buffer
	b.WriteString("# Leaderboard\n\n`llm4rec leaderboard` wrote this page from the bundles in [" + link + "](" + link + "); edits are lost. `llm4rec verify` computes\n" +
		"every figure of a bundle again from the ranks of each user. Timings are those of the machine named, and are not compared with other machines'.\n")
	found := false
	for _, e := range entries {
		at := filepath.Join(dir, e.Name())
		sum, err := Sum(at)
		if err != nil {
			continue // no bundle
		}
		if _, differences, err := checkSums(at); err != nil || differences != nil {
			return nil, fmt.Errorf("bundle: leaderboard: %s does not hold: llm4rec verify says where; %w", at, errors.Join(err, first(differences)))
		}
		text, err := os.ReadFile(filepath.Join(at, TableName))
		if err != nil {
			return nil, fmt.Errorf("bundle: leaderboard: %w", err)
		}
		withheld, err := readWithheld(at)
		if err != nil {
			return nil, fmt.Errorf("bundle: leaderboard: %s: %s: %w", at, WithheldName, err)
		}
		found = true
		place := link + "/" + e.Name()
		fmt.Fprintf(&b, "\n## %s\n\n[%s](%s), whose list of sums has the SHA-256 `%s`\n", e.Name(), place, place, sum)
		for _, w := range withheld {
			fmt.Fprintf(&b, "\nWithheld: %s under %s, seed %d: %s\n", w.System, w.Protocol, w.Seed, strings.Join(w.Why, "; "))
		}
		fmt.Fprintf(&b, "\n%s", text)
	}
	if !found {
		return nil, fmt.Errorf("bundle: leaderboard: no bundle in %s", dir)
	}
	return b.Bytes(), nil
}
