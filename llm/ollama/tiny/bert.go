package tiny

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Window is how many tokens a text may have for an embedding model of this package, those that mark its ends among them.
const Window = 64

// BERT is an embedding model of the given dimension, a multiple of 32, that knows the words of the vocabulary whole and
// spells others. Its weights are random, but the embeddings of words dominate: a vector is near a random projection of
// the text's bag of words, so that texts which share words are near each other. Another seed makes another model.
func BERT(seed uint64, dimension int, vocabulary []string) []byte {
	const (
		layers = 2
		heads  = 4
		inner  = 64
		small  = 0.05 // the deviation of all weights but those of words
	)
	r := rand.New(rand.NewPCG(seed, 0))
	pieces, kinds := wordPieces(vocabulary)

	var tensors []tensor
	add := func(name string, data []float32, shape ...int) { tensors = append(tensors, tensor{name, shape, data}) }
	linear := func(name string, out, in int) {
		add(name+".weight", weights(r, out*in, small), out, in)
		add(name+".bias", make([]float32, out), out)
	}
	norm := func(name string) {
		add(name+".weight", ones(dimension), dimension)
		add(name+".bias", make([]float32, dimension), dimension)
	}
	add("token_embd.weight", weights(r, len(pieces)*dimension, 1), len(pieces), dimension)
	add("position_embd.weight", weights(r, Window*dimension, small), Window, dimension)
	add("token_types.weight", weights(r, 2*dimension, small), 2, dimension)
	norm("token_embd_norm")
	for layer := range layers {
		block := fmt.Sprintf("blk.%d.", layer)
		for _, part := range []string{"attn_q", "attn_k", "attn_v", "attn_output"} {
			linear(block+part, dimension, dimension)
		}
		norm(block + "attn_output_norm")
		linear(block+"ffn_up", inner, dimension)
		linear(block+"ffn_down", dimension, inner)
		norm(block + "layer_output_norm")
	}
	return gguf(append(general("bert", "a bag of words"), []field{
		{"bert.attention.causal", false},
		{"bert.pooling_type", uint32(1)}, // mean
		{"bert.block_count", uint32(layers)},
		{"bert.context_length", uint32(Window)},
		{"bert.embedding_length", uint32(dimension)},
		{"bert.feed_forward_length", uint32(inner)},
		{"bert.attention.head_count", uint32(heads)},
		{"bert.attention.layer_norm_epsilon", float32(1e-12)},
		{"tokenizer.ggml.model", "bert"},
		{"tokenizer.ggml.token_type_count", uint32(2)},
		{"tokenizer.ggml.tokens", pieces},
		{"tokenizer.ggml.token_type", kinds},
		{"tokenizer.ggml.padding_token_id", uint32(0)},
		{"tokenizer.ggml.unknown_token_id", uint32(1)},
		{"tokenizer.ggml.cls_token_id", uint32(2)},
		{"tokenizer.ggml.seperator_token_id", uint32(3)}, // llama.cpp's spelling
		{"tokenizer.ggml.mask_token_id", uint32(4)},
	}...), tensors)
}

// wordPieces is the vocabulary as llama.cpp wants it, a word's beginning marked by ▁: five special tokens, every
// character as a beginning and as a continuation, then the words.
func wordPieces(vocabulary []string) (pieces []string, kinds []int32) {
	seen := map[string]bool{}
	add := func(piece string, kind int32) {
		if !seen[piece] {
			seen[piece] = true
			pieces, kinds = append(pieces, piece), append(kinds, kind)
		}
	}
	for _, special := range []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"} {
		add(special, control)
	}
	for c := '!'; c <= '~'; c++ {
		character := strings.ToLower(string(c))
		add("▁"+character, normal)
		add(character, normal)
	}
	for _, word := range wordsOf(vocabulary) {
		add("▁"+word, normal)
	}
	return pieces, kinds
}
