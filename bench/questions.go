package bench

import (
	"math/rand/v2"
	"slices"
	"sort"

	"llm4rec/data"
	"llm4rec/models"
)

// questions are the queries of one protocol over one part of a split, with the answers kept apart.
type questions struct {
	queries  []models.Query
	relevant [][]int32
	users    []string // raw ids
	skipped  map[string]int
}

// ask turns the cases of one part into queries: it masks, and samples candidates where the protocol says so. A relevant item
// that is masked cannot be found by anybody: it is dropped, and a user without another one is skipped and counted.
func ask(train *data.Train, part data.Part, p Protocol, depth, limit int) questions {
	out := questions{skipped: map[string]int{}}
	masked, _ := newest(p.Seen)
	shown, _ := newest(p.Shown)
	var draw func(c data.Case, relevant []int32) []int32
	if n, byPopularity, _ := p.sampling(); n > 0 {
		draw = sampler(train, n, byPopularity, p.CandidateSeed)
	}
	for n, c := range part.Cases {
		if limit > 0 && len(out.queries) == limit {
			out.skipped["beyond --limit"] = len(part.Cases) - n
			break
		}
		exclude := cut(c.History, masked)
		relevant := part.Relevant[n]
		if slices.ContainsFunc(relevant, func(i int32) bool { return slices.Contains(exclude, i) }) {
			relevant = slices.DeleteFunc(slices.Clone(relevant), func(i int32) bool { return slices.Contains(exclude, i) })
			if len(relevant) == 0 {
				out.skipped["every relevant item is masked"]++
				continue
			}
		}
		q := models.Query{User: c.User, History: cut(c.History, shown), Times: cut(c.Times, shown), At: c.At, Exclude: exclude, K: depth}
		if draw != nil {
			q.Candidates = draw(c, relevant)
		}
		out.queries = append(out.queries, q)
		out.relevant = append(out.relevant, relevant)
		out.users = append(out.users, train.Users.Raw(c.User))
	}
	return out
}

// sampler draws candidates: the relevant items and n others that the user has never taken, uniformly or with
// probability proportional to training interactions, without replacement. Each user's draw depends on the seed and the
// user alone. Fewer are drawn where the catalogue has fewer.
func sampler(train *data.Train, n int, byPopularity bool, seed int64) func(data.Case, []int32) []int32 {
	weight := make([]float64, train.NumItems)
	for i, count := range train.Popularity() {
		weight[i] = 1
		if byPopularity {
			weight[i] = float64(count)
		}
	}
	cumulative := make([]float64, train.NumItems)
	total := 0.0
	for i, w := range weight {
		total += w
		cumulative[i] = total
	}
	return func(c data.Case, relevant []int32) []int32 {
		taken := map[int32]bool{}
		available := 0
		for _, i := range append(slices.Clone(c.History), relevant...) {
			taken[i] = true
		}
		for i, w := range weight {
			if w > 0 && !taken[int32(i)] {
				available++
			}
		}
		r := rand.New(rand.NewPCG(uint64(seed), uint64(c.User)))
		out := slices.Clone(relevant)
		for want := min(n, available); want > 0; {
			i := int32(sort.SearchFloat64s(cumulative, r.Float64()*total))
			// Rejection is slow only where nearly everything is taken; equal weights then end it by a walk.
			for tries := 0; weight[i] == 0 || taken[i]; tries++ {
				if tries < 100 {
					i = int32(sort.SearchFloat64s(cumulative, r.Float64()*total))
				} else {
					i = (i + 1) % int32(len(weight))
				}
			}
			taken[i] = true
			out = append(out, i)
			want--
		}
		slices.Sort(out)
		return out
	}
}
