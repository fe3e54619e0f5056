package atomic

import (
	"io/fs"
	"slices"

	"llm4rec/data"
)

// history is one user's sequence: training interactions first, then what only the questions tell.
type history struct {
	items       []string
	train       int // how many of them are training interactions
	valid, test int // position of the answer, -1 without one
}

// ask adds the rows of a question file to a user's history and returns the answer's position.
func (h *history) ask(rows []example) (int, error) {
	if len(rows) == 0 {
		return -1, nil
	}
	if len(rows) > 1 {
		return -1, rows[1].place("the user has more than one row")
	}
	before, answer := rows[0].items[:len(rows[0].items)-1], rows[0].items[len(rows[0].items)-1]
	switch {
	case len(h.items) == 0:
		h.items = slices.Clone(before)
		if len(before) == 1 {
			h.train = 1 // one item makes no training row, yet it is training data
		}
	case len(before) > len(h.items) || !slices.Equal(before, h.items[len(h.items)-len(before):]):
		return -1, rows[0].place("the items before are not the end of the user's earlier rows")
	}
	h.items = append(h.items, answer)
	return len(h.items) - 1, nil
}

// loadGiven reads the benchmark form. A user without a training row whose history is longer than one item is a new
// user: what came before the question is known when it is asked, but it is not training data.
func loadGiven(fsys fs.FS, name string) (*data.Dataset, error) {
	var parts [3]examples
	for n, part := range [...]string{"train", "valid", "test"} {
		var err error
		if parts[n], err = readExamples(fsys, name+"."+part+".inter"); err != nil {
			return nil, err
		}
	}
	b := data.NewBuilder(0)
	histories := map[string]history{}
	for _, part := range parts {
		for _, user := range part.users {
			if _, done := histories[user]; done {
				continue
			}
			h, err := join(parts, user)
			if err != nil {
				return nil, err
			}
			histories[user] = h
			for _, item := range h.items {
				b.AddNext([]byte(user), []byte(item), 1)
			}
		}
	}
	index, err := readIndex(fsys, name+".item2index")
	if err != nil {
		return nil, err
	}
	if err := readText(fsys, name, b, index); err != nil {
		return nil, err
	}
	d, err := b.Build(name)
	if err != nil {
		return nil, err
	}
	d.Given = given(d, histories)
	return d, nil
}

// join puts the three parts of one user together.
func join(parts [3]examples, user string) (history, error) {
	var h history
	var err error
	if rows := parts[0].byUser[user]; len(rows) > 0 {
		if h.items, err = sequence(rows); err != nil {
			return h, err
		}
		h.train = len(h.items)
	}
	if h.valid, err = h.ask(parts[1].byUser[user]); err != nil {
		return h, err
	}
	h.test, err = h.ask(parts[2].byUser[user])
	return h, err
}

// given makes the split: positions of interactions are times, so the canonical order is that of the histories.
func given(d *data.Dataset, histories map[string]history) *data.Given {
	g := &data.Given{Train: make([]bool, d.Inter.Len())}
	from := 0
	for u := range int32(d.Users.Len()) {
		h := histories[d.Users.Raw(u)]
		items, times := d.Inter.Item[from:from+len(h.items)], d.Inter.Time[from:from+len(h.items)]
		for n := range h.train {
			g.Train[from+n] = true
		}
		ask := func(p *data.Part, at int) {
			if at < 0 {
				return
			}
			p.Cases = append(p.Cases, data.Case{User: u, History: items[:at:at], Times: times[:at:at], At: times[at]})
			p.Relevant = append(p.Relevant, []int32{items[at]})
		}
		ask(&g.Valid, h.valid)
		ask(&g.Test, h.test)
		from += len(h.items)
	}
	return g
}
