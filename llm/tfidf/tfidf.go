// Package tfidf embeds texts without a server: by the words they share, or by what shared words have in common.
//
// A text's vector has an element for every term of the corpus,
//
//	tf·(ln((1 + n)/(1 + df)) + 1)
//
// with tf the number of times that the text has the term, df that of texts which have it and n that of texts, and length one
// (Salton & Buckley 1988, with the smoothed weights of scikit-learn). Terms are words, runs of letters and digits of the text in small letters,
// and, if asked for, the runs of characters within a word that has a space on either side.
//
// Latent semantic analysis (Deerwester et al. 1990) projects those vectors on the strongest directions of the corpus: see
// [LSA].
package tfidf

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
)

// Terms says what the terms of a text are.
type Terms struct {
	Least, Most int // lengths of the runs of characters; 0: words alone
}

// Validate says what is wrong.
func (t Terms) Validate() error {
	if t.Least < 0 || t.Most < t.Least || t.Least == 0 && t.Most > 0 {
		return fmt.Errorf("tfidf: runs of %d to %d characters: want 0 and 0, or the shorter first", t.Least, t.Most)
	}
	return nil
}

var word = regexp.MustCompile(`[\p{L}\p{M}\p{N}]+`)

// of lists the terms of a text, as often as it has them. Runs are told from words by the space that precedes them.
func (t Terms) of(text string) []string {
	words := word.FindAllString(strings.ToLower(text), -1)
	if t.Most == 0 {
		return words
	}
	out := slices.Clone(words)
	for _, w := range words {
		w = " " + w + " "
		for n := t.Least; n <= t.Most; n++ {
			for lo := 0; lo+n <= len(w); lo++ {
				out = append(out, "#"+w[lo:lo+n])
			}
		}
	}
	return out
}

// Corpus knows the terms of the texts that it was made of.
type Corpus struct {
	terms Terms
	index map[string]int32 // term to element; elements ascend with the term
	idf   []float64
}

// New counts the terms of texts.
func New(texts []string, terms Terms) *Corpus {
	df := map[string]int{}
	for _, text := range texts {
		seen := map[string]bool{}
		for _, w := range terms.of(text) {
			if !seen[w] {
				seen[w] = true
				df[w]++
			}
		}
	}
	c := &Corpus{terms: terms, index: map[string]int32{}}
	all := make([]string, 0, len(df))
	for w := range df {
		all = append(all, w)
	}
	slices.Sort(all)
	c.idf = make([]float64, len(all))
	for n, w := range all {
		c.index[w] = int32(n)
		c.idf[n] = math.Log(float64(1+len(texts))/float64(1+df[w])) + 1
	}
	return c
}

// Len is the number of terms.
func (c *Corpus) Len() int { return len(c.idf) }

// Row is a sparse vector: elements that are not zero, ascending.
type Row struct {
	Columns []int32
	Values  []float64
}

// Row is a text's vector. Terms that the corpus does not have do not count; a text without others has no element.
func (c *Corpus) Row(text string) Row {
	counts := map[int32]float64{}
	for _, w := range c.terms.of(text) {
		if n, known := c.index[w]; known {
			counts[n]++
		}
	}
	var r Row
	for n := range counts {
		r.Columns = append(r.Columns, n)
	}
	slices.Sort(r.Columns)
	norm := 0.0
	for _, n := range r.Columns {
		v := counts[n] * c.idf[n]
		r.Values = append(r.Values, v)
		norm += v * v
	}
	for n := range r.Values {
		r.Values[n] /= math.Sqrt(norm)
	}
	return r
}

// Dense are the vectors of texts, len(texts)×Len, row-major.
func (c *Corpus) Dense(texts []string) []float32 {
	out := make([]float32, len(texts)*c.Len())
	for n, text := range texts {
		r := c.Row(text)
		for k, column := range r.Columns {
			out[n*c.Len()+int(column)] = float32(r.Values[k])
		}
	}
	return out
}
