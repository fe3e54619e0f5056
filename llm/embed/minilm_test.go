package embed_test

import (
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"llm4rec/llm/llmtest"
	"llm4rec/llm/ollama/ollamatest"
)

// TestMiniLM: the vectors of all-MiniLM-L6-v2 that a real Ollama gives us, in batches, are those of sentence-transformers, up to
// the float16 in which Ollama keeps the weights. Accents are another matter: Ollama's tokeniser leaves them on, and the model
// then knows no word that has one, which is why models of texts can take them off before.
func TestMiniLM(t *testing.T) {
	python := os.Getenv("LLM4REC_MINILM")
	if python == "" {
		t.Skip("LLM4REC_MINILM names no Python that has the real weights: see bench/peers")
	}
	script := filepath.Join("..", "..", "bench", "peers", "minilm.py")
	s := ollamatest.Start(t)
	if out, err := exec.CommandContext(t.Context(), python, script, "create", s.URL).CombinedOutput(); err != nil {
		t.Fatalf("minilm.py create: %v\n%s", err, out)
	}
	texts := append(titles(40), "Star Wars 1977 Action Adventure Romance Sci-Fi War", "L'Amour & 東京", strings.Repeat("a very long plot ", 40))
	in, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), python, script, "embed")
	c.Stdin, c.Stderr = strings.NewReader(string(in)), os.Stderr
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	var want [][]float64
	if err := json.Unmarshal(out, &want); err != nil {
		t.Fatal(err)
	}
	b := batcher(t, &llmtest.Server{URL: s.URL})
	b.Embedder = client(t, s.URL, "all-minilm")
	got, report, err := b.Run(t.Context(), texts)
	if err != nil || report.Dimension != 384 {
		t.Fatalf("%+v, %v", report, err)
	}
	for n := range texts {
		var dot, norm float64
		for i, x := range got[n] {
			dot, norm = dot+float64(x)*want[n][i], norm+float64(x)*float64(x)
		}
		if cos := dot / math.Sqrt(norm); cos < .9999 {
			t.Errorf("%.40q: a cosine of %.6f with the reference", texts[n], cos)
		}
	}
}
