package tiny

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// tensor is one array of a model, of row-major shape.
type tensor struct {
	name  string
	shape []int
	data  []float32
}

// field is one entry of a model's description: a string, bool, uint32, float32, []string or []int32.
type field struct {
	key   string
	value any
}

// The numbers that GGUF gives to types, and the multiple of bytes at which it places tensors.
const (
	typeUint32  = 4
	typeInt32   = 5
	typeFloat32 = 6
	typeBool    = 7
	typeString  = 8
	typeArray   = 9
	alignment   = 32
)

// gguf writes version 3 of the format, with tensors of float32: header, description, where the tensors lie, and the
// tensors. See https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
func gguf(fields []field, tensors []tensor) []byte {
	w := writer("GGUF")
	w.uint32(3)
	w.uint64(len(tensors))
	w.uint64(len(fields))
	for _, f := range fields {
		w.string(f.key)
		w.value(f.value)
	}
	at := 0
	for _, t := range tensors {
		w.string(t.name)
		w.uint32(uint32(len(t.shape)))
		for _, n := range slices.Backward(t.shape) { // the innermost dimension comes first
			w.uint64(n)
		}
		w.uint32(0) // float32
		w.uint64(at)
		at += padded(4 * len(t.data))
	}
	w.pad()
	for _, t := range tensors {
		for _, x := range t.data {
			w.uint32(math.Float32bits(x))
		}
		w.pad()
	}
	return w
}

func padded(n int) int { return (n + alignment - 1) / alignment * alignment }

type writer []byte

func (w *writer) uint32(x uint32) { *w = binary.LittleEndian.AppendUint32(*w, x) }
func (w *writer) uint64(n int)    { *w = binary.LittleEndian.AppendUint64(*w, uint64(n)) }
func (w *writer) pad()            { *w = append(*w, make([]byte, padded(len(*w))-len(*w))...) }

func (w *writer) string(s string) {
	w.uint64(len(s))
	*w = append(*w, s...)
}

func (w *writer) value(value any) {
	switch v := value.(type) {
	case uint32:
		w.uint32(typeUint32)
		w.uint32(v)
	case float32:
		w.uint32(typeFloat32)
		w.uint32(math.Float32bits(v))
	case bool:
		w.uint32(typeBool)
		b := byte(0)
		if v {
			b = 1
		}
		*w = append(*w, b)
	case string:
		w.uint32(typeString)
		w.string(v)
	case []string:
		w.uint32(typeArray)
		w.uint32(typeString)
		w.uint64(len(v))
		for _, s := range v {
			w.string(s)
		}
	case []int32:
		w.uint32(typeArray)
		w.uint32(typeInt32)
		w.uint64(len(v))
		for _, x := range v {
			w.uint32(uint32(x))
		}
	default:
		panic(fmt.Sprintf("tiny: no type of GGUF for %T", value))
	}
}
