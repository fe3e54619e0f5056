package serve

import (
	"crypto/sha256"
	"encoding/binary"

	"llm4rec/llm"
)

// digest stands for a conversation up to now, or for the id of one.
type digest [sha256.Size]byte

// owner is who a conversation belongs to: a key, or nobody's, and the user for whom they speak.
func owner(key digest, user string) digest { return digest{}.with("owner", string(key[:]), user) }

// with goes on from a digest. Parts cannot run into each other.
func (d digest) with(parts ...string) digest {
	h := sha256.New()
	h.Write(d[:])
	var size [8]byte
	for _, part := range parts {
		binary.BigEndian.PutUint64(size[:], uint64(len(part)))
		h.Write(size[:])
		h.Write([]byte(part))
	}
	return digest(h.Sum(nil))
}

// id is the digest of a session that its client names.
func (d digest) id(name string) digest { return d.with("id", name) }

// showing is the digest when items have been shown.
func (d digest) showing(items []int32) digest {
	var b []byte
	for _, n := range items {
		b = binary.BigEndian.AppendUint32(b, uint32(n))
	}
	return d.with("shown", string(b))
}

// after is the digest when more has been said.
func (d digest) after(said ...llm.Message) digest {
	for _, m := range said {
		d = d.with("said", m.Role, m.Content)
	}
	return d
}
