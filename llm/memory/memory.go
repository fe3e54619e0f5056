// Package memory stores what is known of the items of one data set, field by field, with where each value came from.
//
// A store is a file of SQLite's. What is put into it is there after the call, whole, whatever becomes of the process; several
// processes may read it while one fills it. A value belongs to an item, a field and a source, so that putting it again changes
// nothing, and sources do not overwrite each other.
package memory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver in Go: a program without cgo has it too
)

// Version of the tables.
const Version = 1

const tables = `
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS source (place INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE IF NOT EXISTS outcome (
	item TEXT NOT NULL, source TEXT NOT NULL, outcome TEXT NOT NULL, detail TEXT NOT NULL, question TEXT NOT NULL, at TEXT NOT NULL,
	PRIMARY KEY (item, source)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS value (
	item TEXT NOT NULL, field TEXT NOT NULL, source TEXT NOT NULL, value TEXT NOT NULL,
	licence TEXT NOT NULL, written TEXT NOT NULL, prompt TEXT NOT NULL, model TEXT NOT NULL, fetched TEXT NOT NULL,
	PRIMARY KEY (item, field, source)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS page (address TEXT PRIMARY KEY, status INTEGER NOT NULL, body BLOB NOT NULL, fetched TEXT NOT NULL) STRICT, WITHOUT ROWID;
`

// Value is one field of one item, of one source.
type Value struct {
	Item    string // its raw id
	Field   string
	Source  string
	Text    string
	Licence string // what the source says of using it
	Written string // the day on which the content was written, as 2006-01-02; "" where the source does not say
	Prompt  string // hash of the prompt, of what a model wrote
	Model   string // identity of that model, its digest in it
	Fetched time.Time
}

// Outcome says what a source made of an item.
type Outcome string

// The outcomes of sources. Those of language models are named after their answers: see package describe.
const (
	Matched   Outcome = "matched"
	Ambiguous Outcome = "ambiguous" // several fit, or none surely
	Missed    Outcome = "missed"
)

// Entry is all that a source says of an item. It takes the place of what the source said before.
type Entry struct {
	Item, Source string
	Outcome      Outcome
	Detail       string // such as the page that was matched, or what it was ambiguous between
	Question     string // the key of what a model was asked: the same question need not be asked again
	Values       []Value
	At           time.Time
}

// Store is an open one. It may be used from many goroutines at once.
type Store struct {
	db     *sql.DB
	path   string
	writes sync.Mutex // SQLite has one writer, and those who wait for it by themselves would do so unfairly
}

// form of a field's name: that of a template's fields.
var form = regexp.MustCompile(`^[a-z0-9_]+$`)

// Create opens a store to fill it, or makes one, for the data set of that name and checksum.
func Create(ctx context.Context, path, dataset, checksum string) (*Store, error) {
	s, err := open(path, "_txlock=immediate&_pragma=busy_timeout(30000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	if err != nil {
		return nil, err
	}
	if err := s.prepare(ctx, dataset, checksum); err != nil {
		return nil, errors.Join(fmt.Errorf("memory: %s: %w", path, err), s.Close())
	}
	return s, nil
}

func (s *Store) prepare(ctx context.Context, dataset, checksum string) error {
	return s.build(ctx, tables, [][2]string{{"version", fmt.Sprint(Version)}, {"dataset", dataset}, {"checksum", checksum}})
}

// build makes the tables where there are none, and checks what the file says about itself.
func (s *Store) build(ctx context.Context, tables string, about [][2]string) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, tables); err != nil {
			return err
		}
		for _, x := range about {
			if _, err := tx.ExecContext(ctx, "INSERT INTO about VALUES (?, ?) ON CONFLICT DO NOTHING", x[0], x[1]); err != nil {
				return err
			}
			var is string
			if err := tx.QueryRowContext(ctx, "SELECT value FROM about WHERE name = ?", x[0]).Scan(&is); err != nil {
				return err
			}
			if is != x[1] {
				return fmt.Errorf("it is a store with %s %s, not %s: the same ids would mean other items", x[0], is, x[1])
			}
		}
		return nil
	})
}

// Open opens a store to read it, also from a place where nothing can be written.
func Open(ctx context.Context, path string) (*Store, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("memory: %w", err) // SQLite would say less
	}
	ways := []string{"mode=ro&_pragma=busy_timeout(30000)"}
	if log, err := os.Stat(path + "-wal"); errors.Is(err, fs.ErrNotExist) || err == nil && log.Size() == 0 {
		ways = append(ways, "mode=ro&immutable=1") // nobody writes, and nothing can be written beside it
	}
	var first error
	for _, way := range ways {
		s, err := open(path, way)
		if err != nil {
			return nil, err
		}
		var version string
		err = s.db.QueryRowContext(ctx, "SELECT value FROM about WHERE name = 'version'").Scan(&version)
		if err == nil && version != fmt.Sprint(Version) {
			err = fmt.Errorf("its version is %s, want %d", version, Version)
		}
		if err == nil {
			return s, nil
		}
		if first == nil {
			first = err
		}
		_ = s.Close() // nothing was written
	}
	return nil, fmt.Errorf("memory: %s is no store of memories: %w", path, first)
}

