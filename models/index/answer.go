package index

import (
	"context"
	"math/bits"
	"slices"

	"llm4rec/models"
)

// masker is an Index that leaves out what a query may not have while it searches.
type masker interface {
	Answer(ctx context.Context, vectors []float32, queries []models.Query) ([][]models.Scored, error)
}

// Answer answers queries[n], whose vector is row n of vectors, with the best items that it may have. short is how many
// of them got fewer than there are, which is the fault of an approximate index: one that cannot mask is asked for as many more
// as are excluded, and what it returns is filtered. With candidates it is asked for all.
func Answer(ctx context.Context, x Index, vectors []float32, queries []models.Query) (answers [][]models.Scored, short int, err error) {
	if len(vectors) != len(queries)*x.Dim() {
		panic(badVectors)
	}
	if m, ok := x.(masker); ok {
		if err := check("query", vectors, x.Dim()); err != nil {
			return nil, 0, err
		}
		answers, err = m.Answer(ctx, vectors, queries)
		return answers, 0, err
	}
	if answers, err = filtered(ctx, x, vectors, queries); err != nil {
		return nil, 0, err
	}
	for n, q := range queries {
		if len(answers[n]) < min(q.K, available(q, x.Len())) {
			short++
		}
	}
	return answers, short, nil
}

// filtered asks for more than is wanted, and drops what a query may not have.
func filtered(ctx context.Context, x Index, vectors []float32, queries []models.Query) ([][]models.Scored, error) {
	groups := map[int][]int{} // queries by how many items are asked for
	for n, q := range queries {
		checkK(q.K)
		k := ask(q, x.Len())
		groups[k] = append(groups[k], n)
	}
	answers := make([][]models.Scored, len(queries))
	for k, members := range groups {
		if k == 0 {
			continue
		}
		var some []float32
		for _, n := range members {
			some = append(some, vectors[n*x.Dim():(n+1)*x.Dim()]...)
		}
		found, err := x.Retrieve(ctx, some, k)
		if err != nil {
			return nil, err
		}
		for m, n := range members {
			answers[n] = permitted(found[m], queries[n])
		}
	}
	return answers, nil
}

// ask is for how many items of n. It depends on nothing but the query, since what an approximate index finds depends on how
// much is asked for, and is a power of two, so that few questions are enough for many queries.
func ask(q models.Query, n int) int {
	if q.Candidates != nil {
		return n // they may stand anywhere
	}
	return min(n, 1<<bits.Len(uint(q.K+len(q.Exclude)-1)))
}

// permitted filters.
func permitted(found []models.Scored, q models.Query) []models.Scored {
	exclude := slices.Sorted(slices.Values(q.Exclude))
	out := make([]models.Scored, 0, q.K)
	for _, s := range found {
		if _, ok := slices.BinarySearch(exclude, s.Item); ok {
			continue
		}
		if _, ok := slices.BinarySearch(q.Candidates, s.Item); q.Candidates != nil && !ok {
			continue
		}
		if out = append(out, s); len(out) == q.K {
			break
		}
	}
	return out
}

// available is how many of n items a query may have.
func available(q models.Query, n int) int {
	exclude := slices.Compact(slices.Sorted(slices.Values(q.Exclude)))
	count := n
	if q.Candidates != nil {
		count = len(q.Candidates)
	}
	for _, i := range exclude {
		if q.Candidates != nil {
			if _, ok := slices.BinarySearch(q.Candidates, i); ok {
				count--
			}
		} else if i >= 0 && int(i) < n {
			count--
		}
	}
	return count
}

const badVectors = "index: one vector a query is needed"
