package embed

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"llm4rec/llm"
	"llm4rec/llm/journal"
)

// Cache is a folder of vectors, a file for each embedder's identity.
//
// A file begins with a line of JSON that says whose vectors it holds, of what length. Records of one size follow: the
// SHA-256 of the text, flags, the vector, a checksum of all that. They are only ever appended, under a lock that a dying
// process gives back. What a crash leaves half written fails its checksum, or is shorter than a record: the next process
// that appends cuts it off. A file read by one process may grow at another's hands.
//
// A database would do the same, with a thousand times the code.
type Cache struct {
	Dir string // empty: DefaultDir
}

// DefaultDir is llm4rec/embeddings in the user's cache folder.
func DefaultDir() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("embed: no cache folder: %w", err)
	}
	return filepath.Join(dir, "llm4rec", "embeddings"), nil
}

// Path is the file of an identity's vectors, which need not exist.
func (c Cache) Path(id llm.Identity) (string, error) {
	dir := c.Dir
	if dir == "" {
		var err error
		if dir, err = DefaultDir(); err != nil {
			return "", err
		}
	}
	plain := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' {
			return r
		}
		return '_'
	}, id.Provider+"-"+id.Model)
	sum := sha256.Sum256([]byte(id.Key()))
	return filepath.Join(dir, plain+"-"+hex.EncodeToString(sum[:8])+".vectors"), nil
}

func (c Cache) open(id llm.Identity, log *slog.Logger) (*file, error) {
	path, err := c.Path(id)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("embed: %w", err)
	}
	f, err := journal.Open(path, log)
	if err != nil {
		return nil, fmt.Errorf("embed: %w", err)
	}
	opened := &file{path: path, key: id.Key(), log: log, f: f, at: map[digest]int64{}}
	if err := opened.refresh(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return opened, nil
}
