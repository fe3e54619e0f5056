package explain

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"llm4rec/eval/reasons"
	"llm4rec/models"
)

// Faithfulness says whether a recommender needs what its reasons cite: the same question is asked again without the cited items
// in the history, and for comparison without as many others of it, drawn at random. If the reason was the recommender's own,
// the item falls in the first case, and less or not at all in the second. The mask and the candidates stay those of the question.
//
// A reason counts if it cites an item of the history, and if the history has as many that it does not cite.
type Faithfulness struct {
	Reasons int `json:"reasons"` // that count

	Cited  Removal `json:"cited"`
	Random Removal `json:"random"`

	// Beats is the share of the reasons whose item falls further without the cited items than without the others; Ties that of
	// those where it falls as far.
	Beats float64 `json:"beats"`
	Ties  float64 `json:"ties"`
}

// Removal is what became of the recommended items when a part of the history was removed.
type Removal struct {
	Falls  float64 `json:"falls"`       // share that come later in the list
	Leaves float64 `json:"leaves"`      // share that leave the first K, where they were
	Change float64 `json:"rank_change"` // mean change of the rank; an item that is not in the list any more is behind its last
}

// batch is of queries, whose answers are whole catalogues.
const batch = 64

// Faithful asks a fitted recommender again about the outcomes of questions, as All returned them. K is how many of each list
// were explained. Draws depend on the seed, the user and the item alone.
func Faithful(ctx context.Context, r models.Recommender, items int, questions []Question, outcomes []Outcome, k int, seed uint64, progress func(done, total int)) (Faithfulness, error) {
	type trial struct {
		item  int32
		asked [3]models.Query // as it was, without the cited, without the others
	}
	var cases []trial
	n := 0
	for _, q := range questions {
		for range q.Items {
			o := outcomes[n]
			n++
			cited := o.Cited()
			others := uncited(o.Reason.Reason, cited)
			if len(cited) == 0 || len(others) < len(cited) {
				continue
			}
			draw := rand.New(rand.NewPCG(seed, uint64(uint32(o.User))<<32|uint64(uint32(o.Item))))
			draw.Shuffle(len(others), func(i, j int) { others[i], others[j] = others[j], others[i] })
			whole := q.Query
			whole.K = items
			cases = append(cases, trial{o.Item, [3]models.Query{whole, without(whole, cited), without(whole, others[:len(cited)])}})
		}
	}
	var out Faithfulness
	out.Reasons = len(cases)
	var falls, leaves, changes [2]int
	beats, ties, top := 0, 0, 0
	for from := 0; from < len(cases); from += batch {
		part := cases[from:min(from+batch, len(cases))]
		var ranks [3][]int
		for v := range ranks {
			queries := make([]models.Query, len(part))
			for i, c := range part {
				queries[i] = c.asked[v]
			}
			lists, err := r.Recommend(ctx, queries)
			if err != nil {
				return out, fmt.Errorf("explain: faithful: %w", err)
			}
			for i, l := range lists {
				at := slices.IndexFunc(l, func(x models.Scored) bool { return x.Item == part[i].item })
				if at < 0 {
					at = len(l)
				}
				ranks[v] = append(ranks[v], at+1)
			}
		}
		for i, before := range ranks[0] {
			if before <= k {
				top++
			}
			change := [2]int{ranks[1][i] - before, ranks[2][i] - before}
			for v, d := range change {
				falls[v] += one(d > 0)
				leaves[v] += one(before <= k && before+d > k)
				changes[v] += d
			}
			beats += one(change[0] > change[1])
			ties += one(change[0] == change[1])
		}
		progress(from+len(part), len(cases))
	}
	removal := func(v int) Removal {
		return Removal{Falls: reasons.Share(falls[v], len(cases)), Leaves: reasons.Share(leaves[v], top), Change: reasons.Share(changes[v], len(cases))}
	}
	out.Cited, out.Random = removal(0), removal(1)
	out.Beats, out.Ties = reasons.Share(beats, len(cases)), reasons.Share(ties, len(cases))
	return out, nil
}

// uncited are the items of a history that a reason does not cite.
func uncited(r reasons.Reason, cited []int32) []int32 {
	return slices.DeleteFunc(slices.Clone(r.History), func(h int32) bool { return slices.Contains(cited, h) })
}

// without is a query whose history lacks items, wherever they stand in it.
func without(q models.Query, items []int32) models.Query {
	var history []int32
	var times []int64
	for n, h := range q.History {
		if slices.Contains(items, h) {
			continue
		}
		history = append(history, h)
		if n < len(q.Times) {
			times = append(times, q.Times[n])
		}
	}
	q.History, q.Times = history, times
	return q
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}
