package cassette

import (
	"cmp"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"slices"

	"llm4rec/llm"
)

// Answers are packed together on a merge, since their prompts have most in common. A replay has to unpack them together too,
// which is why they are few.
const (
	packAnswers = 8
	packBytes   = 64 << 10
)

// Merged says what became of the answers of a merge's sources.
type Merged struct {
	Added     int
	Same      int      // had the destination already
	Conflicts []string // keys of those to which the destination had another answer, which it keeps
	Damaged   int      // stretches of the sources that are no answers
}

// Merge appends to a cassette what others have and it has not, in their order. It need not exist: so one is compacted. Where
// two answer the same request differently, the first counts. Times are not an answer's difference.
func Merge(dst string, srcs ...string) (m Merged, err error) {
	log := slog.Default()
	to, err := openToAppend(dst, log)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, to.close()) }()
	for _, src := range srcs {
		if err := m.from(to, src, log); err != nil {
			return m, err
		}
	}
	return m, nil
}

func (m *Merged) from(to *file, src string, log *slog.Logger) (err error) {
	from, err := openToRead(src, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.close()) }()
	if same, err := sameFile(to.f, from.f); err != nil {
		return from.wrap(err)
	} else if same {
		return from.wrap(errors.New("it is to be merged into itself"))
	}
	m.Damaged += from.damaged
	var batch []record
	size := 0
	for _, key := range from.order() {
		rec, err := from.record(key)
		if err != nil {
			return err
		}
		batch, size = append(batch, rec), size+len(rec.line)
		if len(batch) >= packAnswers || size >= packBytes {
			if err := m.add(to, batch); err != nil {
				return err
			}
			batch, size = nil, 0
		}
	}
	return m.add(to, batch)
}

func sameFile(a, b *os.File) (bool, error) {
	x, err := a.Stat()
	if err != nil {
		return false, err
	}
	y, err := b.Stat()
	return err == nil && os.SameFile(x, y), err
}

func (m *Merged) add(to *file, batch []record) error {
	var there []record
	err := to.put(func(has func(digest) bool) []byte {
		var missing []record
		for _, rec := range batch {
			if has(rec.key) {
				there = append(there, rec)
			} else {
				missing = append(missing, rec)
			}
		}
		if missing == nil {
			return nil
		}
		return pack(missing...)
	})
	if err != nil {
		return err
	}
	m.Added += len(batch) - len(there)
	for _, rec := range there {
		theirs, err := parse[answer](rec.line, 0)
		if err != nil {
			return err
		}
		ours, _, err := to.get(rec.key)
		if err != nil {
			return err
		}
		if said(ours) == said(theirs.Response) {
			m.Same++
		} else {
			m.Conflicts = append(m.Conflicts, theirs.Key)
		}
	}
	return nil
}

// said is an answer without its circumstances.
func said(r llm.Response) string {
	text, err := json.Marshal(llm.Response{Text: r.Text, Finish: r.Finish, Tokens: r.Tokens})
	if err != nil {
		panic("cassette: " + err.Error()) // it comes from JSON
	}
	return string(text)
}

// order is that of the answers in the file.
func (c *file) order() []digest {
	c.mu.Lock()
	defer c.mu.Unlock()
	keys := make([]digest, 0, len(c.at))
	for key := range c.at {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b digest) int {
		x, y := c.at[a], c.at[b]
		return cmp.Or(cmp.Compare(x.off, y.off), cmp.Compare(x.line, y.line))
	})
	return keys
}

// record returns an answer as it stands in the file.
func (c *file) record(key digest) (record, error) {
	text, line, _, err := c.text(key)
	if err != nil {
		return record{}, err
	}
	raw, err := cut(text, line)
	if err != nil {
		return record{}, c.wrap(err)
	}
	v, err := parse[voice](raw, 0)
	return record{key, whoIs(v.Named, v.Identity), append(slices.Clip(raw), '\n')}, c.wrap(err)
}
