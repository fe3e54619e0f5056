package report

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
)

// paired is how many systems have all their pairs tested. Of more, each is tested against the best alone, as it is anyway:
// two hundred systems have twenty thousand pairs, and nobody looks at them.
const paired = 28

// room is how many bytes the rows of users may take.
const room = 850_000

// users is what the page that compares two systems knows of each user, and what it need not compute.
type users struct {
	Metric  string             `json:"metric"`
	Board   string             `json:"board"`
	Exact   bool               `json:"exact"`  // the levels are the values themselves
	Levels  []float64          `json:"levels"` // from the first that is not zero
	Users   []string           `json:"users"`  // raw ids; empty where they would be too long
	Count   int                `json:"count"`
	Systems []user             `json:"systems"`
	Pairs   map[string]outcome `json:"pairs"` // "A,B" by the systems' places
}

// user is one system, by users.
type user struct {
	Name string  `json:"name"`
	Page string  `json:"page"`
	Mean float64 `json:"mean"`
	Rows string  `json:"rows"` // see code
}

// outcome of a test that was made with the page. Of what only the best is tested against, the interval is not known.
type outcome struct {
	Difference float64  `json:"d"`
	Lo         *float64 `json:"lo"`
	Hi         *float64 `json:"hi"`
	P          *float64 `json:"p"`
	Holm       *float64 `json:"holm"`
	Of         string   `json:"of"` // what Holm's correction is over
}

// Values are written as levels, a character each, from what JSON and HTML leave alone; runs of zeros, of which a metric of
// short lists has most, as numbers to the base of 26 in small letters.
const letters = "!#$%'()*+,-./0123456789:;=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`{|}~"

// compare writes the page that compares two systems by user, and the file of users that it reads.
func (s *site) compare(b *board) error {
	u := &users{Metric: b.Metric(), Board: b.Name(), Pairs: map[string]outcome{}, Levels: []float64{}, Users: []string{}}
	var rows []*row
	for _, r := range b.Rows {
		if r.Standing != nil && r.Values[b.Primary] != nil {
			rows = append(rows, r)
		}
	}
	left := 0
	if len(rows) > 0 {
		u.Count = len(rows[0].Users)
		if len(strings.Join(rows[0].Users, `","`)) < 130_000 {
			u.Users = rows[0].Users
		}
		u.levels(rows, b.Primary)
		size := 0
		for _, r := range rows {
			coded := u.code(r.Values[b.Primary])
			if size += len(coded); size > room {
				left++
				continue
			}
			u.Systems = append(u.Systems, user{r.System, r.Page, round(r.Standing.Mean), coded})
		}
		u.pairs(b, rows[:len(u.Systems)])
	}
	content, err := json.Marshal(u)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if err := s.file(b.Dir+"/users.js", slices.Concat([]byte("window.llm4rec = "), content, []byte(";\n"))); err != nil {
		return err
	}
	return s.page(b.Dir+"/compare.html", "compare.html", struct {
		head
		*board
		Count, Left, Paired int
	}{b.head("Compare two", "Compare two"), b, len(u.Systems), left, paired})
}

// levels are the values that occur, or equal steps where there are more of them than letters.
func (u *users) levels(rows []*row, metric int) {
	seen := map[float64]bool{}
	highest := 0.
	for _, r := range rows {
		for _, v := range r.Values[metric] {
			highest = max(highest, v)
			if v != 0 && len(seen) <= len(letters) {
				seen[v] = true
			}
		}
	}
	if u.Exact = len(seen) <= len(letters); u.Exact {
		for v := range seen {
			u.Levels = append(u.Levels, v)
		}
		slices.Sort(u.Levels)
		return
	}
	for n := range len(letters) {
		u.Levels = append(u.Levels, highest*float64(n+1)/float64(len(letters)))
	}
}

// code writes a row of values.
func (u *users) code(values []float64) string {
	var b strings.Builder
	zeros := 0
	flush := func() {
		var digits []byte
		for ; zeros > 0; zeros /= 26 {
			digits = append(digits, byte('a'+zeros%26))
		}
		slices.Reverse(digits)
		b.Write(digits)
		zeros = 0
	}
	for _, v := range values {
		n := 0 // from 1; 0 is zero
		if u.Exact {
			if at, ok := slices.BinarySearch(u.Levels, v); ok {
				n = at + 1
			}
		} else {
			n = int(math.Round(v / u.Levels[0]))
		}
		if n <= 0 {
			zeros++
			continue
		}
		flush()
		b.WriteByte(letters[n-1])
	}
	flush()
	return b.String()
}

func (u *users) pairs(b *board, rows []*row) {
	if len(rows) > paired {
		u.best(rows)
		return
	}
	at := map[string]int{}
	for n, r := range rows {
		at[r.System] = n
	}
	of := "all pairs"
	for _, d := range b.table.Pairs() {
		i, j := at[d.A], at[d.B]
		x := outcome{round(d.Mean), rounded(d.Lo), rounded(d.Hi), rounded(d.P), rounded(d.Holm), of}
		if i > j { // the page asks for the better system first
			x.Difference, x.Lo, x.Hi = -x.Difference, rounded(-d.Hi), rounded(-d.Lo)
			i, j = j, i
		}
		u.Pairs[fmt.Sprintf("%d,%d", i, j)] = x
	}
}

// best has the tests that the leaderboard rests on.
func (u *users) best(rows []*row) {
	top := slices.IndexFunc(rows, func(r *row) bool { return r.Standing.Best })
	for n, r := range rows {
		if top < 0 || r.Standing.P == nil {
			continue
		}
		i, j, d := top, n, rows[top].Standing.Mean-r.Standing.Mean
		if i > j {
			i, j, d = j, i, -d
		}
		u.Pairs[fmt.Sprintf("%d,%d", i, j)] = outcome{Difference: round(d), Holm: rounded(*r.Standing.P), Of: "the rows, against the best"}
	}
}

// round keeps six digits: a page shows four.
func round(x float64) float64 {
	scale := math.Pow(10, 8)
	return math.Round(x*scale) / scale
}

func rounded(x float64) *float64 {
	x = round(x)
	return &x
}
