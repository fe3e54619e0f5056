package embed

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"math"
	"sync"

	"llm4rec/llm/journal"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

type digest [sha256.Size]byte

// header is the first line of a file.
type header struct {
	Format    int             `json:"llm4rec_embeddings"`
	Dimension int             `json:"dimension"`
	Identity  json.RawMessage `json:"identity"`
}

// file is one open file of a cache. Its methods may be called at the same time.
type file struct {
	path string
	key  string // of the identity
	log  *slog.Logger

	mu        sync.Mutex
	f         *journal.File
	dimension int   // 0: no vector yet
	end       int64 // of what has been read
	at        map[digest]int64
}

func (c *file) close() error { return c.wrap(c.f.Close()) }

func (c *file) wrap(err error) error {
	if err != nil {
		return fmt.Errorf("embed: cache %s: %w", c.path, err)
	}
	return nil
}

// size is that of a record.
func (c *file) size() int64 { return sha256.Size + 4 + 4*int64(c.dimension) + 4 }

// refresh reads the whole records that are new in the file. A beginning of one may be in the making: it stays unread.
func (c *file) refresh() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wrap(c.read())
}

func (c *file) read() error {
	info, err := c.f.Stat()
	if err != nil || info.Size() <= c.end {
		return err
	}
	r := bufio.NewReaderSize(io.NewSectionReader(c.f, c.end, info.Size()-c.end), 1<<20)
	if c.dimension == 0 {
		line, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		var h header
		if err := json.Unmarshal(line, &h); err != nil || h.Format != 1 || h.Dimension < 1 || string(h.Identity) != c.key {
			return errors.New("it does not begin as a file of these vectors does: delete it")
		}
		c.dimension, c.end = h.Dimension, int64(len(line))
	}
	record, bad := make([]byte, c.size()), 0
	for ; c.end+c.size() <= info.Size(); c.end += c.size() {
		if _, err := io.ReadFull(r, record); err != nil {
			return err
		}
		if sound(record) {
			c.at[digest(record[:sha256.Size])] = c.end
		} else {
			bad++
		}
	}
	if bad > 0 {
		c.log.Warn("embedding cache: damaged vectors are ignored", "file", c.path, "vectors", bad)
	}
	return nil
}

func sound(record []byte) bool {
	body := record[:len(record)-4]
	return crc32.Checksum(body, castagnoli) == binary.LittleEndian.Uint32(record[len(body):])
}

// get returns a text's vector, or nil, and what the model did not see of the text.
func (c *file) get(text digest) (vector []float32, missed cut, err error) {
	c.mu.Lock()
	at, found := c.at[text]
	c.mu.Unlock()
	if !found {
		return nil, cut{}, nil
	}
	record := make([]byte, c.size())
	if _, err := c.f.ReadAt(record, at); err != nil {
		return nil, cut{}, c.wrap(err)
	}
	if !sound(record) || !bytes.Equal(record[:sha256.Size], text[:]) {
		return nil, cut{}, c.wrap(fmt.Errorf("the record at byte %d has changed since it was read", at))
	}
	vector = make([]float32, c.dimension)
	body := record[sha256.Size+4:]
	for n := range vector {
		vector[n] = math.Float32frombits(binary.LittleEndian.Uint32(body[4*n:]))
	}
	return vector, cutOf(binary.LittleEndian.Uint32(record[sha256.Size:])), nil
}

// entry is what is kept of a text.
type entry struct {
	text   digest
	vector []float32
	missed cut
}

// put appends vectors, which have one length. They survive the death of this process once it returns.
func (c *file) put(entries []entry) error {
	if len(entries) == 0 {
		return nil
	}
	due, err := c.locked(entries)
	if err == nil && due {
		err = c.f.Sync() // takes long, and nobody need wait for it
	}
	return c.wrap(err)
}

// locked appends while no other goroutine and no other process does, and tells whether to write through to the disk.
func (c *file) locked(entries []entry) (due bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	err = c.f.Append(func() (int64, []byte, error) {
		if err := c.read(); err != nil {
			return 0, nil, err
		}
		out, err := c.encode(entries)
		return c.end, out, err
	})
	if err != nil {
		return false, err
	}
	return c.f.Due(), c.read()
}

// encode is what stands in the file for these entries, at its end.
func (c *file) encode(entries []entry) ([]byte, error) {
	var out []byte
	dimension := c.dimension
	if dimension == 0 {
		dimension = len(entries[0].vector)
		line, err := json.Marshal(header{1, dimension, json.RawMessage(c.key)})
		if err != nil {
			return nil, err
		}
		out = append(line, '\n')
	}
	le := binary.LittleEndian
	for _, e := range entries {
		if len(e.vector) != dimension {
			return nil, fmt.Errorf("a vector of %d numbers among those of %d", len(e.vector), dimension)
		}
		begin := len(out)
		out = append(out, e.text[:]...)
		out = le.AppendUint32(out, e.missed.flags())
		for _, x := range e.vector {
			out = le.AppendUint32(out, math.Float32bits(x))
		}
		out = le.AppendUint32(out, crc32.Checksum(out[begin:], castagnoli))
	}
	return out, nil
}
