// Package embed gets the vectors of many texts from an llm.Embedder: each different text once, in batches, several at a
// time, with repeated tries, from a cache where it was embedded before. What comes back is checked, and what fails is
// counted.
package embed

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"llm4rec/llm"
)

// Batcher embeds through an Embedder. It is an Embedder itself.
type Batcher struct {
	Embedder llm.Embedder
	Cache    *Cache       // nil: none. The embedder must then be an llm.Identifier
	Batch    int          // texts a call; 0: 64
	Parallel int          // calls that the server works on at a time, as many again wait there; 0: 4
	Retry    llm.Retry    // its Notify is called too
	Progress func(Report) // is called after every batch, never twice at a time; may be nil
	Log      *slog.Logger // nil: the default logger
}

var _ llm.Embedder = (*Batcher)(nil)

// Embed is Run without the report.
func (b *Batcher) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	vectors, _, err := b.Run(ctx, texts)
	return vectors, err
}

// Run returns a vector for every text; equal texts share one. Where some have none, theirs is nil and the error is an
// *IncompleteError, or that of the context. A text of white space alone has none.
func (b *Batcher) Run(ctx context.Context, texts []string) (vectors [][]float32, report Report, err error) {
	r := &run{Batcher: b, log: cmp.Or(b.Log, slog.Default())}
	of := r.gather(texts)
	r.report.Texts = len(r.texts)
	if err := r.identify(ctx); err != nil {
		r.report.Untried = len(r.texts)
		vectors = make([][]float32, len(texts))
		if ctx.Err() != nil {
			return vectors, r.report, fmt.Errorf("embed: %w", context.Cause(ctx))
		}
		return vectors, r.report, &IncompleteError{r.report.clone(), err}
	}
	if b.Cache != nil && len(r.texts) > 0 {
		if r.file, err = b.Cache.open(r.report.Identity, r.log); err != nil {
			return make([][]float32, len(texts)), r.report, err
		}
		defer func() { err = errors.Join(err, r.file.close()) }()
		r.report.Dimension = r.file.dimension
	}
	err = r.all(ctx)
	vectors = make([][]float32, len(texts))
	for n, text := range of {
		vectors[n] = r.vectors[text]
	}
	return vectors, r.report.clone(), err
}

// run is the state of one Run. Texts are known by their place among the different ones.
type run struct {
	*Batcher
	log     *slog.Logger
	file    *file // nil without a cache
	texts   []string
	digests []digest

	mu      sync.Mutex // of what follows
	vectors [][]float32
	report  Report
	clock   clock
	whole   density // of the texts that were not cut
	missed  []cut
	inARow  int   // batches that have failed since one succeeded
	first   error // the first failure of a text
	broken  error // of the cache: the run ends
	ended   bool  // no batch is begun any more
}

// gather finds the different texts, and returns which of them each text is.
func (r *run) gather(texts []string) []int {
	of, seen := make([]int, len(texts)), make(map[string]int, len(texts))
	for n, text := range texts {
		at, known := seen[text]
		if !known {
			at = len(r.texts)
			seen[text] = at
			r.texts = append(r.texts, text)
			r.digests = append(r.digests, sha256.Sum256([]byte(text)))
		}
		of[n] = at
	}
	r.vectors, r.missed = make([][]float32, len(r.texts)), make([]cut, len(r.texts))
	return of
}

// identify asks who answers, which is needed for the cache.
func (r *run) identify(ctx context.Context) (err error) {
	known, ok := r.Embedder.(llm.Identifier)
	if !ok {
		if r.Cache != nil {
			panic("embed: a cache needs an embedder that knows its identity")
		}
		return nil
	}
	r.report.Identity, err = llm.Do(ctx, r.retry(), known.Identity)
	for _, warning := range r.report.Identity.Warnings {
		r.log.Warn(warning)
	}
	return err
}

// all embeds the texts that are not in the cache.
func (r *run) all(ctx context.Context) error {
	var todo []int
	for n, text := range r.texts {
		if strings.TrimSpace(text) == "" {
			r.fail([]int{n}, &llm.Error{Kind: llm.Refused, Message: "a text of white space alone"})
		} else {
			todo = append(todo, n)
		}
	}
	todo, err := r.recall(todo)
	if err != nil {
		return err
	}
	r.tell()
	r.work(ctx, todo)

	r.report.Live = r.clock.span().Seconds()
	r.report.Truncated, r.report.Lost = r.cuts()
	failed := 0
	for _, n := range r.report.Failed {
		failed += n
	}
	r.report.Untried = r.report.Lacking() - failed
	switch {
	case r.broken != nil:
		return r.broken
	case ctx.Err() != nil && r.report.Lacking() > 0:
		return fmt.Errorf("embed: %w", context.Cause(ctx))
	case r.report.Lacking() > 0:
		return &IncompleteError{r.report.clone(), r.first}
	}
	return nil
}

// recall takes from the cache what it has of these texts, and returns the others.
func (r *run) recall(texts []int) (missing []int, err error) {
	if r.file == nil {
		return texts, nil
	}
	if err := r.file.refresh(); err != nil {
		return nil, err
	}
	for _, n := range texts {
		vector, missed, err := r.file.get(r.digests[n])
		if err != nil {
			return nil, err
		}
		if vector == nil {
			missing = append(missing, n)
			continue
		}
		r.mu.Lock()
		r.vectors[n] = vector
		r.report.Dimension = len(vector)
		r.report.Cached++
		r.missed[n] = missed
		r.mu.Unlock()
	}
	return missing, nil
}
