// Package checkpoint keeps the state of a training in a file, so that an interrupted one goes on where it was.
package checkpoint

import (
	"bytes"
	"crypto/sha256"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// File is where one training keeps its state; the folder is made when it is needed. The zero value keeps nothing.
//
// It holds the key of what the state belongs to and the state, both in gob, and a SHA-256 over them.
type File struct {
	Path string
	// Every is the least time between two checkpoints: a training shorter than that writes none.
	Every time.Duration

	last time.Time
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
	end := max(0, len(raw)-sha256.Size)
	if sum := sha256.Sum256(raw[:end]); !bytes.Equal(sum[:], raw[end:]) {
		return false, fmt.Errorf("checkpoint: %s is damaged; remove it to train from the start", c.Path)
	}
	in, found := gob.NewDecoder(bytes.NewReader(raw[:end])), ""
	if err = in.Decode(&found); err == nil && found == key {
		err = in.Decode(state)
	}
	if err != nil {
		return false, fmt.Errorf("checkpoint: %s: %w; remove it to train from the start", c.Path, err)
	}
	return found == key, nil
}

// Due says whether it is time to save.
func (c *File) Due() bool { return c.Path != "" && time.Since(c.last) >= c.Every }

// Save replaces the file. It is whole at every moment.
func (c *File) Save(key string, state any) error {
	if err := os.MkdirAll(filepath.Dir(c.Path), 0o777); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	temporary := c.Path + ".new"
	err := write(temporary, key, state)
	if err == nil {
		err = os.Rename(temporary, c.Path)
	}
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	c.last = time.Now()
	return nil
}

// write streams: a state may be large beside the memory that is left.
func write(path, key string, state any) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	sum := sha256.New()
	out := gob.NewEncoder(io.MultiWriter(f, sum))
	if err = out.Encode(key); err == nil {
		err = out.Encode(state)
	}
	if err == nil {
		_, err = f.Write(sum.Sum(nil))
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
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
