// Package checkpoint keeps the state of a training in a file, so that an interrupted one goes on where it was.
package checkpoint

import (
	"bytes"
	"crypto/sha256"
	"encoding/gob"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// File is where one training keeps its state; the folder is made when it is needed. The zero value keeps nothing.
type File struct {
	Path string
	// Every is the least time between two checkpoints: a training shorter than that writes none.
	Every time.Duration

	last time.Time
}

// file is what is written: the state in gob, the key of what it belongs to, and a checksum over both.
type file struct {
	Key   string
	State []byte
	Sum   [sha256.Size]byte
}

func (f file) sum() [sha256.Size]byte {
	return sha256.Sum256(append([]byte(f.Key+"\x00"), f.State...))
}

// Load reads the state of the training that the key names. It returns false where there is none, or one of another key.
// A damaged file is an error: it is not silently begun anew.
func (c *File) Load(key string, state any) (bool, error) {
	c.last = time.Now()
	if c.Path == "" {
		return false, nil
	}
	raw, err := os.ReadFile(c.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("checkpoint: %w", err)
	}
	var f file
	if err := gob.NewDecoder(bytes.NewReader(raw)).Decode(&f); err != nil || f.sum() != f.Sum {
		return false, fmt.Errorf("checkpoint: %s is damaged; remove it to train from the start", c.Path)
	}
	if f.Key != key {
		return false, nil
	}
	if err := gob.NewDecoder(bytes.NewReader(f.State)).Decode(state); err != nil {
		return false, fmt.Errorf("checkpoint: %s: %w; remove it to train from the start", c.Path, err)
	}
	return true, nil
}

// Due says whether it is time to save.
func (c *File) Due() bool { return c.Path != "" && time.Since(c.last) >= c.Every }

// Save replaces the file. It is whole at every moment.
func (c *File) Save(key string, state any) error {
	var buf bytes.Buffer
	if err := gob.NewEncoder(&buf).Encode(state); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	f := file{Key: key, State: buf.Bytes()}
	f.Sum = f.sum()
	temporary := c.Path + ".new"
	if err := os.MkdirAll(filepath.Dir(c.Path), 0o777); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	out, err := os.Create(temporary)
	if err == nil {
		err = errors.Join(gob.NewEncoder(out).Encode(f), out.Sync(), out.Close())
	}
	if err == nil {
		err = os.Rename(temporary, c.Path)
	}
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	c.last = time.Now()
	return nil
}

// Remove deletes the file of a training that is over.
func (c *File) Remove() error {
	if c.Path == "" {
		return nil
	}
	if err := os.Remove(c.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return nil
}
