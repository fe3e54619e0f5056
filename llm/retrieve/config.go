// Package retrieve recommends items whose text is near to that of a user's history.
//
// A template makes every item a text, an embedder makes a text a vector, the vectors of a history become that of the user, and
// the nearest items are the answer: the LLM4Rec poster's first stage. Whether text says more than its mere presence is what
// the control with permuted texts shows.
package retrieve

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"llm4rec/data"
	"llm4rec/llm/provider"
	"llm4rec/llm/text"
	"llm4rec/models"
	"llm4rec/models/dense"
	"llm4rec/models/index"
)

// Revision of the implementation: it is raised when a change alters the ranking.
const Revision = 1

// Config of the model. Start from [Default].
type Config struct {
	Embedder       string `json:"embedder" yaml:"embedder" jsonschema:"tfidf: words; lsa: tfidf of words and runs of characters, projected on its strongest directions; ollama or openai: a model on a server"`
	provider.Place `yaml:",inline"`
	Dimensions     int   `json:"dimensions" yaml:"dimensions" jsonschema:"of a vector: directions of lsa (0: 128), or what a server is asked for (0: the model's own)"`
	Characters     []int `json:"characters" yaml:"characters" jsonschema:"of lsa: the least and the greatest length of runs of characters; empty: words alone"`

	DocumentPrefix string `json:"document_prefix" yaml:"document_prefix" jsonschema:"before an item's text, where a model wants one"`
	StripAccents   bool   `json:"strip_accents" yaml:"strip_accents" jsonschema:"é becomes e before anything reads it: for models without case in Ollama, whose tokeniser leaves that out and then knows no word that has one"`
	QueryPrefix    string `json:"query_prefix" yaml:"query_prefix" jsonschema:"before a history's text, with users: text"`

	Template text.Template      `json:"template" yaml:"template" jsonschema:"an item's text, with fields in braces"`
	More     text.More          `json:"more" yaml:"more" jsonschema:"files with more fields"`
	Weights  map[string]float64 `json:"weights" yaml:"weights" jsonschema:"of fields: each is a text of its own, and an item's vector the weighted sum; empty: the template's one text"`

	Users          string `json:"users" yaml:"users" jsonschema:"the vector of a history: mean or max of its items' vectors, weighted by recency; harmonic: weights 1, 1/2, 1/3, …; centroids: of groups, each of which asks; text: the vector of its items' texts in a row"`
	Centroids      int    `json:"centroids" yaml:"centroids" jsonschema:"how many groups a history has, with users: centroids"`
	Order          string `json:"order" yaml:"order" jsonschema:"with users: text: the newest or the oldest item first"`
	models.Recency `yaml:",inline"`

	Normalize  bool             `json:"normalize" yaml:"normalize" jsonschema:"make item vectors length one before anything else"`
	Components int              `json:"components" yaml:"components" jsonschema:"principal components to keep of item vectors; 0: no analysis"`
	Whiten     bool             `json:"whiten" yaml:"whiten" jsonschema:"with components: make their variances equal"`
	Similarity dense.Similarity `json:"similarity" yaml:"similarity" jsonschema:"inner-product, cosine or l2"`

	Index string `json:"index" yaml:"index" jsonschema:"exact, or faiss: or faiss-gpu: and a factory string of FAISS's, with parameters behind semicolons, as faiss:IVF64,Flat;nprobe=8"`

	Dirs     []string `json:"-" yaml:"-"` // data folders, where files may lie
	Permuted bool     `json:"-" yaml:"-"` // items have each other's texts, by chance
	Seed     uint64   `json:"-" yaml:"-"` // of lsa, centroids and the permutation
}

// Default is the similarity of titles, genres and years by words, to the ten newest items.
func Default() Config {
	return Config{
		Embedder: "tfidf", Characters: []int{3, 5}, Template: text.Plain("title", "genres", "year"), Users: "mean", Centroids: 3,
		Order: "oldest", Recency: models.Recency{History: 10, Decay: 1}, Normalize: true, Similarity: dense.Cosine, Index: index.Exact,
	}
}

// Validate checks the parameters. Errors are *data.SpecError.
func (c Config) Validate() error {
	bad := func(key, format string, args ...any) error {
		return &data.SpecError{Key: key, Err: fmt.Errorf(format, args...)}
	}
	for _, x := range []struct {
		key, value string
		of         []string
	}{
		{"embedder", c.Embedder, []string{"tfidf", "lsa", "ollama", "openai"}},
		{"users", c.Users, []string{"mean", "harmonic", "max", "centroids", "text"}},
		{"order", c.Order, []string{"newest", "oldest"}},
	} {
		if !slices.Contains(x.of, x.value) {
			return bad(x.key, "%q is not one of %s", x.value, strings.Join(x.of, ", "))
		}
	}
	switch {
	case c.Embedder == "tfidf" && c.Dimensions != 0:
		return bad("dimensions", "tfidf has as many as there are words: lsa has fewer")
	case c.Dimensions < 0:
		return bad("dimensions", "want at least 0, got %d", c.Dimensions)
	case !c.remote() && c.Model+c.BaseURL+c.KeyVariable != "":
		return bad("embedder", "%s has no model, base_url or key_variable: those are of ollama and openai", c.Embedder)
	case len(c.Characters) != 0 && (len(c.Characters) != 2 || c.Characters[0] < 1 || c.Characters[1] < c.Characters[0]):
		return bad("characters", "want two lengths, the lesser first, or none, got %v", c.Characters)
	case c.Centroids < 1:
		return bad("centroids", "want at least 1, got %d", c.Centroids)
	case c.Components < 0:
		return bad("components", "want at least 0, got %d", c.Components)
	case c.Whiten && c.Components == 0:
		return bad("whiten", "needs components")
	case c.Users == "text" && len(c.Weights) > 0:
		return bad("weights", "a history's text has no fields: want users other than text")
	}
	for field, w := range c.Weights {
		if !(w > 0 && w < 1e6) {
			return bad("weights", "of %s: want a number above 0, got %v", field, w)
		}
	}
	if err := c.More.Validate(); err != nil {
		return bad("more", "%w", err)
	}
	if c.remote() {
		if err := c.service().Validate(); err != nil {
			return err
		}
	}
	if err := c.Similarity.Validate(); err != nil {
		return bad("similarity", "%w", err)
	}
	if err := index.CheckName(c.Index); err != nil {
		return bad("index", "%w", err)
	}
	if err := c.Template.Validate(); err != nil {
		return bad("template", "%w", err)
	}
	return c.Recency.Validate()
}

// remote says whether a server embeds.
func (c Config) remote() bool { return provider.Known(c.Embedder) }

// Fingerprint is the SHA-256 of the files with more text, and of what answers at a server: others are another model. It is ""
// where there are neither.
func (c Config) Fingerprint() (string, error) {
	if len(c.More) == 0 && !c.remote() {
		return "", nil
	}
	h := sha256.New()
	if c.remote() {
		id, err := c.service().Identity(context.Background())
		if err != nil {
			return "", err
		}
		h.Write([]byte(id.Key() + "\n"))
	}
	if err := c.More.Identify(h, c.Dirs); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
