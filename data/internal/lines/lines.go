// Package lines reads the text files of data sets line by line, and says where in a file an error is.
package lines

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// longest is the most bytes a line may have: a sequence file holds a whole history in one.
const longest = 64 << 20

// Scanner reads one file by lines. The line end, LF or CRLF, is not part of a line; the last line may lack it.
type Scanner struct {
	source, name string
	size         int64
	file         fs.File
	scan         *bufio.Scanner
	line         int
	err          error
}

// Open opens a file of a data set. The source, such as "movielens", begins every error.
func Open(fsys fs.FS, source, name string) (*Scanner, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", source, err)
	}
	s := New(f, source, name)
	s.file = f
	if info, err := f.Stat(); err == nil {
		s.size = info.Size()
	}
	return s, nil
}

// New reads lines from r, whose errors carry source and name.
func New(r io.Reader, source, name string) *Scanner {
	s := &Scanner{source: source, name: name, scan: bufio.NewScanner(r)}
	s.scan.Buffer(make([]byte, 0, 1<<18), longest)
	return s
}

// Size is the size of the file in bytes, 0 where it is unknown.
func (s *Scanner) Size() int64 { return s.size }

// Line is the number of the line that Next read, from 1.
func (s *Scanner) Line() int { return s.line }

// Next reads the next line. It returns nil and false at the end, and on an error, which Close returns.
// The line is valid until the next call.
func (s *Scanner) Next() ([]byte, bool) {
	if s.err != nil || !s.scan.Scan() {
		return nil, false
	}
	s.line++
	b := s.scan.Bytes()
	if s.line == 1 {
		b = bytes.TrimPrefix(b, []byte("\ufeff")) // a byte order mark says nothing in UTF-8
		if bytes.HasPrefix(b, []byte("\xff\xfe")) || bytes.HasPrefix(b, []byte("\xfe\xff")) {
			s.err = s.Errorf("the file is UTF-16, want UTF-8")
			return nil, false
		}
	}
	if n := bytes.IndexByte(b, 0); n >= 0 {
		s.err = s.Errorf("a zero byte in column %d: not a text file", n+1)
		return nil, false
	}
	if n := bytes.IndexByte(b, '\r'); n >= 0 {
		s.err = s.Errorf("a carriage return in column %d: lines end in LF or CRLF", n+1)
		return nil, false
	}
	return b, true
}

// Errorf makes an error about the current line: "source: file:line: …".
func (s *Scanner) Errorf(format string, args ...any) error {
	return fmt.Errorf("%s: %s:%d: %w", s.source, s.name, max(s.line, 1), fmt.Errorf(format, args...))
}

// Close closes the file and returns the first error of reading; an empty file is one.
func (s *Scanner) Close() error {
	err := s.err
	if err == nil {
		err = s.scan.Err()
		switch {
		case errors.Is(err, bufio.ErrTooLong):
			s.line++
			err = s.Errorf("a line of more than %d bytes", longest)
		case err != nil:
			err = fmt.Errorf("%s: %s: %w", s.source, s.name, err)
		case s.line == 0:
			err = fmt.Errorf("%s: %s: the file is empty", s.source, s.name)
		}
	}
	if s.file != nil {
		err = errors.Join(err, s.file.Close())
	}
	return err
}

// Each calls fn with every line of a file and stops at the first error.
func Each(fsys fs.FS, source, name string, fn func(s *Scanner, line []byte) error) error {
	s, err := Open(fsys, source, name)
	if err != nil {
		return err
	}
	for line, ok := s.Next(); ok; line, ok = s.Next() {
		if err := fn(s, line); err != nil {
			return errors.Join(err, s.file.Close())
		}
	}
	return s.Close()
}
