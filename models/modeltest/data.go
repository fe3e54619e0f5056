package modeltest

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"llm4rec/data"
	"llm4rec/models"
)

// checkerboard is 50 users × 50 items: even users have taken all even items, odd users all odd ones, but everybody
// lacks the item of his own number. That is the one to recommend. (The test case is benfred/implicit's.)
func checkerboard() *data.Train {
	const n = 50
	var x data.Interactions
	for u := range int32(n) {
		for i := u % 2; i < n; i += 2 {
			if i != u {
				x = add(x, u, i)
			}
		}
	}
	return trainOf(x, n, n)
}

// skewed has what real data have: popular items, short and long histories, repeats, two users and two items (the last)
// without training interactions, and validation cases.
func skewed() *data.Train {
	const users, items = 40, 30
	r := rand.New(rand.NewPCG(1, 1))
	var x data.Interactions
	for u := range int32(users - 2) {
		for range 1 + r.IntN(20) {
			x = add(x, u, int32(float64(items-2)*r.Float64()*r.Float64()))
		}
	}
	train := trainOf(x, users, items)
	for _, q := range histories(train)[:10] {
		train.Valid.Cases = append(train.Valid.Cases, data.Case{User: q.User, History: q.History, Times: q.Times, At: q.At})
		train.Valid.Relevant = append(train.Valid.Relevant, []int32{int32(r.IntN(items))})
	}
	return train
}

func add(x data.Interactions, user, item int32) data.Interactions {
	return data.Interactions{
		User: append(x.User, user), Item: append(x.Item, item),
		Rating: append(x.Rating, 1), Time: append(x.Time, int64(x.Len())),
	}
}

func trainOf(x data.Interactions, users, items int) *data.Train {
	title := data.Field{Name: "title", Kind: data.TokenSeq}
	for i := range items {
		title.Values = append(title.Values, fmt.Sprintf("%s item %d", []string{"even", "odd"}[i%2], i))
	}
	return &data.Train{
		NumUsers: users, NumItems: items, Inter: x, Users: numbers(users), Items: numbers(items), ItemText: data.Fields{title},
	}
}

// ring has users who walk once around a part of a ring of items, from every item on.
func ring() *data.Train {
	const items, steps = 20, 12
	train := &data.Train{NumUsers: 2 * items, NumItems: items, Users: numbers(2 * items), Items: numbers(items)}
	x := &train.Inter
	for u := range int32(2 * items) {
		for n := range int32(steps) {
			x.User, x.Item = append(x.User, u), append(x.Item, (u+n)%items)
			x.Rating, x.Time = append(x.Rating, 1), append(x.Time, int64(n))
		}
	}
	return train
}

func numbers(n int) *data.Index {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprint(i)
	}
	return data.NewIndex(ids)
}

// histories asks each user for one item, given and without what he has taken.
func histories(train *data.Train) []models.Query {
	queries := make([]models.Query, train.NumUsers)
	for u := range queries {
		queries[u].User, queries[u].K = int32(u), 1
	}
	x := train.Inter
	for n, u := range x.User {
		q := &queries[u]
		q.History, q.Times, q.At = append(q.History, x.Item[n]), append(q.Times, x.Time[n]), x.Time[n]+1
		q.Exclude = append(q.Exclude, x.Item[n])
	}
	return queries
}

// questions are all kinds of queries.
func questions(train *data.Train) []models.Query {
	items := int32(train.NumItems)
	everything := make([]int32, items)
	for i := range everything {
		everything[i] = int32(i)
	}
	var out []models.Query
	for n, q := range histories(train) {
		q.K = []int{1, 5, int(items), int(items) + 10}[n%4]
		switch n % 5 {
		case 1: // no mask: what was taken may come back
			q.Exclude = nil
		case 2: // a mask in another order, with repeats and items never taken
			slices.Reverse(q.Exclude)
			q.Exclude = append(q.Exclude, 0, 0, items-1)
		case 3:
			q.Candidates = []int32{0, 3, 4, items / 2, items - 1}
		case 4: // candidates of whom none are left
			q.Candidates, q.Exclude = []int32{1, 2}, []int32{2, 1}
		}
		out = append(out, q)
	}
	known := histories(train)[0]
	return append(out,
		models.Query{User: 0, K: 5},                                      // no history
		models.Query{User: 0, K: 5, Candidates: []int32{}},               // no candidate
		models.Query{User: -1, K: int(items)},                            // unknown user, no history
		models.Query{User: int32(train.NumUsers), K: int(items)},         // the same
		models.Query{User: 1, K: 5, Exclude: slices.Clone(everything)},   // nothing left
		models.Query{User: 1, K: 3 * int(items), Candidates: everything}, // all, by name
		models.Query{User: -1, History: known.History, Times: known.Times, At: known.At, Exclude: known.Exclude, K: 7},
		models.Query{User: int32(train.NumUsers) + 5, History: []int32{items - 1}, Times: []int64{3}, At: 4, K: 7}, // a cold item
	)
}
