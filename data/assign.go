package data

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// role says what an interaction is used for.
type role uint8

const (
	unused  role = iota
	toTrain      // seen by models in training, and history
	toFold       // history of a held-out user: models see it in the query only
	toValid      // answer of the validation part; history of the test part
	toTest       // answer of the test part
)

// roles gives every interaction, by position in canonical order, its role.
type roles []role

// users calls f with each user's range of positions in canonical order.
func (d *Dataset) users(f func(user, from, to int)) {
	for from := 0; from < d.Inter.Len(); {
		to := from
		for to < d.Inter.Len() && d.Inter.User[to] == d.Inter.User[from] {
			to++
		}
		f(int(d.Inter.User[from]), from, to)
		from = to
	}
}

// leaveOneOut: the last interaction of a user is the test target, the one before it the validation target. Users with
// fewer than three stay in training and are not asked.
func leaveOneOut(d *Dataset, _ SplitSpec) roles {
	a := make(roles, d.Inter.Len())
	d.users(func(_, from, to int) {
		for p := from; p < to; p++ {
			a[p] = toTrain
		}
		if to-from < 3 {
			return
		}
		a[to-2], a[to-1] = toValid, toTest
	})
	return a
}

// temporal: two points in time cut all interactions. What happened at a cut time comes after the cut, so that no
// training time is later than, or equal to, any test time.
func temporal(d *Dataset, s SplitSpec) (roles, error) {
	if s.TestFrom == 0 && s.ValidFrom == 0 {
		times := slices.Clone(d.Inter.Time)
		slices.Sort(times)
		at := func(share float64) int64 { return times[min(len(times)-1, count(share, len(times)))] }
		s.ValidFrom, s.TestFrom = at(1-s.Valid-s.Test), at(1-s.Test)
	}
	a := make(roles, d.Inter.Len())
	trained := false
	for p, t := range d.Inter.Time {
		switch {
		case t < s.ValidFrom:
			a[p], trained = toTrain, true
		case t < s.TestFrom:
			a[p] = toValid
		default:
			a[p] = toTest
		}
	}
	if !trained {
		return a, fmt.Errorf("no interaction is earlier than the first cut time %d", s.ValidFrom)
	}
	return a, nil
}

// ratio: the last shares of each user's interactions, or of all, are held out; the numbers are rounded down. "Last" is
// by time, or in a random order drawn from the seed.
func ratio(d *Dataset, s SplitSpec) roles {
	a := make(roles, d.Inter.Len())
	if s.By == "global" {
		order := make([]int, d.Inter.Len())
		for p := range order {
			order[p] = p
		}
		if s.Order == "random" {
			shuffle(order, s.Seed, 0)
		} else {
			slices.SortStableFunc(order, func(x, y int) int { return cmp.Compare(d.Inter.Time[x], d.Inter.Time[y]) })
		}
		a.cut(order, s.Valid, s.Test)
		return a
	}
	d.users(func(user, from, to int) {
		a.cut(d.order(user, from, to, s), s.Valid, s.Test)
	})
	return a
}

// order lists a user's positions in the order in which they are taken.
func (d *Dataset) order(user, from, to int, s SplitSpec) []int {
	order := make([]int, to-from)
	for n := range order {
		order[n] = from + n
	}
	if s.Order == "random" {
		shuffle(order, s.Seed, uint64(user)+1)
	}
	return order
}

// cut gives the last test share of order to test, the share before it to validation, the rest to training.
func (a roles) cut(order []int, valid, test float64) {
	tests, valids := count(test, len(order)), count(valid, len(order))
	for n, p := range order {
		switch left := len(order) - n; {
		case left <= tests:
			a[p] = toTest
		case left <= tests+valids:
			a[p] = toValid
		default:
			a[p] = toTrain
		}
	}
}

// count is a share of n, rounded down; what floating point lacks to a whole number does not cost one.
func count(share float64, n int) int { return int(share*float64(n) + 1e-9) }

// userCold: whole users are held out. Of each, the first share of the interactions is history, the rest the answer.
func userCold(d *Dataset, s SplitSpec) roles {
	a := make(roles, d.Inter.Len())
	held := holdOut(d.Users.Len(), s)
	d.users(func(user, from, to int) {
		if held[user] == toTrain {
			for p := from; p < to; p++ {
				a[p] = toTrain
			}
			return
		}
		for n, p := range d.order(user, from, to, s) {
			if n < int(math.Ceil(s.FoldIn*float64(to-from)-1e-9)) {
				a[p] = toFold
			} else {
				a[p] = held[user]
			}
		}
	})
	return a
}

// itemCold: whole items are held out. Interactions with them are the answers, all others of the user are the history.
func itemCold(d *Dataset, s SplitSpec) roles {
	a := make(roles, d.Inter.Len())
	held := holdOut(d.Items.Len(), s)
	for p, i := range d.Inter.Item {
		a[p] = held[i]
	}
	return a
}

// holdOut draws shares of n users or items for test and validation; the others train.
func holdOut(n int, s SplitSpec) roles {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	shuffle(order, s.Seed, 0)
	a := make(roles, n)
	a.cut(order, s.Valid, s.Test)
	return a
}

func shuffle(order []int, seed int64, stream uint64) {
	r := rand.New(rand.NewPCG(uint64(seed), stream))
	r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
}
