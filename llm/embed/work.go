package embed

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"llm4rec/llm"
)

// work embeds the texts in batches.
//
// While an answer is decoded, checked and stored, its place at the server would be empty. So there are twice as many workers
// as the server has places: for each call that it works on, the next waits in its queue.
func (r *run) work(ctx context.Context, texts []int) {
	parallel, batch := r.Parallel, r.Batch
	if parallel == 0 {
		parallel = 4
	}
	if batch == 0 {
		batch = 64
	}
	batches := make(chan []int)
	var workers sync.WaitGroup
	for range 2 * parallel {
		workers.Go(func() {
			for part := range batches {
				r.batch(ctx, part)
			}
		})
	}
	for part := range slices.Chunk(texts, batch) {
		if ctx.Err() != nil || r.over() {
			break
		}
		batches <- part
	}
	close(batches)
	workers.Wait()
}

func (r *run) over() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ended
}

// batch embeds some texts. Where the fault may be one text's, each half is tried on its own, so that one bad text does not
// take the others with it.
func (r *run) batch(ctx context.Context, part []int) {
	if ctx.Err() != nil || r.over() {
		return
	}
	part, err := r.recall(part) // another process may have been here
	if err != nil {
		r.stop(err)
		return
	}
	if len(part) == 0 {
		return
	}
	answer, err := llm.Do(ctx, r.retry(), func(ctx context.Context) (answer, error) { return r.call(ctx, part) })
	switch kind := kindOf(err); {
	case err == nil:
		r.keep(part, answer)
	case ctx.Err() != nil:
	case len(part) > 1 && (kind == llm.Refused || kind == llm.TooLong || kind == llm.NotFinite):
		r.batch(ctx, part[:len(part)/2])
		r.batch(ctx, part[len(part)/2:])
		return // they have told of their progress
	default:
		r.fail(part, err)
		r.fared(err)
	}
	r.tell()
}

// retry is the caller's, and counts.
func (r *run) retry() llm.Retry {
	retry, notify := r.Retry, r.Retry.Notify
	retry.Notify = func(err *llm.Error, wait time.Duration) {
		r.mu.Lock()
		count(&r.report.Retries, err.Kind, 1)
		r.mu.Unlock()
		r.log.Warn("a call failed, trying again", "error", err, "wait", wait.Round(time.Millisecond))
		if notify != nil {
			notify(err, wait)
		}
	}
	return retry
}

type answer struct {
	vectors [][]float32
	usage   llm.Usage
}

// call makes one call.
func (r *run) call(ctx context.Context, part []int) (a answer, err error) {
	texts := make([]string, len(part))
	for n, text := range part {
		texts[n] = r.texts[text]
	}
	begin := time.Now()
	if e, ok := r.Embedder.(llm.UsageEmbedder); ok {
		a.vectors, a.usage, err = e.EmbedUsage(ctx, texts)
	} else {
		a.vectors, err = r.Embedder.Embed(ctx, texts)
	}
	end := time.Now()
	r.mu.Lock()
	r.clock.add(begin, end)
	r.report.Calls++
	r.mu.Unlock()
	if err == nil && len(a.vectors) != len(texts) {
		err = &llm.Error{Kind: llm.Garbage, Message: fmt.Sprintf("%d vectors for %d texts", len(a.vectors), len(texts))}
	}
	return a, err
}

// keep checks an answer and stores what is good of it.
func (r *run) keep(part []int, a answer) {
	var bad error
	missed := r.missing(part, a.usage)
	good, entries := make([]int, 0, len(part)), make([]entry, 0, len(part))
	for n, text := range part {
		if err := r.check(a.vectors[n]); err != nil {
			bad = err
			r.fail([]int{text}, err)
			continue
		}
		good = append(good, text)
		entries = append(entries, entry{r.digests[text], a.vectors[n], missed[n]})
	}
	if len(good) > 0 {
		bad = nil
	}
	r.fared(bad)
	if r.file != nil {
		if err := r.file.put(entries); err != nil {
			r.stop(err)
			return
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.Tokens += a.usage.Tokens
	r.report.Embedded += len(good)
	for n, e := range entries {
		r.vectors[good[n]], r.missed[good[n]] = e.vector, e.missed
	}
}

// check tells what is wrong with a vector. All have the length that was asked for, or else that of the first.
func (r *run) check(vector []float32) error {
	for n, x := range vector {
		if x := float64(x); math.IsNaN(x) || math.IsInf(x, 0) {
			return &llm.Error{Kind: llm.NotFinite, Message: fmt.Sprintf("number %d of a vector is %v", n, x)}
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.report.Dimension == 0 {
		r.report.Dimension = r.report.Identity.Dimension
	}
	if r.report.Dimension == 0 {
		r.report.Dimension = len(vector)
	}
	if len(vector) != r.report.Dimension || len(vector) == 0 {
		return &llm.Error{Kind: llm.WrongDimension, Message: fmt.Sprintf("a vector of %d numbers, want %d", len(vector), r.report.Dimension)}
	}
	return nil
}

// fail counts texts that stay without a vector.
func (r *run) fail(part []int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	count(&r.report.Failed, kindOf(err), len(part))
	if r.first == nil {
		r.first = err
	}
}

// fared notes how a batch went. The run ends where the next one cannot go better.
func (r *run) fared(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		r.inARow = 0
		return
	}
	r.inARow++
	if kind := kindOf(err); r.inARow >= llm.MostInARow || kind == llm.Denied || kind == llm.NotFound {
		r.ended = true
	}
}

// kindOf is the kind of any error of an embedder: one that is not typed is no better than garbage.
func kindOf(err error) llm.Kind {
	if failed := (*llm.Error)(nil); errors.As(err, &failed) {
		return failed.Kind
	}
	return llm.Garbage
}

// stop ends the run for a failure of the cache.
func (r *run) stop(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = true
	if r.broken == nil {
		r.broken = err
	}
}

func (r *run) tell() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.Progress != nil {
		r.report.Live = r.clock.span().Seconds()
		r.Progress(r.report.clone())
	}
}

func count(m *map[llm.Kind]int, kind llm.Kind, n int) {
	if *m == nil {
		*m = map[llm.Kind]int{}
	}
	(*m)[kind] += n
}

// clock knows the time from the first call's beginning to the last one's end.
type clock struct{ begin, end time.Time }

func (c *clock) add(begin, end time.Time) {
	if c.begin.IsZero() || begin.Before(c.begin) {
		c.begin = begin
	}
	if end.After(c.end) {
		c.end = end
	}
}

func (c *clock) span() time.Duration { return c.end.Sub(c.begin) }
