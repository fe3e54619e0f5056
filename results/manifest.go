package results

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// ManifestName is the file that makes a directory an experiment's.
const ManifestName = "manifest.json"

// Manifest is the latest plan of an experiment: what a table shows, in which order, and what has not run yet.
type Manifest struct {
	Version    int      `json:"version"`
	Experiment string   `json:"experiment"`
	Metrics    []string `json:"metrics"`             // columns of the tables
	Baseline   string   `json:"baseline,omitempty"`  // the system that tables compare with
	Cells      []Cell   `json:"cells"`               // in the order of the spec
	Augmented  string   `json:"augmented,omitempty"` // id of what the store of memories is filled with
	Spec       string   `json:"spec"`                // resolved, as YAML
}

// Cell is one planned cell.
type Cell struct {
	ID       string `json:"id"`
	Dataset  string `json:"dataset"`
	Protocol string `json:"protocol"` // its label
	System   string `json:"system"`
	Seed     int64  `json:"seed"`
	Explains bool   `json:"explains,omitempty"` // it gives reasons for what the system before it recommends, and ranks nothing
	Talks    bool   `json:"talks,omitempty"`    // it talks with simulated users, and is no row among the rankings either
	Trials   int    `json:"trials,omitempty"`   // configurations tried on validation before the system's was chosen; 0: not said
}

// WriteManifest replaces the manifest and fills in its version.
func (s *Store) WriteManifest(m Manifest) error {
	if err := s.writable(); err != nil {
		return err
	}
	m.Version = Version
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("results: manifest: %w", err)
	}
	return replace(filepath.Join(s.dir, ManifestName), append(b, '\n'))
}

// Manifest reads the manifest.
func (s *Store) Manifest() (Manifest, error) {
	path := filepath.Join(s.dir, ManifestName)
	b, err := os.ReadFile(path)
	if err != nil {
		return Manifest{}, fmt.Errorf("results: manifest: %w", err)
	}
	var m Manifest
	if err := json.Unmarshal(b, &m); err != nil {
		return Manifest{}, &Damaged{path, err.Error()}
	}
	if m.Version < 1 || m.Version > Version {
		return Manifest{}, &Damaged{path, fmt.Sprintf("version %d, and this program reads up to %d", m.Version, Version)}
	}
	return m, nil
}
