package tiny

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
)

func TestSameSeedSameBytes(t *testing.T) {
	words := []string{"the city museum", "A museum, early."}
	model := BERT(1, 32, words)
	if !bytes.Equal(model, BERT(1, 32, words)) {
		t.Error("two models of one seed differ")
	}
	if bytes.Equal(model, BERT(2, 32, words)) {
		t.Error("models of two seeds are equal")
	}
	if string(model[:4]) != "GGUF" || binary.LittleEndian.Uint32(model[4:]) != 3 || len(model)%alignment != 0 {
		t.Error("not a file in GGUF")
	}
}

func TestVocabulary(t *testing.T) {
	pieces, kinds := wordPieces([]string{"City, museum", "museum x 42"})
	if len(pieces) != len(kinds) || !slices.Equal(pieces[:2], []string{"[PAD]", "[UNK]"}) || !slices.Equal(pieces[len(pieces)-3:], []string{"▁42", "▁city", "▁museum"}) {
		t.Errorf("%d kinds of %q", len(kinds), pieces)
	}
}
