// Package data holds recommendation data with dense ids: data sets, filters and splits.
//
// A [Dataset] is what a loader returns. A [Split] of it hands a model the [Train] part, which holds no test case, and
// the harness the test cases with their answers.
package data

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
)

// Dataset is a set of interactions with dense ids and the text of its users and items.
//
// Interactions stand in canonical order: by user, then time, then position in the source file. Item and user indexes
// ascend with the raw id: numerically where every id is a decimal number, bytewise otherwise.
type Dataset struct {
	Name     string
	Users    *Index
	Items    *Index
	Inter    Interactions
	UserText Fields
	ItemText Fields
	// Given is the split that the publisher made, nil for most data sets.
	Given *Given
	// Notes say what a reader of any table over this data set must know, such as "synthetic".
	Notes []string
	// UnratedItems counts items that the source describes but nobody interacted with, if they are not in the catalogue: see
	// [Builder.KeepDescribedItems].
	UnratedItems int
}

// Interactions holds one interaction a position, as parallel slices of equal length.
// Rating is 1 and Time the position in the user's sequence where a source has neither.
type Interactions struct {
	User, Item []int32
	Rating     []float32
	Time       []int64 // seconds since 1970, or any number that grows with time
}

// Len is the number of interactions.
func (x Interactions) Len() int { return len(x.User) }

// Take returns the interactions at the given positions, in that order.
func (x Interactions) Take(positions []int) Interactions {
	y := Interactions{make([]int32, len(positions)), make([]int32, len(positions)), make([]float32, len(positions)), make([]int64, len(positions))}
	for n, p := range positions {
		y.User[n], y.Item[n], y.Rating[n], y.Time[n] = x.User[p], x.Item[p], x.Rating[p], x.Time[p]
	}
	return y
}

// Given is a split that a data set brings with it. Interactions of the data set with Train[n] are the training part.
type Given struct {
	Train       []bool
	Valid, Test Part
}

// Index maps raw ids to dense ids and back. It is immutable.
type Index struct {
	raw   []string
	dense map[string]int32
}

// NewIndex indexes ids in the order given. Ids must be distinct.
func NewIndex(ids []string) *Index {
	x := &Index{ids, make(map[string]int32, len(ids))}
	for n, id := range ids {
		x.dense[id] = int32(n)
	}
	return x
}

// Len is the number of ids.
func (x *Index) Len() int { return len(x.raw) }

// Raw is the source's own name of the dense id n.
func (x *Index) Raw(n int32) string { return x.raw[n] }

// Dense finds the dense id of a raw one.
func (x *Index) Dense(raw string) (int32, bool) { n, ok := x.dense[raw]; return n, ok }

// Checksum identifies the content: ids, interactions, text and the given split, in order (SHA-256, hexadecimal).
// Name and notes do not count: the same content under another name is the same data.
func (d *Dataset) Checksum() string {
	h := sha256.New()
	buf := make([]byte, 0, 1<<16)
	flush := func() { h.Write(buf); buf = buf[:0] }
	num := func(v uint64) {
		if len(buf)+8 > cap(buf) {
			flush()
		}
		buf = binary.LittleEndian.AppendUint64(buf, v)
	}
	str := func(s string) { num(uint64(len(s))); buf = append(buf, s...) }
	for _, x := range []*Index{d.Users, d.Items} {
		num(uint64(x.Len()))
		for _, id := range x.raw {
			str(id)
		}
	}
	num(uint64(d.Inter.Len()))
	for n := range d.Inter.User {
		num(uint64(uint32(d.Inter.User[n]))<<32 | uint64(uint32(d.Inter.Item[n])))
		num(uint64(math.Float32bits(d.Inter.Rating[n])))
		num(uint64(d.Inter.Time[n]))
	}
	for _, fields := range []Fields{d.UserText, d.ItemText} {
		num(uint64(len(fields)))
		for _, f := range fields {
			str(f.Name)
			str(string(f.Kind))
			for _, v := range f.Values {
				str(v)
			}
		}
	}
	flush()
	if d.Given != nil {
		buf = fmt.Append(buf, d.Given.Train)
		flush()
		d.Given.Valid.hash(h)
		d.Given.Test.hash(h)
	}
	return hex.EncodeToString(h.Sum(nil))
}
