package cassette

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"llm4rec/llm"
)

// Entry is a line of a cassette.
type Entry struct {
	Key      string       `json:"key"` // Request.Key(Identity)
	At       time.Time    `json:"at"`
	Named    llm.Identity `json:"named"`    // what was known of the model without asking it
	Identity llm.Identity `json:"identity"` // what answered
	Request  llm.Request  `json:"request"`
	Response llm.Response `json:"response"`
}

// Entries are the answers that can be replayed, in the order of the file, until the first error.
func (c *Cassette) Entries() iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		if c.file == nil {
			return
		}
		for _, key := range c.file.order() {
			e, err := c.file.entry(key)
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

func (c *file) entry(key digest) (e Entry, err error) {
	text, line, _, err := c.text(key)
	if err != nil {
		return e, err
	}
	if e, err = parse[Entry](text, line); err == nil && e.Key != hex.EncodeToString(key[:]) {
		err = errors.New("an answer has changed since it was read")
	}
	return e, c.wrap(err)
}

// record writes the entry down.
func (e Entry) record() (record, error) {
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false) // people read it
	if err := enc.Encode(e); err != nil {
		return record{}, fmt.Errorf("cassette: %w", err)
	}
	return record{digestOf(e.Key), whoIs(e.Named, e.Identity), line.Bytes()}, nil
}

// holds tells whether a line has one of the secrets in it, as such or as JSON writes it.
func holds(line []byte, secrets []string) bool {
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		var quoted strings.Builder
		enc := json.NewEncoder(&quoted)
		enc.SetEscapeHTML(false)
		if enc.Encode(secret) != nil {
			return true // a text always has JSON
		}
		if bytes.Contains(line, []byte(secret)) || bytes.Contains(line, []byte(strings.Trim(quoted.String(), "\"\n"))) {
			return true
		}
	}
	return false
}

// answer is what a replay needs of a line.
type answer struct {
	Key      string       `json:"key"`
	Response llm.Response `json:"response"`
}

// cut returns one of the lines.
func cut(text []byte, line int) ([]byte, error) {
	for range line {
		n := bytes.IndexByte(text, '\n')
		if n < 0 {
			return nil, fmt.Errorf("line %d is missing", line+1)
		}
		text = text[n+1:]
	}
	if n := bytes.IndexByte(text, '\n'); n >= 0 {
		text = text[:n]
	}
	return text, nil
}

func parse[T any](text []byte, line int) (v T, err error) {
	if text, err = cut(text, line); err == nil {
		err = json.Unmarshal(text, &v)
	}
	return v, err
}
