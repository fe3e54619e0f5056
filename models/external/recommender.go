package external

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"llm4rec/models"
)

// recommender answers from the lists of the file.
type recommender struct {
	lists [][]int32 // by user, best first

	mu    sync.Mutex
	asked map[int32]outcome // by user
}

// outcome is what became of one user's list. A user may be asked several times, in any order and at once: the largest
// numbers stay, so that the warnings do not depend on it.
type outcome struct {
	missing bool // there is no list
	masked  int  // items dropped because the query excludes them
	outside int  // items dropped because they are no candidates
	short   int  // items fewer than asked for
}

// Recommend returns the best items of each user's list that the query allows. Scores are places from the list's end.
func (r *recommender) Recommend(ctx context.Context, queries []models.Query) ([][]models.Scored, error) {
	out := make([][]models.Scored, len(queries))
	for n, q := range queries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var o outcome
		out[n], o = r.answer(q)
		r.record(q.User, o)
	}
	return out, nil
}

func (r *recommender) answer(q models.Query) ([]models.Scored, outcome) {
	var list []int32
	if int(q.User) < len(r.lists) && q.User >= 0 {
		list = r.lists[q.User]
	}
	o := outcome{missing: len(list) == 0}
	excluded := make(map[int32]bool, len(q.Exclude))
	for _, i := range q.Exclude {
		excluded[i] = true
	}
	var scored []models.Scored
	for n, i := range list {
		if excluded[i] {
			o.masked++
		} else if _, ok := slices.BinarySearch(q.Candidates, i); !ok && q.Candidates != nil {
			o.outside++
		} else if len(scored) < q.K {
			// The file's scores may differ by less than a float32 can hold, places do not.
			scored = append(scored, models.Scored{Item: i, Score: float32(len(list) - n)})
		}
	}
	o.short = q.K - len(scored)
	return scored, o
}

func (r *recommender) record(user int32, o outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.asked[user]
	r.asked[user] = outcome{o.missing, max(o.masked, old.masked), max(o.outside, old.outside), max(o.short, old.short)}
}

// Warnings says for how many of the users asked so far the file did not hold what was needed.
func (r *recommender) Warnings() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var missing, masked, maskedUsers, outside, outsideUsers, short int
	for _, o := range r.asked {
		masked += o.masked
		maskedUsers += positive(o.masked)
		outside += o.outside
		outsideUsers += positive(o.outside)
		if o.missing {
			missing++
		} else {
			short += positive(o.short)
		}
	}
	var out []string
	warn := func(n int, format string, args ...any) {
		if n > 0 {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	warn(missing, "external: %d of %d users have no prediction: their lists are empty", missing, len(r.asked))
	warn(masked, "external: %d predictions for %d users are of excluded items and were dropped", masked, maskedUsers)
	warn(outside, "external: %d predictions for %d users are no candidates and were dropped", outside, outsideUsers)
	warn(short, "external: the lists of %d other users are shorter than what was asked for", short)
	return out
}

func positive(n int) int { return min(n, 1) }

var (
	_ models.Recommender = (*recommender)(nil)
	_ models.Warner      = (*recommender)(nil)
)
