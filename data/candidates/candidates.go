// Package candidates reads the items that somebody else chose for each user, among which the systems are to choose:
// "user<tab>item item …" a line, as LLMRank publishes them.
package candidates

import (
	"io/fs"

	"llm4rec/data"
	"llm4rec/data/internal/lines"
)

const source = "candidates"

// Load reads a file of candidates by user, in the order of the file. Users and items are those of a data set: a name that it
// lacks is an error, since the file then belongs to another one. An item that a line repeats counts where it stands first: in
// files merged from several retrievers, as LLMRank's are, several found the same.
func Load(fsys fs.FS, name string, users, items *data.Index) (map[int32][]int32, error) {
	out, at := map[int32][]int32{}, map[int32]int{}
	var fields, words [][]byte
	last := make([]int, items.Len()) // the line that named an item last
	err := lines.Each(fsys, source, name, func(s *lines.Scanner, line []byte) error {
		fields = lines.Split(fields[:0], line, "\t")
		if len(fields) != 2 {
			return s.Errorf("want a user, a tab and the items, got %d fields", len(fields))
		}
		if words = lines.Words(words[:0], fields[1]); len(words) == 0 {
			return s.Errorf("user %q has no items", fields[0])
		}
		user, ok := users.Dense(string(fields[0]))
		if !ok {
			return s.Errorf("user %q is not in the data set", fields[0])
		}
		if n, ok := at[user]; ok {
			return s.Errorf("user %q has a line already, %d", fields[0], n)
		}
		at[user] = s.Line()
		list := make([]int32, 0, len(words))
		for _, w := range words {
			item, ok := items.Dense(string(w))
			if !ok {
				return s.Errorf("item %q is not in the catalogue", w)
			}
			if last[item] != s.Line() {
				last[item] = s.Line()
				list = append(list, item)
			}
		}
		out[user] = list
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
