package cassette

import (
	"bytes"
	"io"
)

// scanner reads members in their order, and passes over what is none.
type scanner struct {
	r    io.ReaderAt
	size int64 // of the file
	off  int64 // of buf in it
	buf  []byte
}

// peek returns up to n bytes.
func (s *scanner) peek(off int64, n int64) ([]byte, error) {
	n = min(n, s.size-off)
	if off < s.off || off+n > s.off+int64(len(s.buf)) {
		want := min(max(n, 1<<20), s.size-off)
		if int64(cap(s.buf)) < want {
			s.buf = make([]byte, want)
		}
		s.off, s.buf = off, s.buf[:want]
		if _, err := s.r.ReadAt(s.buf, off); err != nil {
			s.buf = nil
			return nil, err
		}
	}
	return s.buf[off-s.off:][:n], nil
}

// member returns the one that begins there, whole and sound, or nil.
func (s *scanner) member(off int64) ([]byte, error) {
	begin, err := s.peek(off, namesAt)
	if err != nil {
		return nil, err
	}
	n := length(begin)
	if n <= namesAt || n > s.size-off {
		return nil, nil
	}
	m, err := s.peek(off, n)
	if err != nil || !sound(m) {
		return nil, err
	}
	return m, nil
}

// find returns where the next member begins, or -1.
func (s *scanner) find(off int64) (int64, error) {
	for off < s.size {
		part, err := s.peek(off, 1<<20)
		if err != nil {
			return -1, err
		}
		n := bytes.Index(part, []byte(magic))
		if n < 0 {
			off += int64(max(1, len(part)-len(magic)+1))
			continue
		}
		off += int64(n)
		if m, err := s.member(off); m != nil || err != nil {
			return off, err
		}
		off++
	}
	return -1, nil
}

// all calls each for every member from off on. It returns the end of the last one, and how many stretches before that are
// none: a length that is wrong must not hide what follows, nor have it cut off as torn.
func (s *scanner) all(off int64, each func(off int64, member []byte) error) (end int64, damaged int, err error) {
	for off < s.size {
		m, err := s.member(off)
		if err != nil {
			return off, damaged, err
		}
		if m == nil {
			next, err := s.find(off + 1)
			if next < 0 || err != nil {
				return off, damaged, err
			}
			damaged++
			off = next
			continue
		}
		if err := each(off, m); err != nil {
			return off, damaged, err
		}
		off += int64(len(m))
	}
	return off, damaged, nil
}
