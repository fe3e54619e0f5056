package data

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
)

// Builder collects what a loader reads, in file order, and makes a [Dataset] with the canonical order and indexes.
type Builder struct {
	users, items intern
	inter        Interactions // under provisional ids, in file order
	next         []int64      // by provisional user: the position that AddNext gives
	userText     textBuilder
	itemText     textBuilder
	described    bool // items with text are of the catalogue
}

// NewBuilder returns an empty builder with room for that many interactions.
func NewBuilder(interactions int) *Builder {
	return &Builder{
		users: intern{ids: map[string]int32{}}, items: intern{ids: map[string]int32{}},
		inter: Interactions{make([]int32, 0, interactions), make([]int32, 0, interactions), make([]float32, 0, interactions), make([]int64, 0, interactions)},
	}
}

// Add appends one interaction. The byte slices are not kept.
func (b *Builder) Add(user, item []byte, rating float32, time int64) {
	b.inter.User = append(b.inter.User, b.users.id(user))
	b.inter.Item = append(b.inter.Item, b.items.id(item))
	b.inter.Rating = append(b.inter.Rating, rating)
	b.inter.Time = append(b.inter.Time, time)
}

// AddNext appends the next interaction in the user's sequence, of a source without times: Time is the position in it.
func (b *Builder) AddNext(user, item []byte, rating float32) {
	b.Add(user, item, rating, 0)
	n := b.inter.Len() - 1
	for len(b.next) < len(b.users.raw) {
		b.next = append(b.next, 0)
	}
	u := b.inter.User[n]
	b.inter.Time[n] = b.next[u]
	b.next[u]++
}

// SetItemFields declares the columns of item text; AddItem gives their values for one item, in the same order.
func (b *Builder) SetItemFields(fields ...Field) { b.itemText.fields = fields }

// AddItem gives the text of one item. It fails if the item has text already.
func (b *Builder) AddItem(raw string, values ...string) error { return b.itemText.add(raw, values) }

// KeepDescribedItems puts items with text into the catalogue that nobody interacted with, for data sets whose questions or
// candidates hold them. Elsewhere such items stay out: a model of interactions can say nothing of them, and every full ranking
// would be longer by what nobody ever took.
func (b *Builder) KeepDescribedItems() { b.described = true }

// SetUserFields declares the columns of user text; AddUser gives their values for one user, in the same order.
func (b *Builder) SetUserFields(fields ...Field) { b.userText.fields = fields }

// AddUser gives the text of one user. It fails if the user has text already.
func (b *Builder) AddUser(raw string, values ...string) error { return b.userText.add(raw, values) }

// Build makes the data set. The builder must not be used afterwards.
func (b *Builder) Build(name string) (*Dataset, error) {
	if b.inter.Len() == 0 {
		return nil, fmt.Errorf("data: %s: no interactions", name)
	}
	if b.described {
		for raw := range b.itemText.rows {
			b.items.id([]byte(raw)) // in any order: the index sorts
		}
	}
	users, userOf := b.users.sorted()
	items, itemOf := b.items.sorted()
	x := b.inter
	for n := range x.User {
		x.User[n], x.Item[n] = userOf[x.User[n]], itemOf[x.Item[n]]
	}
	d := &Dataset{Name: name, Users: users, Items: items}
	d.Inter = canonical(x, users.Len())
	d.UserText, _ = b.userText.build(users)
	d.ItemText, d.UnratedItems = b.itemText.build(items)
	return d, nil
}

// canonical orders interactions by (user, time, position in the file): users by counting, then a stable sort each.
func canonical(x Interactions, users int) Interactions {
	start := make([]int, users+1)
	for _, u := range x.User {
		start[u+1]++
	}
	for u := range users {
		start[u+1] += start[u]
	}
	order := make([]int, len(x.User))
	next := slices.Clone(start)
	for p, u := range x.User {
		order[next[u]] = p
		next[u]++
	}
	for u := range users {
		slices.SortStableFunc(order[start[u]:start[u+1]], func(a, b int) int { return cmp.Compare(x.Time[a], x.Time[b]) })
	}
	return x.Take(order)
}

// intern gives raw ids provisional dense ids, in order of first appearance.
type intern struct {
	ids map[string]int32
	raw []string
}

func (t *intern) id(raw []byte) int32 {
	if n, ok := t.ids[string(raw)]; ok {
		return n
	}
	s := string(raw)
	n := int32(len(t.raw))
	t.ids[s] = n
	t.raw = append(t.raw, s)
	return n
}

// sorted returns the index in ascending raw id and the final dense id of each provisional one.
func (t *intern) sorted() (*Index, []int32) {
	ids := slices.Clone(t.raw)
	sortIDs(ids)
	x := NewIndex(ids)
	final := make([]int32, len(t.raw))
	for n, raw := range t.raw {
		final[n] = x.dense[raw]
	}
	return x, final
}

// sortIDs sorts numerically if every id is a decimal number in its shortest form, bytewise otherwise.
func sortIDs(ids []string) {
	number := make(map[string]int64, len(ids))
	for _, id := range ids {
		v, err := strconv.ParseInt(id, 10, 64)
		if err != nil || strconv.FormatInt(v, 10) != id {
			slices.Sort(ids)
			return
		}
		number[id] = v
	}
	slices.SortFunc(ids, func(a, b string) int { return cmp.Compare(number[a], number[b]) })
}

type textBuilder struct {
	fields []Field // names and kinds; values come from rows
	rows   map[string][]string
}

func (t *textBuilder) add(raw string, values []string) error {
	if len(values) != len(t.fields) {
		panic("data: as many values as fields are needed")
	}
	if t.rows == nil {
		t.rows = map[string][]string{}
	}
	if _, ok := t.rows[raw]; ok {
		return fmt.Errorf("id %q appears twice", raw)
	}
	t.rows[raw] = values
	return nil
}

// build lays the rows out by dense id and counts those whose id is not in the index.
func (t *textBuilder) build(x *Index) (Fields, int) {
	out := make(Fields, len(t.fields))
	for n, f := range t.fields {
		out[n] = Field{f.Name, f.Kind, make([]string, x.Len())}
	}
	unknown := 0
	for raw, values := range t.rows {
		id, ok := x.Dense(raw)
		if !ok {
			unknown++
			continue
		}
		for n, v := range values {
			out[n].Values[id] = v
		}
	}
	return out, unknown
}
