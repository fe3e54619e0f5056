package retrieve

import (
	"encoding/json"
	"errors"
	"hash/fnv"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"llm4rec/llm/ollama/ollamatest"
	"llm4rec/llm/ollama/tiny"
	"llm4rec/models"
	"llm4rec/models/dense"
)

// hashing is a server of OpenAI's kind whose vectors count words.
func hashing(t *testing.T, texts *atomic.Int64) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Input []string }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || r.Header.Get("Authorization") != "Bearer right" {
			http.Error(w, `{"error": {"message": "no"}}`, http.StatusUnauthorized)
			return
		}
		type row struct {
			Index     int       `json:"index"`
			Embedding []float64 `json:"embedding"`
		}
		var out struct {
			Data []row `json:"data"`
		}
		for n, text := range in.Input {
			texts.Add(1)
			v := make([]float64, 64)
			for _, word := range strings.Fields(text) {
				h := fnv.New32a()
				h.Write([]byte(word))
				v[h.Sum32()%64]++
			}
			norm := 0.
			for _, x := range v {
				norm += x * x
			}
			for d := range v {
				v[d] /= math.Sqrt(norm)
			}
			out.Data = append(out.Data, row{n, v})
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(out) // a client that has gone sees nothing
	}))
	t.Cleanup(s.Close)
	return s
}

func remote(t *testing.T, address string) Config {
	t.Helper()
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("OPENAI_API_KEY", "right")
	c := titles()
	c.Embedder, c.Model, c.BaseURL, c.Dimensions = "openai", "hashing", address+"/v1", 0
	return c
}

func TestServerEmbedsOnce(t *testing.T) {
	var texts atomic.Int64
	c := remote(t, hashing(t, &texts).URL)
	q := models.Query{History: []int32{0}, Exclude: []int32{0}, K: 2}
	for range 2 {
		if got := ranked(t, c, films(), q); !slices.Contains(got, 1) || !slices.Contains(got, 2) {
			t.Errorf("nearest to crime: %v", got)
		}
	}
	if n := texts.Load(); n != 5 {
		t.Errorf("the server embedded %d texts, want the 5 different ones once", n)
	}
	m, err := c.fit(t.Context(), films())
	if err != nil {
		t.Fatal(err)
	}
	if w := m.Warnings(); len(w) != 1 || w[0] != "text: 5 of 5 texts were embedded before: the times are without them" {
		t.Errorf("warnings %q", w)
	}
	c.Users = "text"
	if got := ranked(t, c, films(), q); !slices.Contains(got, 1) || !slices.Contains(got, 2) {
		t.Errorf("by the history's text: %v", got)
	}
	// A history of one item has that item's text.
	if n := texts.Load(); n != 5 {
		t.Errorf("%d texts after a history of one item", n)
	}
	c.QueryPrefix = "query: "
	ranked(t, c, films(), q)
	if n := texts.Load(); n != 6 {
		t.Errorf("%d texts after a query with a prefix, want one more", n)
	}
	c.DocumentPrefix = "passage: "
	ranked(t, c, films(), q)
	if n := texts.Load(); n != 11 { // the history's text has the query's prefix alone, and is known
		t.Errorf("%d texts after documents with a prefix, want five more", n)
	}
	train := films()
	train.ItemText[0].Values = slices.Clone(train.ItemText[0].Values)
	train.ItemText[0].Values[0] += " é"
	for _, strip := range []bool{true, false} {
		c.StripAccents = strip
		ranked(t, c, train, q)
	}
	if n := texts.Load(); n != 15 { // the one item's text and its history's, without the accent and with it
		t.Errorf("%d texts after an accent", n)
	}
	sum, err := c.Fingerprint()
	if err != nil {
		t.Fatal(err)
	}
	c.Model = "other"
	if other, err := c.Fingerprint(); err != nil || other == sum {
		t.Errorf("another model has the fingerprint %q (%v)", other, err)
	}
}

func TestServerNotAtHand(t *testing.T) {
	var texts atomic.Int64
	server := hashing(t, &texts)
	for name, c := range map[string]Config{
		"no server": func() Config {
			c := remote(t, "http://127.0.0.1:1")
			c.Embedder, c.BaseURL = "ollama", "http://127.0.0.1:1"
			return c
		}(),
		"wrong key": func() Config { c := remote(t, server.URL); c.KeyVariable = "LLM4REC_NO_SUCH_KEY"; return c }(),
	} {
		_, err := c.Fit(t.Context(), films())
		var missing *models.Unavailable
		if !errors.As(err, &missing) || missing.Remedy == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The poster's row, through a real server: a model that is there ranks by shared words, distances and cosines alike, and one
// that is not there says how to get it.
func TestRealOllama(t *testing.T) {
	s := ollamatest.Start(t)
	c := remote(t, "")
	train := films()
	train.ItemText[0].Values[5] = "war city"
	s.Model("all-minilm", tiny.BERT(1, 48, train.ItemText[0].Values))
	c.Embedder, c.Model, c.BaseURL, c.Users = "ollama", "all-minilm", s.URL, "text"
	q := models.Query{History: []int32{0}, Exclude: []int32{0}, K: 6}
	want := ranked(t, c, train, q)
	if first := want[:2]; !slices.Contains(first, 1) || !slices.Contains(first, 2) {
		t.Errorf("nearest to crime: %v", want)
	}
	for _, c.Similarity = range []dense.Similarity{dense.L2, dense.InnerProduct} {
		if got := ranked(t, c, train, q); !slices.Equal(got, want) {
			t.Errorf("%s: %v, with cosines %v", c.Similarity, got, want)
		}
	}
	c.Model = "absent"
	var missing *models.Unavailable
	if _, err := c.Fit(t.Context(), train); !errors.As(err, &missing) || missing.Remedy != "run 'ollama pull absent'" {
		t.Errorf("a model that is not there: %v", err)
	}
}
