package data

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"sync"
)

// Split is one division of a data set into what models may learn from and what they are asked.
type Split struct {
	Method string
	Train  *Train
	Valid  Part
	Test   Part
	// Skipped counts users that are not asked, by reason. They are shown beside every result.
	Skipped map[string]int
}

// Train is all that a model may see: the training interactions, the text of users and items, and the validation part
// for early stopping. It holds no test case.
type Train struct {
	NumUsers, NumItems int
	Users, Items       *Index       // raw ids
	Inter              Interactions // canonical order
	UserText, ItemText Fields
	Valid              Part

	once   sync.Once
	matrix *Matrix
}

// Checksum identifies what a model may learn from: the training interactions and the validation cases (SHA-256,
// hexadecimal).
func (t *Train) Checksum() string {
	h := sha256.New()
	t.Inter.hash(h)
	t.Valid.hash(h)
	return hex.EncodeToString(h.Sum(nil))
}

// UserItem is the users × items matrix of training interactions, built once.
func (t *Train) UserItem() *Matrix {
	t.once.Do(func() { t.matrix = t.Inter.UserItem(t.NumUsers, t.NumItems) })
	return t.matrix
}

// Popularity counts the training interactions of every item.
func (t *Train) Popularity() []int64 {
	count := make([]int64, t.NumItems)
	for _, i := range t.Inter.Item {
		count[i]++
	}
	return count
}

// Case is one question: what will this user take next, given this history? It does not hold the answer.
type Case struct {
	User    int32
	History []int32 // oldest first
	Times   []int64 // of the history
	At      int64   // when the question is asked: the time of the first relevant interaction
}

// Part is a list of cases with their answers: Relevant[n] are the distinct items, ascending, that answer Cases[n].
type Part struct {
	Cases    []Case
	Relevant [][]int32
}

func (x Interactions) hash(h hash.Hash) {
	var buf []byte
	for n := range x.User {
		buf = binary.LittleEndian.AppendUint32(buf[:0], uint32(x.User[n]))
		buf = binary.LittleEndian.AppendUint32(buf, uint32(x.Item[n]))
		buf = binary.LittleEndian.AppendUint64(buf, uint64(x.Time[n]))
		h.Write(buf)
	}
}

func (p Part) hash(h hash.Hash) {
	var buf []byte
	for n, c := range p.Cases {
		buf = binary.LittleEndian.AppendUint32(buf[:0], uint32(c.User))
		buf = binary.LittleEndian.AppendUint64(buf, uint64(c.At))
		for _, list := range [][]int32{c.History, p.Relevant[n]} {
			buf = binary.LittleEndian.AppendUint32(buf, uint32(len(list)))
			for _, i := range list {
				buf = binary.LittleEndian.AppendUint32(buf, uint32(i))
			}
		}
		h.Write(buf)
	}
}

// Checksum identifies the training interactions and the cases (SHA-256, hexadecimal). Results are compared by user only
// where it is equal.
func (s *Split) Checksum() string {
	h := sha256.New()
	s.Train.Inter.hash(h)
	s.Valid.hash(h)
	s.Test.hash(h)
	return hex.EncodeToString(h.Sum(nil))
}