func open(path, options string) (*Store, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: filepath.ToSlash(abs), RawQuery: options}).String())
	if err != nil {
		return nil, fmt.Errorf("memory: %s: %w", path, err)
	}
	return &Store{db: db, path: path}, nil
}

// Close closes it.
func (s *Store) Close() error { return s.db.Close() }

// Dataset is the name of the data set whose items it knows.
func (s *Store) Dataset(ctx context.Context) (name string, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT value FROM about WHERE name = 'dataset'").Scan(&name)
	return name, s.wrap(err)
}

// Put stores what sources say, all of it or nothing. What is there already is not written again, and keeps its time.
func (s *Store) Put(ctx context.Context, entries ...Entry) error {
	for _, e := range entries {
		if e.Item == "" || e.Source == "" || e.Outcome == "" {
			panic("memory: an entry without item, source or outcome")
		}
		for _, v := range e.Values {
			switch {
			case !form.MatchString(v.Field):
				return fmt.Errorf("memory: field %q: want small letters, digits and _", v.Field)
			case Excluded(v.Field):
				return fmt.Errorf("memory: field %q says what became of an item later: see memory.Excluded", v.Field)
			case v.Written != "" && !isDay(v.Written):
				return fmt.Errorf("memory: %s of item %s was written at %q: want a day as 2006-01-02", v.Field, e.Item, v.Written)
			}
		}
	}
	return s.wrap(s.write(ctx, func(tx *sql.Tx) error {
		for _, e := range entries {
			if err := put(ctx, tx, e); err != nil {
				return err
			}
		}
		return nil
	}))
}

func put(ctx context.Context, tx *sql.Tx, e Entry) error {
	if _, err := tx.ExecContext(ctx, "INSERT INTO source (name) VALUES (?) ON CONFLICT DO NOTHING", e.Source); err != nil {
		return err
	}
	at := e.At.UTC().Format(time.RFC3339)
	if _, err := tx.ExecContext(ctx, `INSERT INTO outcome VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE
		SET outcome = excluded.outcome, detail = excluded.detail, question = excluded.question, at = excluded.at
		WHERE (outcome, detail, question) IS NOT (excluded.outcome, excluded.detail, excluded.question)`,
		e.Item, e.Source, string(e.Outcome), plain(e.Detail), e.Question, at); err != nil {
		return err
	}
	kept := []any{e.Item, e.Source}
	for _, v := range e.Values {
		kept = append(kept, v.Field)
		if _, err := tx.ExecContext(ctx, `INSERT INTO value VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE
			SET value = excluded.value, licence = excluded.licence, written = excluded.written, prompt = excluded.prompt,
				model = excluded.model, fetched = excluded.fetched
			WHERE (value, licence, written, prompt, model) IS NOT
				(excluded.value, excluded.licence, excluded.written, excluded.prompt, excluded.model)`,
			e.Item, v.Field, e.Source, plain(v.Text), v.Licence, v.Written, v.Prompt, v.Model, at); err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, "DELETE FROM value WHERE item = ? AND source = ? AND field NOT IN ("+
		strings.TrimSuffix(strings.Repeat("?, ", len(e.Values)), ", ")+")", kept...)
	return err
}

// Retain takes out what other sources than these have put in, and makes these count in their order.
func (s *Store) Retain(ctx context.Context, sources []string) error {
	args := make([]any, len(sources))
	for n, name := range sources {
		args[n] = name
	}
	among := "NOT IN (" + strings.TrimSuffix(strings.Repeat("?, ", len(sources)), ", ") + ")"
	return s.wrap(s.write(ctx, func(tx *sql.Tx) error {
		for _, query := range []string{"DELETE FROM value WHERE source ", "DELETE FROM outcome WHERE source "} {
			if _, err := tx.ExecContext(ctx, query+among, args...); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM source"); err != nil {
			return err
		}
		for _, name := range sources {
			if _, err := tx.ExecContext(ctx, "INSERT INTO source (name) VALUES (?) ON CONFLICT DO NOTHING", name); err != nil {
				return err
			}
		}
		return nil
	}))
}

// plain is a text that SQLite keeps whole: valid, and without the byte that ends a text of C's.
func plain(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\x00", "")
}

func isDay(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}

func (s *Store) write(ctx context.Context, do func(tx *sql.Tx) error) error {
	s.writes.Lock()
	defer s.writes.Unlock()
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

func (s *Store) wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("memory: %s: %w", s.path, err)
}
