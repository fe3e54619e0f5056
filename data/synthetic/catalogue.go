package synthetic

import (
	"math/rand/v2"
	"strconv"

	"llm4rec/data"
)

const (
	successors = 4                  // of every item
	start      = 874_724_400        // 20 September 1997, near where MovieLens-100K begins
	period     = 200 * 24 * 60 * 60 // seconds in which users arrive and new items appear
	thisYear   = 1998
)

// catalogue is the world before anyone takes anything. Topics are positions in the table of topics.
type catalogue struct {
	main, second []int8 // topics of an item; equal where it has one
	part         []int  // 1, or the number of the sequel, whose first part is the item before it
	year         []int
	appears      []int64 // time; 0: was always there
	next         []int32 // successors items per item, the likeliest first
	instead      []int32 // the item to try where one is taken

	topics  urn // of items and of users' preferences
	all     urn // every item
	byTopic []shelf
}

// shelf is the items of one main topic.
type shelf struct {
	items []int32
	urn   urn
}

func newCatalogue(c Config) *catalogue {
	n := c.Items
	w := &catalogue{
		main: make([]int8, n), second: make([]int8, n), part: make([]int, n), year: make([]int, n),
		appears: make([]int64, n), next: make([]int32, n*successors), instead: make([]int32, n),
		byTopic: make([]shelf, len(topics())),
	}
	for t := range w.byTopic {
		w.topics.add(falling(float64(t+2), 1))
	}
	r := stream(c.Seed, "items")
	rank := ranks(n, r)
	for i := range n {
		w.item(i, r)
		weight := popularity(c, rank[i])
		w.all.add(weight)
		s := &w.byTopic[w.main[i]]
		s.items = append(s.items, int32(i))
		s.urn.add(weight)
	}
	for i := range n {
		w.instead[i] = int32((i + 1) % n)
	}
	if c.LongTail {
		w.instead = lessPopular(rank)
	}
	for i := range n {
		s := &w.byTopic[w.main[i]]
		for k := range successors {
			w.next[i*successors+k] = s.items[s.urn.draw(r)]
		}
		if i+1 < n && w.part[i+1] > 1 {
			w.next[i*successors] = int32(i + 1)
		}
	}
	return w
}

// item decides everything about item i but its popularity.
func (w *catalogue) item(i int, r *rand.Rand) {
	if i > 0 && w.part[i-1] < 5 && r.Uint64N(6) == 0 {
		w.main[i], w.second[i], w.part[i] = w.main[i-1], w.second[i-1], w.part[i-1]+1
		w.year[i], w.appears[i] = min(thisYear, w.year[i-1]+2), w.appears[i-1]
		return
	}
	t := int8(w.topics.draw(r))
	w.main[i], w.second[i], w.part[i] = t, t, 1
	if r.Uint64N(5) < 3 {
		w.second[i] = int8(w.topics.draw(r))
	}
	if r.Uint64N(5) == 0 {
		w.year[i], w.appears[i] = thisYear, start+int64(r.Uint64N(period))
		return
	}
	w.year[i] = thisYear - 1 - int(min(r.Uint64N(70), r.Uint64N(70), r.Uint64N(70)))
}

// text is title, year and genres, as the MovieLens loader gives them.
func (w *catalogue) text(c Config) data.Fields {
	title, year, genres := make([]string, c.Items), make([]string, c.Items), make([]string, c.Items)
	r := stream(c.Seed, "titles")
	table := topics()
	for i := range title {
		a, b := table[w.main[i]], table[w.second[i]]
		year[i], genres[i] = strconv.Itoa(w.year[i]), a.name
		if a.name != b.name {
			genres[i] += ", " + b.name
		}
		if w.part[i] > 1 {
			title[i] = stem(title[i-1], w.part[i-1]) + " " + strconv.Itoa(w.part[i])
			continue
		}
		one, two := a.words[r.IntN(len(a.words))], b.words[r.IntN(len(b.words))]
		for one == two {
			two = b.words[r.IntN(len(b.words))]
		}
		switch r.IntN(4) {
		case 0:
			title[i] = "The " + one + " " + two
		case 1:
			title[i] = one + " of the " + two
		case 2:
			title[i] = one + " and " + two
		default:
			title[i] = one + " " + two
		}
	}
	return data.Fields{
		{Name: "title", Kind: data.TokenSeq, Values: title},
		{Name: "year", Kind: data.Token, Values: year},
		{Name: "genres", Kind: data.TokenSeq, Values: genres},
	}
}

// stem is the title of a part without its number.
func stem(title string, part int) string {
	if part == 1 {
		return title
	}
	return title[:len(title)-len(" ")-len(strconv.Itoa(part))]
}
