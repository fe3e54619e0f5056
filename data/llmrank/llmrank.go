// Package llmrank puts together the MovieLens-1M that LLMRank's candidates can be asked on (Hou et al., ECIR 2024): SASRec's
// sequences of interactions under MovieLens's own ids, with the text of RecBole's item file, which LLMRank's prompts show.
//
// LLMRank's own interactions are RecBole's atomic file of all ratings. Where times tie, that file has an order of its own, which
// the sequences do not keep; and SASRec's preprocessing leaves out what is rated less than five times.
package llmrank

import (
	"fmt"
	"io/fs"

	"llm4rec/data"
	"llm4rec/data/atomic"
	"llm4rec/data/internal/lines"
)

const source = "llmrank"

// The files, below a data folder.
const (
	Sequences = "sequences/ml-1m.txt"
	UserMap   = "sequences/ml-1m.user_map.tsv"
	ItemMap   = "sequences/ml-1m.item_map.tsv"
	Items     = "llmrank/ml-1m/ml-1m.item"
)

// Load reads the four files. The catalogue is all that the item file describes, because the candidates hold films that nobody
// has rated, or that SASRec's preprocessing left out.
func Load(fsys fs.FS) (*data.Dataset, error) {
	users, err := readMap(fsys, UserMap, "sasrec_user\tmovielens_user")
	if err != nil {
		return nil, err
	}
	items, err := readMap(fsys, ItemMap, "sasrec_item\tmovielens_movie")
	if err != nil {
		return nil, err
	}
	b := data.NewBuilder(0)
	var words [][]byte
	err = lines.Each(fsys, source, Sequences, func(s *lines.Scanner, line []byte) error {
		words = lines.Words(words[:0], line)
		if len(words) != 2 {
			return s.Errorf("want a user and an item, got %d words", len(words))
		}
		user, ok := users[string(words[0])]
		if !ok {
			return s.Errorf("user %q is not in %s", words[0], UserMap)
		}
		item, ok := items[string(words[1])]
		if !ok {
			return s.Errorf("item %q is not in %s", words[1], ItemMap)
		}
		b.AddNext(user, item, 1)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := atomic.ReadItems(fsys, Items, b); err != nil {
		return nil, err
	}
	b.KeepDescribedItems()
	d, err := b.Build("ml-1m-llmrank")
	if err != nil {
		return nil, err
	}
	d.Notes = append(d.Notes,
		"histories are those of SASRec's preprocessing: where times tie, their order is not LLMRank's",
		fmt.Sprintf("%d of %d items have no interactions; they are in the catalogue because LLMRank's candidates hold them", idle(d), d.Items.Len()))
	return d, nil
}

// readMap reads MovieLens's id of every id of the sequences. It maps no two to one: they would become one user or item.
func readMap(fsys fs.FS, name, header string) (map[string][]byte, error) {
	out, taken := map[string][]byte{}, map[string]bool{}
	err := lines.Each(fsys, source, name, func(s *lines.Scanner, line []byte) error {
		if s.Line() == 1 {
			if string(line) != header {
				return s.Errorf("want the header %q, got %q", header, line)
			}
			return nil
		}
		f := lines.Split(nil, line, "\t")
		if len(f) != 2 {
			return s.Errorf("want 2 fields, got %d", len(f))
		}
		for _, id := range f {
			if _, ok := lines.Int(id); !ok {
				return s.Errorf("the id %q is not a whole number", id)
			}
		}
		from, to := string(f[0]), string(f[1])
		if out[from] != nil || taken[to] {
			return s.Errorf("%q or %q appears twice", from, to)
		}
		out[from], taken[to] = []byte(to), true
		return nil
	})
	return out, err
}

// idle counts the items of the catalogue without interactions.
func idle(d *data.Dataset) int {
	taken := make([]bool, d.Items.Len())
	n := len(taken)
	for _, i := range d.Inter.Item {
		if !taken[i] {
			taken[i] = true
			n--
		}
	}
	return n
}
