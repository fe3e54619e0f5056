// Package tiny makes models of a few hundred kilobytes that a real Ollama loads, for tests: no weight is downloaded or
// trained. They are files in GGUF, the format of llama.cpp.
package tiny

import (
	"math/rand/v2"
	"slices"
	"strings"
)

// general is how every model's description begins. A server that is asked for it leaves out the name, but not the description:
// by it such a model is recognised.
func general(architecture, kind string) []field {
	return []field{
		{"general.architecture", architecture},
		{"general.name", "llm4rec test: " + kind},
		{"general.description", "llm4rec test: " + kind},
		{"general.file_type", uint32(0)}, // float32
	}
}

// The kinds of tokens, as GGUF numbers them.
const normal, control = 1, 3

// weights draws from a normal distribution.
func weights(r *rand.Rand, n int, deviation float64) []float32 {
	w := make([]float32, n)
	for i := range w {
		w[i] = float32(r.NormFloat64() * deviation)
	}
	return w
}

func ones(n int) []float32 { return slices.Repeat([]float32{1}, n) }

// wordsOf are the different words of the texts, in lower case and sorted.
func wordsOf(texts []string) []string {
	var words []string
	for _, text := range texts {
		words = append(words, strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < '0' || r > '9')
		})...)
	}
	slices.Sort(words)
	return slices.Compact(words)
}
