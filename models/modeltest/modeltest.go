// Package modeltest is the conformance suite that every recommender must pass.
package modeltest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"llm4rec/data"
	"llm4rec/models"
)

// Option adapts the suite to a kind of model.
type Option int

const (
	// NotPersonalised leaves out the checkerboard: the model does not look at the user.
	NotPersonalised Option = 1 + iota
	// NextItem replaces the checkerboard by a ring: the model learns what follows, and nothing follows the last items of a
	// board.
	NextItem
)

// Run checks the contract of [models.Fitter] and [models.Recommender]. fitter must return the same configuration, the
// seed included, at every call.
func Run(t *testing.T, fitter func() models.Fitter, options ...Option) {
	t.Helper()
	train := skewed()
	pristine := skewed()
	recommender := fit(t, fitter(), train)
	queries := questions(train)

	t.Run("answers are lawful", func(t *testing.T) {
		for n, list := range recommend(t, recommender, queries) {
			check(t, n, queries[n], list, train.NumItems)
		}
	})
	t.Run("no queries", func(t *testing.T) {
		if got := recommend(t, recommender, nil); len(got) != 0 {
			t.Errorf("got %v", got)
		}
	})
	t.Run("batch size does not matter", func(t *testing.T) {
		all := recommend(t, recommender, queries)
		for _, size := range []int{1, 7} {
			var got [][]models.Scored
			for part := range slices.Chunk(queries, size) {
				got = append(got, recommend(t, recommender, part)...)
			}
			same(t, got, all)
		}
	})
	t.Run("concurrent use", func(t *testing.T) {
		all := recommend(t, recommender, queries)
		var wait sync.WaitGroup
		for range 8 {
			wait.Go(func() {
				got, err := recommender.Recommend(t.Context(), queries)
				if err != nil {
					t.Error(err)
					return
				}
				same(t, got, all)
			})
		}
		wait.Wait()
	})
	t.Run("same seed, same bytes", func(t *testing.T) {
		same(t, recommend(t, fit(t, fitter(), skewed()), queries), recommend(t, recommender, queries))
	})
	t.Run("cancellation", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := fitter().Fit(ctx, skewed()); !errors.Is(err, context.Canceled) {
			t.Errorf("Fit: got error %v, want context.Canceled", err)
		}
		if _, err := recommender.Recommend(ctx, queries); !errors.Is(err, context.Canceled) {
			t.Errorf("Recommend: got error %v, want context.Canceled", err)
		}
	})
	t.Run("nothing of the caller's is changed", func(t *testing.T) {
		if !reflect.DeepEqual(queries, questions(pristine)) {
			t.Error("queries have changed")
		}
		pristine.UserItem() // which the model may have built
		train.UserItem()
		if !reflect.DeepEqual(train.Inter, pristine.Inter) || !reflect.DeepEqual(train.UserItem(), pristine.UserItem()) ||
			!reflect.DeepEqual(train.Valid, pristine.Valid) || !reflect.DeepEqual(train.ItemText, pristine.ItemText) {
			t.Error("training data have changed")
		}
	})
	if slices.Contains(options, NotPersonalised) {
		return
	}
	if slices.Contains(options, NextItem) {
		t.Run("ring", func(t *testing.T) {
			train := ring()
			queries := histories(train)
			var wrong []string
			for n, list := range recommend(t, fit(t, fitter(), train), queries) {
				last := queries[n].History[len(queries[n].History)-1]
				if want := (last + 1) % int32(train.NumItems); len(list) == 0 || list[0].Item != want {
					wrong = append(wrong, fmt.Sprintf("after item %d: got %v, want item %d, which always follows", last, list, want))
				}
			}
			// Whoever guesses is wrong seven times of eight; a short training need not learn every item.
			if 3*len(wrong) > len(queries) {
				t.Errorf("%d of %d are wrong: %s", len(wrong), len(queries), strings.Join(wrong, "; "))
			}
		})
		return
	}
	t.Run("checkerboard", func(t *testing.T) {
		train := checkerboard()
		queries := histories(train)
		for n, list := range recommend(t, fit(t, fitter(), train), queries) {
			if len(list) == 0 || list[0].Item != queries[n].User {
				t.Errorf("user %d: got %v, want item %d, which all alike users have", queries[n].User, list, queries[n].User)
			}
		}
	})
}

// check holds one answer against its query.
func check(t *testing.T, n int, q models.Query, list []models.Scored, items int) {
	t.Helper()
	if len(list) > q.K {
		t.Errorf("query %d: %d items, want at most %d", n, len(list), q.K)
	}
	seen := map[int32]bool{}
	for r, s := range list {
		switch {
		case s.Item < 0 || int(s.Item) >= items:
			t.Errorf("query %d: item %d is not in the catalogue", n, s.Item)
		case seen[s.Item]:
			t.Errorf("query %d: item %d appears twice", n, s.Item)
		case slices.Contains(q.Exclude, s.Item):
			t.Errorf("query %d: item %d is excluded", n, s.Item)
		case q.Candidates != nil && !slices.Contains(q.Candidates, s.Item):
			t.Errorf("query %d: item %d is not a candidate", n, s.Item)
		case math.IsNaN(float64(s.Score)) || math.IsInf(float64(s.Score), 0):
			t.Errorf("query %d: item %d has score %g", n, s.Item, s.Score)
		}
		seen[s.Item] = true
		if r > 0 {
			before := list[r-1]
			if before.Score < s.Score || before.Score == s.Score && before.Item > s.Item {
				t.Errorf("query %d: %v stands before %v", n, before, s)
			}
		}
	}
}

func fit(t *testing.T, f models.Fitter, train *data.Train) models.Recommender {
	t.Helper()
	r, err := f.Fit(t.Context(), train)
	if err != nil {
		t.Fatalf("Fit: %v", err)
	}
	return r
}

func recommend(t *testing.T, r models.Recommender, queries []models.Query) [][]models.Scored {
	t.Helper()
	got, err := r.Recommend(t.Context(), queries)
	if err != nil {
		t.Fatalf("Recommend: %v", err)
	}
	if len(got) != len(queries) {
		t.Fatalf("%d answers to %d queries", len(got), len(queries))
	}
	return got
}

// same compares to the last bit; an empty answer may be nil.
func same(t *testing.T, got, want [][]models.Scored) {
	t.Helper()
	for n := range want {
		if !slices.Equal(got[n], want[n]) {
			t.Errorf("query %d: got %v, want %v", n, got[n], want[n])
		}
	}
}
