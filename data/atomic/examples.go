package atomic

import (
	"fmt"
	"io/fs"
	"slices"

	"llm4rec/data"
	"llm4rec/data/internal/lines"
)

// A file of the benchmark form has a row for each question: the items before, then the next item. Training files hold
// one row for every prefix of a user's sequence (RecBole's augmentation), so the sequence is told many times over, and
// a long one only through windows of its last items. It is put together again here: an item that several rows tell of
// becomes one interaction, and the time of an interaction is its position.

// example is one row: a user's items, of which the last is the one to predict.
type example struct {
	items []string
	place func(format string, args ...any) error // makes an error about the row
}

// examples are the rows of one file by user, and the users in order of appearance.
type examples struct {
	users  []string
	byUser map[string][]example
}

func readExamples(fsys fs.FS, name string) (examples, error) {
	x := examples{byUser: map[string][]example{}}
	shared := map[string]string{} // one string for each id, not one for each mention
	line := 1
	var words [][]byte
	err := readTable(fsys, name, []column{{userColumn, data.Token}, {listColumn, data.TokenSeq}, {itemColumn, data.Token}}, func(t *table) error {
		line++
		at := line
		words = lines.Words(words[:0], t.value(listColumn))
		if len(words) == 0 {
			return fmt.Errorf("%s is empty", listColumn)
		}
		e := example{place: func(format string, args ...any) error {
			return fmt.Errorf("%s: %s:%d: %w", source, name, at, fmt.Errorf(format, args...))
		}}
		for _, w := range append(words, t.value(itemColumn)) {
			id, ok := shared[string(w)]
			if !ok {
				id = string(w)
				shared[id] = id
			}
			e.items = append(e.items, id)
		}
		user := string(t.value(userColumn))
		if x.byUser[user] == nil {
			x.users = append(x.users, user)
		}
		x.byUser[user] = append(x.byUser[user], e)
		return nil
	})
	return x, err
}

// sequence puts a user's training rows together: the longest row, lengthened where a row that begins one item earlier
// or ends one item later joins it, which only windows do.
func sequence(rows []example) ([]string, error) {
	longest := slices.MaxFunc(rows, func(a, b example) int { return len(a.items) - len(b.items) })
	window := len(longest.items)
	whole := slices.Clone(longest.items)
	for _, r := range rows {
		switch {
		case within(whole, r.items):
		case len(r.items) < window:
			return nil, r.place("the items are no part of the user's longest row")
		case slices.Equal(r.items[1:], whole[:window-1]):
			whole = slices.Insert(whole, 0, r.items[0])
		case slices.Equal(r.items[:window-1], whole[len(whole)-window+1:]):
			whole = append(whole, r.items[window-1])
		default:
			return nil, r.place("the items do not continue the user's other rows")
		}
	}
	return whole, nil
}

// within tells whether part is a run of neighbours in whole.
func within(whole, part []string) bool {
	for n := 0; n+len(part) <= len(whole); n++ {
		if slices.Equal(whole[n:n+len(part)], part) {
			return true
		}
	}
	return false
}
