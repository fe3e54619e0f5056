// Package cassette records the answers of language models, and replays them: a result can then be had again without the
// model, and looked into without a doubt about what was asked.
//
// A cassette is a file of gzip members, each with one answer or, after a merge, a few: zcat shows a line of JSON for each (see
// [Entry]). It is only ever appended to, under a lock, so that several processes may share it, and one that is killed loses at
// most the answer it was writing. An answer is found by [llm.Request.Key], which covers all that was asked and who was.
package cassette

import (
	"cmp"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"llm4rec/llm"
	"llm4rec/llm/journal"
)

// Mode says when a model is asked.
type Mode string

// The modes.
const (
	Live    Mode = "live"    // always; nothing is recorded
	Record  Mode = "record"  // for what has no recorded answer
	Replay  Mode = "replay"  // never
	Refresh Mode = "refresh" // once for each request, whatever is recorded; the newer answer counts from then on
)

// Config is a cassette, and what to do with it.
type Config struct {
	Path    string
	Mode    Mode
	Secrets []string     // such as a provider's key: an answer that repeats one is not recorded, and is an error
	Log     *slog.Logger // nil: the default logger
}

// Cassette is an open one. It may be used from many goroutines at once.
type Cassette struct {
	config  Config
	file    *file // nil when live
	flights flights

	mu     sync.Mutex
	fresh  map[digest]bool // what has been recorded since Refresh began
	played int
	asked  int
}

// Report says what is in a cassette, and what it did since it was opened.
type Report struct {
	Answers int   // that can be replayed
	Damaged int   // stretches of the file that are no answers and are passed over
	Torn    int64 // bytes at its end that are no whole answer: of a writer that died or is at it
	Played  int   // answers read from it
	Asked   int   // answers that a model gave, and that are recorded
}

// Open opens a cassette, which need not exist where answers are recorded.
func Open(c Config) (*Cassette, error) {
	c.Log = cmp.Or(c.Log, slog.Default())
	opened := &Cassette{config: c, fresh: map[digest]bool{}}
	var err error
	switch c.Mode {
	case Live:
	case Record, Refresh:
		if err := os.MkdirAll(filepath.Dir(c.Path), 0o755); err != nil {
			return nil, fmt.Errorf("cassette: %w", err)
		}
		opened.file, err = openToAppend(c.Path, c.Log)
	case Replay:
		opened.file, err = openToRead(c.Path, c.Log)
	default:
		return nil, fmt.Errorf("cassette: mode %q: want %s, %s, %s or %s", c.Mode, Live, Record, Replay, Refresh)
	}
	return opened, err
}

func openToAppend(path string, log *slog.Logger) (*file, error) {
	j, err := journal.Open(path, log)
	if err != nil {
		return nil, fmt.Errorf("cassette: %w", err)
	}
	return newFile(j.File, j, log)
}

// openToRead wants no right to write, and leaves no lock file behind.
func openToRead(path string, log *slog.Logger) (*file, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("cassette: %w", err)
	}
	return newFile(f, nil, log)
}

// Close writes through to the disk what was recorded.
func (c *Cassette) Close() error {
	if c.file == nil {
		return nil
	}
	return c.file.close()
}

// Report is of now.
func (c *Cassette) Report() Report {
	var r Report
	if c.file != nil {
		r.Answers, r.Damaged, r.Torn = c.file.state()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	r.Played, r.Asked = c.played, c.asked
	return r
}

// recorded returns the answer that counts, if there is one.
func (c *Cassette) recorded(key digest) (resp llm.Response, found bool, err error) {
	if c.config.Mode == Refresh && !c.isFresh(key) {
		return resp, false, nil
	}
	if resp, found, err = c.file.get(key); found {
		c.mu.Lock()
		c.played++
		c.mu.Unlock()
	}
	return resp, found, err
}

func (c *Cassette) isFresh(key digest) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.fresh[key]
}

func (c *Cassette) wasAsked(key digest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	if c.config.Mode == Refresh {
		c.fresh[key] = true
	}
}

// Wrap puts the cassette before a model. Of the model there is given what is known without a call: named, which lacks the
// digest of what answers. A cassette that is replayed adds that from what it recorded under the same name, and needs no live
// model.
func (c *Cassette) Wrap(named llm.Identity, live llm.Chat) llm.Chat {
	if live == nil && c.config.Mode != Replay {
		panic("cassette: no model to ask, and not a replay")
	}
	if c.config.Mode == Live {
		return live
	}
	return &player{c: c, named: named, live: live}
}
