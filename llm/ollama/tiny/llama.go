package tiny

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// The vocabulary of chat models: the 256 bytes, and what marks turns. A text of n bytes has n tokens.
const (
	begin = 256 + iota // the beginning of everything
	turn               // the beginning of a turn
	End                // the end of a turn, and of an answer
	vocabulary
)

var marks = []string{"<|endoftext|>", "<|im_start|>", "<|im_end|>"}

// chatML is the template that Ollama recognises, by its own list, as that of ChatML. An answer begins after a new line.
const chatML = "{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"

// Random is a chat model with random weights, whose window has so many tokens. It writes printable ASCII, in answers of some
// hundred characters that depend on all of the prompt. Another seed makes another model.
func Random(seed uint64, window int) []byte { return random(seed, window, false) }

// Endless is Random whose answers end with the window alone, or where it is told to stop. With temperature 0 it may come to
// repeat one character, and Ollama stops a model that does.
func Endless(seed uint64, window int) []byte { return random(seed, window, true) }

func random(seed uint64, window int, endless bool) []byte {
	const hidden = 64
	r := rand.New(rand.NewPCG(seed, 0))
	m := llama{window: window, hidden: hidden, layers: 2, embed: weights(r, vocabulary*hidden, 1), head: weights(r, vocabulary*hidden, .6)}
	m.weights = func(n int) []float32 { return weights(r, n, .2) }
	// The first coordinate is the same at every place, and no layer changes it: the head uses it to rule tokens out.
	m.added = func(out, in int) []float32 {
		w := m.weights(out * in)
		clear(w[:in])
		return w
	}
	for token := range vocabulary {
		m.embed[token*hidden] = 8
		m.head[token*hidden] = 0
		if !printable(token) && (token != End || endless) {
			m.head[token*hidden] = -8
		}
	}
	return m.gguf("random weights")
}

func printable(token int) bool { return token >= ' ' && token <= '~' }

// Bigrams are the probabilities of what follows a byte, in the answers that they were learnt from.
type Bigrams [vocabulary][vocabulary]float64

// Learn counts what follows what. Each answer begins after a new line and ends with End. One time in a hundred, and after what
// was in no answer, any printable character or End follows.
func Learn(answers ...string) *Bigrams {
	b := new(Bigrams)
	for _, answer := range answers {
		last := int('\n')
		for _, next := range []byte(answer) {
			b[last][next]++
			last = int(next)
		}
		b[last][End]++
	}
	choices := 0
	for token := range vocabulary {
		if printable(token) || token == End {
			choices++
		}
	}
	for last := range b {
		sum, chance := 0., 1.
		for _, n := range b[last] {
			sum += n
		}
		if sum > 0 {
			chance = .01
		}
		for next := range b[last] {
			if sum > 0 {
				b[last][next] *= (1 - chance) / sum
			}
			if printable(next) || next == End {
				b[last][next] += chance / float64(choices)
			}
		}
	}
	return b
}

// Model is the chat model that continues with these probabilities, whatever was before the last byte.
func (b *Bigrams) Model(window int) []byte {
	const hidden = (vocabulary + 31) / 32 * 32
	root := math.Sqrt(hidden)
	m := llama{window: window, hidden: hidden, layers: 1, embed: make([]float32, vocabulary*hidden), head: make([]float32, vocabulary*hidden)}
	m.weights = func(n int) []float32 { return make([]float32, n) } // layers add nothing
	m.added = func(out, in int) []float32 { return m.weights(out * in) }
	for last := range vocabulary {
		m.embed[last*hidden+last] = float32(root) // of mean square 1, which the normalisation leaves alone
		for next, p := range b[last] {
			m.head[next*hidden+last] = float32(math.Log(max(p, 1e-12)) / root)
		}
	}
	return m.gguf("bigrams")
}

// llama is a model of that architecture.
type llama struct {
	window, hidden, layers int
	embed, head            []float32
	weights                func(n int) []float32
	added                  func(out, in int) []float32 // the weights of what a layer adds to its input
}

func (m llama) gguf(kind string) []byte {
	const (
		heads = 4
		inner = 64
	)
	d := m.hidden
	var tensors []tensor
	add := func(name string, data []float32, shape ...int) { tensors = append(tensors, tensor{name, shape, data}) }
	add("token_embd.weight", m.embed, vocabulary, d)
	for layer := range m.layers {
		block := fmt.Sprintf("blk.%d.", layer)
		add(block+"attn_norm.weight", ones(d), d)
		for _, part := range []string{"attn_q", "attn_k", "attn_v"} {
			add(block+part+".weight", m.weights(d*d), d, d)
		}
		add(block+"attn_output.weight", m.added(d, d), d, d)
		add(block+"ffn_norm.weight", ones(d), d)
		for _, part := range []string{"ffn_gate", "ffn_up"} {
			add(block+part+".weight", m.weights(inner*d), inner, d)
		}
		add(block+"ffn_down.weight", m.added(d, inner), d, inner)
	}
	add("output_norm.weight", ones(d), d)
	add("output.weight", m.head, vocabulary, d)

	pieces := append(byteTokens(), marks...)
	kinds := slices.Repeat([]int32{normal}, vocabulary)
	for n := begin; n < vocabulary; n++ {
		kinds[n] = control
	}
	return gguf(append(general("llama", kind), []field{
		{"llama.vocab_size", uint32(vocabulary)},
		{"llama.block_count", uint32(m.layers)},
		{"llama.context_length", uint32(m.window)},
		{"llama.embedding_length", uint32(d)},
		{"llama.feed_forward_length", uint32(inner)},
		{"llama.attention.head_count", uint32(heads)},
		{"llama.attention.head_count_kv", uint32(heads)},
		{"llama.rope.dimension_count", uint32(d / heads)},
		{"llama.attention.layer_norm_rms_epsilon", float32(1e-5)},
		{"tokenizer.ggml.model", "gpt2"},
		{"tokenizer.ggml.pre", "llama-bpe"},
		{"tokenizer.ggml.tokens", pieces},
		{"tokenizer.ggml.token_type", kinds},
		{"tokenizer.ggml.merges", []string{}}, // bytes stay bytes
		{"tokenizer.ggml.bos_token_id", uint32(begin)},
		{"tokenizer.ggml.eos_token_id", uint32(End)},
		{"tokenizer.ggml.add_bos_token", true},
		{"tokenizer.chat_template", chatML},
	}...), tensors)
}

// byteTokens are the bytes as GPT-2 spells them: those that are printable in Latin-1 as themselves, the others, in their order,
// as the characters from 256 on.
func byteTokens() []string {
	tokens := make([]string, 256)
	next := rune(256)
	for b := range tokens {
		if b >= '!' && b <= '~' || b >= 0xa1 && b != 0xad {
			tokens[b] = string(rune(b))
		} else {
			tokens[b] = string(next)
			next++
		}
	}
	return tokens
}
