package simulate

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"

	"llm4rec/eval/dialogue"
)

// Constraint is a clause that the wanted item fulfils, and how it comes to be known.
type Constraint struct {
	Clause
	Kind dialogue.Kind `json:"kind"`
}

// Task is what a simulated user wants.
type Task struct {
	Case
	Constraints []Constraint

	catalogue *Catalogue
	leak      Leak
}

// Tasks are those of cases, each with so many constraints at most.
func (x *Catalogue) Tasks(cases []Case, seed uint64, most int) ([]*Task, error) {
	if most < 0 {
		return nil, fmt.Errorf("simulate: constraints: want at least 0, got %d", most)
	}
	out := make([]*Task, len(cases))
	for n, c := range cases {
		if c.Target < 0 || int(c.Target) >= len(x.Titles) {
			return nil, fmt.Errorf("simulate: the target %d of user %d is not in the catalogue", c.Target, c.Visitor.User)
		}
		out[n] = x.task(c, seed, most)
	}
	return out, nil
}

// task draws constraints from the target's values, of years its decade. The draw depends on the seed and the user alone. The
// first one drawn is volunteered, the second said on ask, the third hidden, and so on in turns: a target with one value has
// something to begin with, and every kind has its share. What cannot be said without naming the item is no constraint.
func (x *Catalogue) task(c Case, seed uint64, most int) *Task {
	t := &Task{Case: c, catalogue: x, leak: x.leak(c.Target)}
	var all []Clause
	for _, fact := range x.facts(c.Target) {
		if !t.leak.In(fact.String()) {
			all = append(all, fact)
		}
	}
	var key [32]byte // ChaCha8: keys that differ in one bit give unrelated streams
	binary.LittleEndian.PutUint64(key[0:], seed)
	binary.LittleEndian.PutUint32(key[8:], uint32(c.Visitor.User))
	copy(key[12:], "constraints")
	rand.New(rand.NewChaCha8(key)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	kinds := dialogue.Kinds()
	for n, clause := range all[:min(most, len(all))] {
		t.Constraints = append(t.Constraints, Constraint{clause, kinds[n%len(kinds)]})
	}
	return t
}

// facts are the clauses that hold for an item: its values, and its decade.
func (x *Catalogue) facts(item int32) []Clause {
	var out []Clause
	for _, field := range x.Fields {
		if field == x.yearField {
			if y := x.years[item]; y != 0 {
				out = append(out, decade(field, y))
			}
			continue
		}
		for _, v := range x.values[field][item] {
			out = append(out, Clause{Field: field, Value: v})
		}
	}
	return out
}
