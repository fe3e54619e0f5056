package cassette

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"sync"

	"llm4rec/llm"
)

// A member begins with gzip's header, whose extra field has a subfield of ours: the length of the whole member, a checksum of
// it, and for each of its lines the answer's key and a short name for who answered. So an index is read without unpacking
// anything, and what follows damage is found again.
const (
	magic    = "\x1f\x8b\x08\x04" // gzip, deflate, an extra field
	subfield = "LR"
	lengthAt = 16
	sumAt    = lengthAt + 4
	namesAt  = sumAt + 4
	nameSize = sha256.Size + 8
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

type (
	digest [sha256.Size]byte
	who    [8]byte
)

// digestOf reads a key of llm.Request.Key's.
func digestOf(key string) (d digest) {
	if n, err := hex.Decode(d[:], []byte(key)); err != nil || n != len(d) {
		panic(fmt.Sprintf("cassette: key %q is no SHA-256", key))
	}
	return d
}

func whoIs(named, id llm.Identity) who {
	sum := sha256.Sum256([]byte(named.Key() + "\n" + id.Key()))
	return who(sum[:8])
}

// record is an answer as it stands in the file.
type record struct {
	key  digest
	who  who
	line []byte // with its end
}

var writers = sync.Pool{New: func() any { return gzip.NewWriter(nil) }} // one is nearly a megabyte

// pack makes a member.
func pack(records ...record) []byte {
	extra := make([]byte, 0, namesAt-12+nameSize*len(records))
	extra = append(extra, subfield...)
	extra = binary.LittleEndian.AppendUint16(extra, uint16(namesAt-lengthAt+nameSize*len(records)))
	extra = append(extra, make([]byte, namesAt-lengthAt)...)
	for _, r := range records {
		extra = append(append(extra, r.key[:]...), r.who[:]...)
	}
	var out bytes.Buffer
	w := writers.Get().(*gzip.Writer)
	defer writers.Put(w)
	w.Reset(&out)
	w.Extra = extra
	for _, r := range records {
		must(w.Write(r.line))
	}
	must(0, w.Close())
	member := out.Bytes()
	binary.LittleEndian.PutUint32(member[lengthAt:], uint32(len(member)))
	binary.LittleEndian.PutUint32(member[sumAt:], checksum(member))
	return member
}

// must is for writing to memory.
func must(_ int, err error) {
	if err != nil {
		panic("cassette: " + err.Error())
	}
}

func checksum(member []byte) uint32 {
	sum := crc32.Checksum(member[:sumAt], castagnoli)
	return crc32.Update(sum, castagnoli, member[namesAt:])
}

// length is that of the member which begins so, or 0.
func length(begin []byte) int64 {
	if len(begin) < namesAt || string(begin[:4]) != magic || string(begin[12:14]) != subfield {
		return 0
	}
	return int64(binary.LittleEndian.Uint32(begin[lengthAt:]))
}

func sound(member []byte) bool {
	return checksum(member) == binary.LittleEndian.Uint32(member[sumAt:]) && namesAt+nameSize*lines(member) < len(member)
}

// lines is how many answers a member has.
func lines(member []byte) int {
	return (int(binary.LittleEndian.Uint16(member[14:])) - (namesAt - lengthAt)) / nameSize
}

// name says whose answer a line is, and to what.
func name(member []byte, line int) (digest, who) {
	at := member[namesAt+nameSize*line:]
	return digest(at[:sha256.Size]), who(at[sha256.Size:nameSize])
}

var readers = sync.Pool{New: func() any { return new(gzip.Reader) }}

// unpack returns the text of a member.
func unpack(member []byte) ([]byte, error) {
	r := readers.Get().(*gzip.Reader)
	defer readers.Put(r)
	if err := r.Reset(bytes.NewReader(member)); err != nil {
		return nil, err
	}
	// The last four bytes are the length of the text, but not to be relied on.
	out := bytes.NewBuffer(make([]byte, 0, min(binary.LittleEndian.Uint32(member[len(member)-4:]), 1<<20)+bytes.MinRead))
	if _, err := io.Copy(out, r); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
