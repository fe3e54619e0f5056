// Package checkpoint keeps the state of a training in a file, so that an interrupted one goes on where it was.
package checkpoint

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// File is where one training keeps its state; the folder is made when it is needed. The zero value keeps nothing.
type File struct {
	Path string
	// Every is the least time between two checkpoints: a training shorter than that writes none.
	Every time.Duration
	// Meter, where it is not nil, counts what a training took, with the runs of it that were interrupted.
	Meter *Meter

	last time.Time
}

// Spent is time that a training took.
type Spent struct{ Wall, CPU time.Duration }

// Meter knows what runs before this one took until their last checkpoint.
type Meter struct {
	Earlier Spent
	Now     func() Spent // of this run
}

// header begins a file. Then come the state, in gob as the header is, the arrays, little-endian, and the SHA-256 of all
// that. Arrays pass through in chunks: they may be as large as the memory that is left.
type header struct {
	Key     string // of what the state belongs to
	Spent   Spent  // until it was written
	Lengths []int  // of the arrays
}

const chunk = 1 << 14 // elements

// Load reads the state of the training that the key names. It returns false where there is none, or one of another key.
// A damaged file is an error: it is not silently begun anew.
func (c *File) Load(key string, state any) (arrays [][]float32, found bool, err error) {
	c.last = time.Now()
	if c.Path == "" {
		return nil, false, nil
	}
	f, err := os.Open(c.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("checkpoint: %w", err)
	}
	var spent Spent
	arrays, spent, found, err = read(f, key, state)
	if c.Meter != nil {
		c.Meter.Earlier = spent
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, false, fmt.Errorf("checkpoint: %s: %w; remove it to train from the start", c.Path, err)
	}
	return arrays, found, nil
}

func read(f *os.File, key string, state any) (arrays [][]float32, spent Spent, found bool, err error) {
	if err := verify(f); err != nil {
		return nil, Spent{}, false, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, Spent{}, false, err
	}
	in := bufio.NewReader(f)
	decoder := gob.NewDecoder(in)
	var h header
	if err := decoder.Decode(&h); err != nil || h.Key != key {
		return nil, Spent{}, false, err
	}
	if err := decoder.Decode(state); err != nil {
		return nil, Spent{}, false, err
	}
	for _, n := range h.Lengths {
		x := make([]float32, n)
		for part := range slices.Chunk(x, chunk) {
			if err := binary.Read(in, binary.LittleEndian, part); err != nil {
				return nil, Spent{}, false, err
			}
		}
		arrays = append(arrays, x)
	}
	return arrays, h.Spent, true, nil
}

// verify compares a file with the checksum at its end.
func verify(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	sum, want := sha256.New(), make([]byte, sha256.Size)
	if _, err := io.CopyN(sum, f, max(0, info.Size()-sha256.Size)); err != nil {
		return err
	}
	if _, err := io.ReadFull(f, want); err != nil || !bytes.Equal(sum.Sum(nil), want) {
		return errors.New("the file is damaged")
	}
	return nil
}

// Due says whether it is time to save.
func (c *File) Due() bool { return c.Path != "" && time.Since(c.last) >= c.Every }

// Total is all that was spent so far; a nil meter counts nothing.
func (m *Meter) Total() Spent {
	if m == nil {
		return Spent{}
	}
	now := m.Now()
	return Spent{m.Earlier.Wall + now.Wall, m.Earlier.CPU + now.CPU}
}

// Save replaces the file by the state and arrays. It is whole at every moment.
func (c *File) Save(key string, state any, arrays ...[]float32) error {
	temporary := c.Path + ".new"
	err := os.MkdirAll(filepath.Dir(c.Path), 0o777)
	if err == nil {
		err = write(temporary, header{Key: key, Spent: c.Meter.Total()}, state, arrays)
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

func write(path string, h header, state any, arrays [][]float32) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	sum := sha256.New()
	out := io.MultiWriter(f, sum)
	for _, x := range arrays {
		h.Lengths = append(h.Lengths, len(x))
	}
	encoder := gob.NewEncoder(out)
	if err := encoder.Encode(h); err != nil {
		return err
	}
	if err := encoder.Encode(state); err != nil {
		return err
	}
	for _, x := range arrays {
		for part := range slices.Chunk(x, chunk) {
			if err := binary.Write(out, binary.LittleEndian, part); err != nil {
				return err
			}
		}
	}
	if _, err := f.Write(sum.Sum(nil)); err != nil {
		return err
	}
	return f.Sync()
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
