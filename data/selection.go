package data

import "slices"

// selection is the part of a data set's interactions that filters have left so far.
type selection struct {
	d            *Dataset
	keep         []bool
	left         int
	users, items []int // interactions left, by dense id
	unrated      int   // items of the catalogue that never had one
}

func newSelection(d *Dataset) *selection {
	s := &selection{d: d, keep: make([]bool, d.Inter.Len()), left: d.Inter.Len(), users: make([]int, d.Users.Len()), items: make([]int, d.Items.Len())}
	for n := range s.keep {
		s.keep[n] = true
		s.users[d.Inter.User[n]]++
		s.items[d.Inter.Item[n]]++
	}
	s.unrated = len(s.items) - present(s.items)
	return s
}

func (s *selection) drop(n int) {
	s.keep[n] = false
	s.left--
	s.users[s.d.Inter.User[n]]--
	s.items[s.d.Inter.Item[n]]--
}

// sizes counts the interactions left and the users and items that have one.
func (s *selection) sizes() (interactions, users, items int) {
	return s.left, present(s.users), present(s.items)
}

func present(counts []int) int {
	n := 0
	for _, c := range counts {
		if c > 0 {
			n++
		}
	}
	return n
}

func (s *selection) minRating(least float32) {
	for n, r := range s.d.Inter.Rating {
		if s.keep[n] && !(r >= least) {
			s.drop(n)
		}
	}
}

// dropRepeats leaves the first or the last interaction of every user-item pair.
func (s *selection) dropRepeats(rule Duplicates) {
	x := s.d.Inter
	seenBy := make([]int32, s.d.Items.Len()) // user + 1: the interactions of a user are neighbours
	visit := func(n int) {
		if !s.keep[n] {
			return
		}
		if seenBy[x.Item[n]] == x.User[n]+1 {
			s.drop(n)
			return
		}
		seenBy[x.Item[n]] = x.User[n] + 1
	}
	if rule == KeepFirst {
		for n := range x.User {
			visit(n)
		}
		return
	}
	for n := len(x.User) - 1; n >= 0; n-- {
		visit(n)
	}
}

// core drops the interactions of users and items that have too few until there are none. The result does not depend on
// the order of removal: it is the union of all parts in which the minimum holds (Seidman 1983, k-cores).
func (s *selection) core(c Core) {
	x := s.d.Inter
	for before := -1; before != s.left; {
		before = s.left
		for n, keep := range s.keep {
			if keep && (s.users[x.User[n]] < c.User || s.items[x.Item[n]] < c.Item) {
				s.drop(n)
			}
		}
	}
}

// dataset makes a data set of what is left.
func (s *selection) dataset(removed []Removed) *Dataset {
	users, userText, newUser := s.reindex(s.d.Users, s.d.UserText, s.users)
	items, itemText, newItem := s.reindex(s.d.Items, s.d.ItemText, s.items)
	positions := make([]int, 0, s.left)
	for n, keep := range s.keep {
		if keep {
			positions = append(positions, n)
		}
	}
	x := s.d.Inter.Take(positions)
	for n := range x.User {
		x.User[n], x.Item[n] = newUser[x.User[n]], newItem[x.Item[n]]
	}
	out := &Dataset{
		Name: s.d.Name, Users: users, Items: items, UserText: userText, ItemText: itemText,
		// Dropping the only id that is not a number turns bytewise order into numeric, so users may change places.
		Inter: canonical(x, users.Len()),
		Notes: slices.Clone(s.d.Notes),
		// Only items with interactions are left, so those that were kept without any are out of the catalogue too.
		UnratedItems: s.d.UnratedItems + s.unrated,
	}
	for _, r := range removed {
		if r.Interactions > 0 {
			out.Notes = append(out.Notes, r.String())
		}
	}
	return out
}

// reindex gives the ids that still occur new dense ids, and returns the new id of each old one.
func (s *selection) reindex(old *Index, text Fields, counts []int) (*Index, Fields, []int32) {
	var raw []string
	for n, c := range counts {
		if c > 0 {
			raw = append(raw, old.Raw(int32(n)))
		}
	}
	sortIDs(raw)
	x := NewIndex(raw)
	renumber := make([]int32, old.Len())
	from := make([]int32, x.Len())
	for n, id := range raw {
		o, _ := old.Dense(id)
		renumber[o], from[n] = int32(n), o
	}
	return x, text.take(from), renumber
}
