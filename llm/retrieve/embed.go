package retrieve

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"llm4rec/data"
	"llm4rec/llm/clean"
	"llm4rec/llm/text"
	"llm4rec/llm/tfidf"
)

// vectors are the rows of a matrix.
type vectors struct {
	v   []float32
	dim int
}

func (x vectors) len() int            { return len(x.v) / x.dim }
func (x vectors) row(n int) []float32 { return x.v[n*x.dim : (n+1)*x.dim] }

// embedder makes texts vectors.
type embedder interface {
	embed(ctx context.Context, texts []string) (vectors, error)
}

// densely is what the built-in embedders do.
type densely interface {
	Dense(texts []string) []float32
}

type builtIn struct {
	densely
	dim int
}

func (b builtIn) embed(_ context.Context, texts []string) (vectors, error) {
	return vectors{b.Dense(texts), b.dim}, nil
}

// embedder makes one that knows the items' texts.
func (c Config) embedder(ctx context.Context, documents []string) (embedder, error) {
	if c.remote() {
		return c.server(ctx)
	}
	var terms tfidf.Terms
	if c.Embedder == "lsa" && len(c.Characters) == 2 {
		terms.Least, terms.Most = c.Characters[0], c.Characters[1]
	}
	corpus := tfidf.New(documents, terms)
	if corpus.Len() == 0 {
		return nil, fmt.Errorf("none of %d texts has a word", len(documents))
	}
	if c.Embedder == "tfidf" {
		return builtIn{corpus, corpus.Len()}, nil
	}
	l, err := tfidf.NewLSA(ctx, corpus, documents, cmp.Or(c.Dimensions, 128), c.Seed)
	if err != nil {
		return nil, err
	}
	return builtIn{l, l.Dim()}, nil
}

// texts are the items' texts by a template. The control gives them to each other.
func (c Config) texts(t text.Template, fields data.Fields, items int) ([]string, error) {
	out, err := t.Render(fields, items)
	if c.StripAccents {
		for n, s := range out {
			out[n] = clean.WithoutAccents(s)
		}
	}
	if err == nil && c.Permuted {
		rand.New(rand.NewPCG(c.Seed, streamPermutation)).Shuffle(items, func(i, j int) { out[i], out[j] = out[j], out[i] })
	}
	return out, err
}

// prefixed puts a prefix before every text that is not empty.
func prefixed(prefix string, texts []string) []string {
	out := slices.Clone(texts)
	for n, t := range out {
		if t != "" {
			out[n] = prefix + t
		}
	}
	return out
}

// Streams of random numbers from one seed.
const (
	streamPermutation = iota + 1
	streamCentroids
)
