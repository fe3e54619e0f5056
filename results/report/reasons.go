package report

import (
	"fmt"
	"slices"
	"strings"

	"llm4rec/results"
)

// reader is a user with the reasons that they were given.
type reader struct {
	User    string
	Reasons []reason
	Bad     bool
}

// reason is one, as a page shows it.
type reason struct {
	Rank                         int32
	Item, Title, Sentence, Error string
	Class                        string // of an answer that is not as it should be
	Claims                       []claim
	Bad                          bool // something that it rests on is not so, or it is none
}

// claim is what a reason rests on, in words.
type claim struct {
	Text, Beside string
	Supported    bool
}

// reasons writes the page that compares a board's rows that explain, and one of each.
func (s *site) reasons(b *board, parts tables) error {
	for _, x := range b.Explained {
		if err := s.explained(b, x); err != nil {
			return err
		}
	}
	return s.page(b.Dir+"/reasons.html", "reasons.html", struct {
		head
		*board
		Tables tables
	}{b.head("Reasons", "Reasons"), b, parts})
}

func (s *site) explained(b *board, x *other) error {
	page := struct {
		head
		*board
		Row              *other
		Command          string
		Of               *row
		Accounts         sheet
		Params, Identity []pair
		Readers          []reader
		All              int // users
		Damaged          string
		Unsupported      int
		Browse           browse
	}{head: b.head(x.System, ""), board: b, Row: x, Command: b.commandOf(x), Accounts: accounts([]*other{x}), Browse: browse{Bad: "not supported only"}}
	s.written.Systems++
	if len(x.Records) > 0 {
		rec := x.Records[0]
		page.Params, page.Identity = params(rec.Identity.Params), identity(rec)
		if r := b.table.First(x.Row); r != nil {
			page.Of = b.find(r)
		}
		list, err := b.experiment.Reasons(rec)
		if err != nil {
			page.Damaged = err.Error()
		}
		page.Readers, page.All = readers(list)
		page.Unsupported = unsupported(page.Readers)
	}
	return s.page(b.Dir+"/"+x.Page, "explained.html", page)
}

// readers are an evenly spread sample of the users with their reasons, and how many there are.
func readers(list []results.Reason) ([]reader, int) {
	var users [][]results.Reason
	index := map[string]int{}
	for _, r := range list {
		n, known := index[r.User]
		if !known {
			n = len(users)
			index[r.User] = n
			users = append(users, nil)
		}
		users[n] = append(users[n], r)
	}
	of := once(func(n int) reader { return newReader(users[n]) })
	var out []reader
	for _, n := range sample(sampled, len(users), budget, func(n int) int { return of(n).size() }) {
		out = append(out, of(n))
	}
	return out, len(users)
}

func newReader(list []results.Reason) reader {
	out := reader{User: cut(list[0].User, perTitle)}
	for _, r := range list {
		x := reason{Rank: r.Rank, Item: cut(r.Item, perTitle), Title: cut(r.Title, perTitle), Sentence: cut(r.Sentence, longest), Error: cut(first(r.Error), longest), Bad: r.Sentence == ""}
		if r.Class != "ok" {
			x.Class = cut(r.Class, perTitle)
		}
		for _, c := range r.Claims {
			x.Claims = append(x.Claims, newClaim(c))
			x.Bad = x.Bad || !c.Supported
		}
		out.Reasons = append(out.Reasons, x)
		out.Bad = out.Bad || x.Bad
	}
	return out
}

func newClaim(c results.Claim) claim {
	out := claim{Supported: c.Supported}
	switch {
	case c.Field != "":
		out.Text = c.Field + ": " + c.Value
		if c.Item != "" && c.Item != "?" {
			out.Text += ", like " + orElse(c.Title, c.Item)
		}
	case c.Item == "?":
		out.Text = strings.TrimSpace("cites what is not in the history: " + c.Title)
	case c.Item != "":
		out.Text = "cites " + orElse(c.Title, c.Item)
		out.Beside = fmt.Sprintf("cosine %.2f, %d users have both", c.Cosine, c.Users)
	}
	out.Text = cut(orElse(out.Text, c.Kind), perTitle)
	return out
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// markup is about what stands around a text.
const markup = 150

func (x reader) size() int {
	n := markup + weight(x.User)
	for _, r := range x.Reasons {
		n += 2*markup + weight(r.Item, r.Title, r.Sentence, r.Error, r.Class)
		for _, c := range r.Claims {
			n += markup + weight(c.Text, c.Beside)
		}
	}
	return n
}

// unsupported counts the shown reasons of which something is not so.
func unsupported(list []reader) int {
	n := 0
	for _, x := range list {
		n += len(slices.DeleteFunc(slices.Clone(x.Reasons), func(r reason) bool { return !r.Bad }))
	}
	return n
}
