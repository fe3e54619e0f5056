package data

import (
	"fmt"
	"math"
)

// Filters say which interactions of a data set to leave out. The zero value leaves out none.
//
// They apply in this order, whatever the order in a file: minimum rating, duplicates, core. The core comes last so that
// what it promises still holds at the end.
type Filters struct {
	MinRating  float32    `yaml:"min_rating,omitempty" json:"min_rating,omitempty" jsonschema:"interactions rated lower are left out; 0 leaves out none"`
	Duplicates Duplicates `yaml:"duplicates,omitempty" json:"duplicates,omitempty" jsonschema:"which interaction of a repeated user-item pair stays: keep (all of them, the default), first or last"`
	Core       Core       `yaml:"core,omitempty" json:"core,omitzero" jsonschema:"the least number of interactions that every user and every item has in the end"`
}

// Core is a pair of least numbers of interactions; 0 and 1 ask for nothing. With one of the two alone it is a plain
// minimum, with both the largest part of the data in which both hold.
type Core struct {
	User int `yaml:"user,omitempty" json:"user,omitempty" jsonschema:"of a user; 0 and 1 ask for nothing"`
	Item int `yaml:"item,omitempty" json:"item,omitempty" jsonschema:"of an item"`
}

// Duplicates is a rule for user-item pairs that occur more than once.
type Duplicates string

const (
	KeepAll   Duplicates = "keep"
	KeepFirst Duplicates = "first" // in canonical order: the earliest, ties by position in the file
	KeepLast  Duplicates = "last"
)

// Removed is what one filter took away. Users and items are those that had no interaction left after it.
type Removed struct {
	Filter       string `json:"filter"`
	Interactions int    `json:"interactions"`
	Users        int    `json:"users"`
	Items        int    `json:"items"`
}

func (r Removed) String() string {
	return fmt.Sprintf("filter %s removed %d interactions, %d users, %d items", r.Filter, r.Interactions, r.Users, r.Items)
}

// Validate reports values that no data set could be filtered by.
func (f Filters) Validate() error {
	switch f.Duplicates {
	case "", KeepAll, KeepFirst, KeepLast:
	default:
		return fmt.Errorf("filters: duplicates is %q, want keep, first or last", f.Duplicates)
	}
	if math.IsNaN(float64(f.MinRating)) || math.IsInf(float64(f.MinRating), 0) {
		return fmt.Errorf("filters: min_rating is %v, want a number", f.MinRating)
	}
	if f.Core.User < 0 || f.Core.Item < 0 {
		return fmt.Errorf("filters: core is user %d, item %d, want no negative number", f.Core.User, f.Core.Item)
	}
	return nil
}

// Apply returns the data set that is left and what each filter took away. The dense ids are new, the order and the text
// are the old ones, and every filter that took something leaves a note. Filters that ask for nothing return d itself.
//
// Items without any interaction do not stay, however they came into the catalogue.
//
// A data set with a split of its own cannot be filtered: its cases would lose their histories and answers.
func (f Filters) Apply(d *Dataset) (*Dataset, []Removed, error) {
	if err := f.Validate(); err != nil {
		return nil, nil, err
	}
	steps := f.steps()
	if len(steps) == 0 {
		return d, nil, nil
	}
	if d.Given != nil {
		return nil, nil, fmt.Errorf("filters: %s brings its own split and cannot be filtered", d.Name)
	}
	s := newSelection(d)
	var removed []Removed
	for _, step := range steps {
		interactions, users, items := s.sizes()
		step.apply(s)
		i, u, t := s.sizes()
		if i == 0 {
			return nil, nil, fmt.Errorf("filters: %s: nothing is left after %s (%d interactions before it)", d.Name, step.name, interactions)
		}
		removed = append(removed, Removed{step.name, interactions - i, users - u, items - t})
	}
	return s.dataset(removed), removed, nil
}

type filterStep struct {
	name  string
	apply func(*selection)
}

// steps are the filters that ask for something, in their fixed order.
func (f Filters) steps() []filterStep {
	var steps []filterStep
	if f.MinRating != 0 {
		steps = append(steps, filterStep{fmt.Sprintf("rating ≥ %v", f.MinRating), func(s *selection) { s.minRating(f.MinRating) }})
	}
	if f.Duplicates == KeepFirst || f.Duplicates == KeepLast {
		steps = append(steps, filterStep{"duplicates: " + string(f.Duplicates), func(s *selection) { s.dropRepeats(f.Duplicates) }})
	}
	if f.Core.User > 1 || f.Core.Item > 1 {
		steps = append(steps, filterStep{fmt.Sprintf("core: user %d, item %d", f.Core.User, f.Core.Item), func(s *selection) { s.core(f.Core) }})
	}
	return steps
}
