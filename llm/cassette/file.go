package cassette

import (
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"

	"llm4rec/llm"
	"llm4rec/llm/journal"
)

// file is a cassette's, and the index of it. Its methods may be called at the same time.
type file struct {
	f   *os.File
	log *slog.Logger

	mu      sync.Mutex
	journal *journal.File // nil: only read
	end     int64         // of what is whole, as far as it has been read
	size    int64         // of the file then
	damaged int
	at      map[digest]place
	who     map[who]voice
}

// place is where an answer is: the last one, where a key has several.
type place struct {
	off  int64
	size uint32
	line uint16
}

// voice is who answered, and under which name it was asked.
type voice struct {
	Named    llm.Identity `json:"named"`
	Identity llm.Identity `json:"identity"`
}

func newFile(f *os.File, j *journal.File, log *slog.Logger) (*file, error) {
	opened := &file{f: f, journal: j, log: log, at: map[digest]place{}, who: map[who]voice{}}
	if err := opened.refresh(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if j == nil && opened.size > opened.end {
		log.Warn("cassette: its end is no whole answer", "file", f.Name(), "bytes", opened.size-opened.end)
	}
	return opened, nil
}

func (c *file) wrap(err error) error {
	if err != nil {
		return fmt.Errorf("cassette %s: %w", c.f.Name(), err)
	}
	return nil
}

func (c *file) close() error {
	if c.journal != nil {
		return c.wrap(c.journal.Close())
	}
	return c.wrap(c.f.Close())
}

func (c *file) state() (answers, damaged int, torn int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.at), c.damaged, c.size - c.end
}

// refresh reads what is new in the file. A beginning of an answer may be in the making: it stays unread.
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
	s := &scanner{r: c.f, size: info.Size()}
	end, damaged, err := s.all(c.end, c.index)
	if err != nil {
		return err
	}
	c.size = info.Size()
	if end == 0 { // else some other file would be taken for a torn one, and cut off
		if begin, err := s.peek(0, namesAt); err != nil || !begins(begin) {
			return errors.Join(err, errors.New("it is not a cassette"))
		}
	}
	if damaged > 0 {
		c.log.Warn("cassette: what is damaged is passed over", "file", c.f.Name(), "stretches", damaged)
	}
	c.end, c.damaged = end, c.damaged+damaged
	return nil
}

// begins tells whether a file may be the torn beginning of a cassette.
func begins(begin []byte) bool {
	for at, want := range map[int]string{0: magic, 12: subfield} {
		if have := begin[min(at, len(begin)):min(at+len(want), len(begin))]; string(have) != want[:len(have)] {
			return false
		}
	}
	return true
}

func (c *file) index(off int64, member []byte) error {
	for line := range lines(member) {
		key, by := name(member, line)
		if _, known := c.who[by]; !known {
			text, err := unpack(member)
			if err != nil {
				return fmt.Errorf("at byte %d: %w", off, err)
			}
			if c.who[by], err = parse[voice](text, line); err != nil {
				return fmt.Errorf("at byte %d: %w", off, err)
			}
		}
		c.at[key] = place{off, uint32(len(member)), uint16(line)}
	}
	return nil
}

// voices is everyone who answered.
func (c *file) voices() []voice {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []voice
	for _, v := range c.who {
		all = append(all, v)
	}
	return all
}

// text returns the lines among which an answer is, and which of them it is.
func (c *file) text(key digest) (text []byte, line int, found bool, err error) {
	c.mu.Lock()
	p, found := c.at[key]
	c.mu.Unlock()
	if !found {
		return nil, 0, false, nil
	}
	member := make([]byte, p.size)
	if _, err := c.f.ReadAt(member, p.off); err != nil {
		return nil, 0, false, c.wrap(err)
	}
	if text, err = unpack(member); err != nil {
		return nil, 0, false, c.wrap(fmt.Errorf("the answer at byte %d has changed since it was read: %w", p.off, err))
	}
	return text, int(p.line), true, nil
}

// get returns a recorded answer.
func (c *file) get(key digest) (_ llm.Response, found bool, err error) {
	text, line, found, err := c.text(key)
	if err != nil || !found {
		return llm.Response{}, false, err
	}
	a, err := parse[answer](text, line)
	if err == nil && a.Key != hex.EncodeToString(key[:]) {
		err = errors.New("an answer has changed since it was read")
	}
	a.Response.Recorded = true
	return a.Response, err == nil, c.wrap(err)
}

// put appends the member that choose makes, or nothing. It survives the death of this process once it returns. What choose
// sees is the file as it is while no other process appends.
func (c *file) put(choose func(has func(digest) bool) []byte) error {
	due, err := c.append(choose)
	if err == nil && due {
		err = c.journal.Sync() // takes long, and nobody need wait for it
	}
	return c.wrap(err)
}

func (c *file) append(choose func(has func(digest) bool) []byte) (due bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	err = c.journal.Append(func() (int64, []byte, error) {
		if err := c.read(); err != nil {
			return 0, nil, err
		}
		return c.end, choose(func(key digest) bool { _, found := c.at[key]; return found }), nil
	})
	if err != nil {
		return false, err
	}
	return c.journal.Due(), c.read()
}
