package data

import (
	"fmt"
	"slices"
)

// Split divides the data set. The specification must be complete: see [SplitSpec.WithDefaults].
//
// State, for every method: models are fitted on the training interactions; the history of a test case is the user's
// training and validation interactions, that of a validation case the training ones alone.
func (d *Dataset) Split(s SplitSpec) (*Split, error) {
	var a roles
	var err error
	switch s.Method {
	case "leave-one-out":
		a = leaveOneOut(d, s)
	case "temporal":
		a, err = temporal(d, s)
	case "ratio":
		a = ratio(d, s)
	case "user-cold":
		a = userCold(d, s)
	case "item-cold":
		a = itemCold(d, s)
	case "given":
		return d.given(s)
	default:
		panic("data: unknown split method " + s.Method)
	}
	if err != nil {
		return nil, fmt.Errorf("data: %s: split %s: %w", d.Name, s.Method, err)
	}
	out := &Split{Method: s.Method, Skipped: map[string]int{}}
	var train []int
	for p, r := range a {
		if r == toTrain || s.Leak != "" && r != unused {
			train = append(train, p)
		}
	}
	out.Train = d.train(train)
	out.Train.Valid = d.part(a, toValid, s.MinHistory, nil)
	out.Valid = out.Train.Valid
	out.Test = d.part(a, toTest, s.MinHistory, out.Skipped)
	return out, out.check(d)
}

// given takes the split that came with the data.
func (d *Dataset) given(s SplitSpec) (*Split, error) {
	if d.Given == nil {
		return nil, fmt.Errorf("data: %s: split given: this data set brings no split of its own", d.Name)
	}
	out := &Split{Method: s.Method, Skipped: map[string]int{}}
	var train []int
	for p, t := range d.Given.Train {
		if t || s.Leak != "" {
			train = append(train, p)
		}
	}
	out.Train = d.train(train)
	out.Train.Valid = d.Given.Valid.atLeast(s.MinHistory, nil)
	out.Valid = out.Train.Valid
	out.Test = d.Given.Test.atLeast(s.MinHistory, out.Skipped)
	return out, out.check(d)
}

func (s *Split) check(d *Dataset) error {
	if s.Train.Inter.Len() == 0 {
		return fmt.Errorf("data: %s: split %s: nothing is left to train on", d.Name, s.Method)
	}
	if len(s.Test.Cases) == 0 {
		return fmt.Errorf("data: %s: split %s: no user is left to test (skipped: %v)", d.Name, s.Method, s.Skipped)
	}
	return nil
}

func (d *Dataset) train(positions []int) *Train {
	return &Train{
		NumUsers: d.Users.Len(), NumItems: d.Items.Len(), Inter: d.Inter.Take(positions),
		Users: d.Users, Items: d.Items, UserText: d.UserText, ItemText: d.ItemText,
	}
}

// part asks every user who has interactions of the given role for them. The history is what comes before that role:
// training and fold-in, and for the test part validation as well.
func (d *Dataset) part(roles roles, answer role, minHistory int, skipped map[string]int) Part {
	var out Part
	d.users(func(user, from, to int) {
		c := Case{User: int32(user)}
		var relevant []int32
		for p := from; p < to; p++ {
			switch r := roles[p]; {
			case r == answer:
				if len(relevant) == 0 {
					c.At = d.Inter.Time[p]
				}
				relevant = append(relevant, d.Inter.Item[p])
			case r != unused && r < answer:
				c.History = append(c.History, d.Inter.Item[p])
				c.Times = append(c.Times, d.Inter.Time[p])
			}
		}
		if len(relevant) == 0 {
			if skipped != nil {
				skipped["no relevant item"]++
			}
			return
		}
		slices.Sort(relevant)
		out.Cases = append(out.Cases, c)
		out.Relevant = append(out.Relevant, slices.Compact(relevant))
	})
	return out.atLeast(minHistory, skipped)
}

// atLeast keeps the cases with a history of that length and counts the others.
func (p Part) atLeast(history int, skipped map[string]int) Part {
	var out Part
	for n, c := range p.Cases {
		if len(c.History) < history {
			if skipped != nil {
				skipped[fmt.Sprintf("history shorter than %d", history)]++
			}
			continue
		}
		out.Cases = append(out.Cases, c)
		out.Relevant = append(out.Relevant, p.Relevant[n])
	}
	return out
}
