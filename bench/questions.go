package bench

import (
	"fmt"
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
	injected bool // the relevant items were put among the candidates
}

// asked is the split of a protocol, and its questions over the test cases.
func (s *Suite) asked(p Protocol, d *data.Dataset, depth, limit int) (*data.Split, questions, error) {
	given, err := s.candidates(p, d.Users, d.Items)
	if err != nil {
		return nil, questions{}, err
	}
	split, err := d.Split(p.SplitSpec)
	if err != nil {
		return nil, questions{}, err
	}
	asked, err := ask(split.Train, split.Test, p, given, depth, limit)
	return split, asked, err
}

// ask turns the cases of one part into queries: it masks, and samples candidates where the protocol says so, or takes those
// that are given, nil where none are. A relevant item that is masked cannot be found by anybody: it is dropped, and a user
// without another one is skipped and counted, as is one to whom no candidates are given.
func ask(train *data.Train, part data.Part, p Protocol, given *candidateFile, depth, limit int) (questions, error) {
	out := questions{skipped: map[string]int{}, injected: p.Candidates != "full"}
	masked, _ := newest(p.Seen)
	shown, _ := newest(p.Shown)
	var draw func(c data.Case, relevant []int32) []int32
	if n, byPopularity, _ := p.sampling(); n > 0 {
		draw = sampler(train, n, byPopularity, p.CandidateSeed)
	}
	if given != nil {
		// Before the sample of users, which would otherwise be one of users who cannot be asked.
		all := len(part.Cases)
		if part = given.cases(part); len(part.Cases) < all {
			out.skipped["no candidates given"] = all - len(part.Cases)
		}
	}
	if p.Users > 0 && p.Users < len(part.Cases) {
		out.skipped["not in the sample"] = len(part.Cases) - p.Users
		part = sample(part, p.Users, p.UserSeed)
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
		if given != nil {
			var err error
			if q.Candidates, err = given.choose(c.User, relevant, exclude); err != nil {
				return out, fmt.Errorf("user %s: %w", train.Users.Raw(c.User), err)
			}
		}
		out.queries = append(out.queries, q)
		out.relevant = append(out.relevant, relevant)
		out.users = append(out.users, train.Users.Raw(c.User))
	}
	return out, nil
}

// sample draws cases evenly over the lengths of histories: systematically, in the order of length, from a random start. Every
// case has the same chance, so that the sample's plain means stand for those of all, and no length is missed by chance.
func sample(part data.Part, users int, seed int64) data.Part {
	r := rand.New(rand.NewPCG(uint64(seed), 0))
	order := r.Perm(len(part.Cases)) // of one length, in any order
	slices.SortStableFunc(order, func(a, b int) int { return len(part.Cases[a].History) - len(part.Cases[b].History) })
	step := float64(len(order)) / float64(users)
	start := r.Float64() * step
	var chosen []int
	for n := range users {
		chosen = append(chosen, order[min(int(start+float64(n)*step), len(order)-1)])
	}
	slices.Sort(chosen)
	var out data.Part
	for _, n := range chosen {
		out.Cases, out.Relevant = append(out.Cases, part.Cases[n]), append(out.Relevant, part.Relevant[n])
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
