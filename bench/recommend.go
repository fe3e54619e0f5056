package bench

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"llm4rec/models"
)

// recommendAll answers all queries, in batches that several workers take. Neither number changes an answer. The memory
// that it needs is that of the answers and of what the recommender needs for workers × batch queries.
func recommendAll(ctx context.Context, r models.Recommender, queries []models.Query, batch, workers int, progress models.Progress) ([][]models.Scored, error) {
	out := make([][]models.Scored, len(queries))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(workers)
	finished := make(chan int, workers)
	reported := make(chan struct{})
	go func() {
		defer close(reported)
		done := 0
		for n := range finished {
			done += n
			progress(done, len(queries), "")
		}
	}()
	for from := 0; from < len(queries); from += batch {
		to := min(from+batch, len(queries))
		g.Go(func() (err error) {
			defer recovered(&err)
			if err := ctx.Err(); err != nil {
				return err
			}
			lists, err := r.Recommend(ctx, queries[from:to])
			if err != nil {
				return err
			}
			if len(lists) != to-from {
				return fmt.Errorf("recommend: %d lists for %d queries", len(lists), to-from)
			}
			for n, l := range lists {
				if err := checkList(l, queries[from+n]); err != nil {
					return fmt.Errorf("recommend: user %d: %w", queries[from+n].User, err)
				}
			}
			copy(out[from:to], lists)
			finished <- to - from
			return nil
		})
	}
	err := g.Wait()
	close(finished)
	<-reported
	return out, err
}

// recovered turns a panic of a model into an error, so that it fails its cell and not the run.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
	}
}

// checkList holds a recommender to its contract: a model that breaks it fails its cell and gets no row.
func checkList(l []models.Scored, q models.Query) error {
	if len(l) > q.K {
		return fmt.Errorf("%d items where at most %d were asked for", len(l), q.K)
	}
	seen := make(map[int32]bool, len(l)+len(q.Exclude))
	for _, i := range q.Exclude {
		seen[i] = true
	}
	for n, x := range l {
		if seen[x.Item] {
			return fmt.Errorf("item %d is masked or stands twice", x.Item)
		}
		seen[x.Item] = true
		if x.Score != x.Score {
			return fmt.Errorf("item %d has no score: NaN", x.Item)
		}
		if n > 0 && (l[n-1].Score < x.Score || l[n-1].Score == x.Score && l[n-1].Item > x.Item) {
			return fmt.Errorf("items %d and %d are not in ranking order", l[n-1].Item, x.Item)
		}
		if q.Candidates != nil {
			if _, ok := slices.BinarySearch(q.Candidates, x.Item); !ok {
				return fmt.Errorf("item %d is not a candidate", x.Item)
			}
		}
	}
	return nil
}

// Limits of the latency measurement: enough queries for a 99th percentile, and no more than a small part of a run.
const (
	latencyQueries = 300
	latencyTime    = 3 * time.Second
)

// latencies asks evenly spread queries one at a time, with nothing else running, and returns the sorted durations.
func latencies(ctx context.Context, r models.Recommender, queries []models.Query) ([]time.Duration, error) {
	var out []time.Duration
	n := min(latencyQueries, len(queries))
	start := time.Now()
	for k := 0; k < n && time.Since(start) < latencyTime; k++ {
		q := queries[k*len(queries)/n]
		t := time.Now()
		if _, err := r.Recommend(ctx, []models.Query{q}); err != nil {
			return nil, err
		}
		out = append(out, time.Since(t))
	}
	slices.Sort(out)
	return out, nil
}

// quantile of sorted durations by the nearest-rank definition, in seconds.
func quantile(sorted []time.Duration, p float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	rank := int(p*float64(len(sorted)) + 0.999999)
	return sorted[min(max(rank, 1), len(sorted))-1].Seconds()
}
