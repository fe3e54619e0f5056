// Package sequence reads plain files of interactions in time order: "user item" a line, or "user item item …" a line.
//
// Time is the position in the user's sequence, from 0, and every rating is 1.
package sequence

import (
	"io/fs"
	"path"
	"strings"

	"llm4rec/data"
	"llm4rec/data/internal/lines"
)

const source = "sequence"

// Load reads a file in either form: it holds pairs if every line has at most two words, lists otherwise.
func Load(fsys fs.FS, name string) (*data.Dataset, error) {
	s, err := lines.Open(fsys, source, name)
	if err != nil {
		return nil, err
	}
	pairs := true
	var words [][]byte
	for line, ok := s.Next(); ok && pairs; line, ok = s.Next() {
		words = lines.Words(words[:0], line)
		pairs = len(words) <= 2
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	if pairs {
		return LoadPairs(fsys, name)
	}
	return LoadLists(fsys, name)
}

// LoadPairs reads one interaction a line: user and item.
func LoadPairs(fsys fs.FS, name string) (*data.Dataset, error) {
	b := data.NewBuilder(0)
	var words [][]byte
	err := lines.Each(fsys, source, name, func(s *lines.Scanner, line []byte) error {
		words = lines.Words(words[:0], line)
		if len(words) != 2 {
			return s.Errorf("want a user and an item, got %d words", len(words))
		}
		if err := text(s, words); err != nil {
			return err
		}
		b.AddNext(words[0], words[1], 1)
		return nil
	})
	return build(b, name, err)
}

// LoadLists reads one user a line: the user, then all items. No user may have two lines.
func LoadLists(fsys fs.FS, name string) (*data.Dataset, error) {
	b := data.NewBuilder(0)
	line1 := map[string]int{}
	var words [][]byte
	err := lines.Each(fsys, source, name, func(s *lines.Scanner, line []byte) error {
		words = lines.Words(words[:0], line)
		if len(words) < 2 {
			return s.Errorf("want a user and at least one item, got %d words", len(words))
		}
		if err := text(s, words); err != nil {
			return err
		}
		if n, ok := line1[string(words[0])]; ok {
			return s.Errorf("user %q has a line already, %d", words[0], n)
		}
		line1[string(words[0])] = s.Line()
		for _, item := range words[1:] {
			b.AddNext(words[0], item, 1)
		}
		return nil
	})
	return build(b, name, err)
}

// text checks that ids can be printed and written to other files.
func text(s *lines.Scanner, words [][]byte) error {
	for _, w := range words {
		if _, err := lines.UTF8(w); err != nil {
			return s.Errorf("%w", err)
		}
	}
	return nil
}

func build(b *data.Builder, name string, err error) (*data.Dataset, error) {
	if err != nil {
		return nil, err
	}
	return b.Build(strings.TrimSuffix(path.Base(name), path.Ext(name)))
}
