package report

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"llm4rec/results"
	"llm4rec/results/table"
)

// conversation is one, as a page shows it.
type conversation struct {
	User, Target, Outcome, Error string
	Repeat, Rank, Turns, Left    int32
	Said                         []exchange
}

// exchange is a turn: what the user said, and what the agent did and answered.
type exchange struct {
	User, Agent, End string
	Items            []string
	Steps            []action
	Raw              string // a trace that has another form
}

// action is one step of an agent's, as the record's JSON has it.
type action struct {
	By           string          `json:"by"`
	Text         string          `json:"text"`
	Tool         string          `json:"tool"`
	Arguments    json.RawMessage `json:"arguments"`
	Result       string          `json:"result"`
	Error        string          `json:"error"`
	PromptTokens int             `json:"prompt_tokens"`
	OutputTokens int             `json:"output_tokens"`
	Recorded     bool            `json:"recorded"`
	Wall         time.Duration   `json:"wall"`
	Bus          int             `json:"bus"`
}

// talks writes the page that compares a board's rows that talk, and one of each.
func (s *site) talks(b *board, parts tables) error {
	for _, x := range b.Talked {
		if err := s.talked(b, x); err != nil {
			return err
		}
	}
	return s.page(b.Dir+"/talks.html", "talks.html", struct {
		head
		*board
		Tables tables
	}{b.head("Conversations", "Conversations"), b, parts})
}

func (s *site) talked(b *board, x *other) error {
	page := struct {
		head
		*board
		Row                    *other
		Command                string
		Measures               []table.Measured
		Accounts               sheet
		Like, Params, Identity []pair
		Conversations          []conversation
		Browse                 browse
		All                    int
	}{head: b.head(x.System, ""), board: b, Row: x, Command: b.commandOf(x), Accounts: accounts([]*other{x})}
	s.written.Systems++
	if len(x.Records) > 0 {
		rec := x.Records[0]
		page.Params, page.Identity = params(rec.Identity.Params), identity(rec)
		page.Measures, page.All = x.Measured(), len(x.Talks)
		page.Conversations = conversations(x.Talks)
		for _, p := range x.Facts {
			if p.Name != "95%" && !slices.ContainsFunc(page.Measures, func(m table.Measured) bool { return m.Name == p.Name }) {
				page.Like = append(page.Like, p)
			}
		}
		for _, c := range page.Conversations {
			if !slices.Contains(page.Browse.Kinds, c.Outcome) {
				page.Browse.Kinds = append(page.Browse.Kinds, c.Outcome)
			}
		}
		slices.Sort(page.Browse.Kinds)
	}
	return s.page(b.Dir+"/"+x.Page, "talked.html", page)
}

// conversations are an evenly spread sample of those that found the wanted item, and of those that did not: half of each as far
// as there are so many, so that rare ones are to be seen.
func conversations(list []results.Talk) []conversation {
	var found, failed []int
	for n, t := range list {
		if t.Rank > 0 {
			found = append(found, n)
		} else {
			failed = append(failed, n)
		}
	}
	const half = sampled / 2
	made := once(func(n int) conversation { return newConversation(list[n]) })
	var places []int
	for _, some := range [][]int{found, failed} {
		of := min(half, len(some))
		if of == half && min(len(found), len(failed)) < half { // the others leave room
			of = 2*half - min(len(found), len(failed))
		}
		for _, at := range sample(of, len(some), budget/2, func(at int) int { return made(some[at]).size() }) {
			places = append(places, some[at])
		}
	}
	slices.Sort(places)
	var out []conversation
	for _, n := range places {
		out = append(out, made(n))
	}
	return out
}

func newConversation(t results.Talk) conversation {
	out := conversation{User: cut(t.User, perTitle), Target: cut(t.Target, perTitle), Outcome: cut(t.Outcome, perTitle), Error: cut(first(t.Error), longest), Repeat: t.Repeat, Rank: t.Rank, Turns: t.Turns, Left: t.Left}
	for _, u := range t.Said {
		x := exchange{User: cut(u.User, longest), Agent: cut(u.Agent, longest), End: cut(u.End, perTitle)}
		for _, item := range u.Items {
			x.Items = append(x.Items, cut(item, perTitle))
		}
		if err := json.Unmarshal([]byte(u.Trace), &x.Steps); err != nil {
			x.Steps, x.Raw = nil, cut(u.Trace, longest)
		}
		for n := range x.Steps {
			s := &x.Steps[n]
			s.By, s.Tool = cut(s.By, perTitle), cut(s.Tool, perTitle)
			s.Text, s.Result, s.Error = cut(s.Text, longest), cut(s.Result, longest), cut(s.Error, longest)
			s.Arguments = json.RawMessage(cut(string(s.Arguments), longest))
		}
		out.Said = append(out.Said, x)
	}
	return out
}

func (c conversation) size() int {
	n := 4*markup + weight(c.User, c.Target, c.Outcome, c.Error)
	for _, x := range c.Said {
		n += 4*markup + weight(x.User, x.Agent, x.End, x.Raw) + weight(x.Items...)
		for _, s := range x.Steps {
			n += 2*markup + weight(s.By, s.Tool, string(s.Arguments), s.Text, s.Result, s.Error)
		}
	}
	return n
}

// Listed are the items of a turn.
func (x exchange) Listed() string { return strings.Join(x.Items, ", ") }

// Bad tells whether nothing was found.
func (c conversation) Bad() bool { return c.Rank == 0 }

// Called is a tool with what it was told.
func (s action) Called() string { return strings.TrimSpace(s.Tool + " " + string(s.Arguments)) }

// Took is what a step cost.
func (s action) Took() string {
	out := []string{s.Wall.Round(time.Microsecond).String()}
	if s.Tool == "" {
		out = append(out, fmt.Sprintf("%d + %d tokens", s.PromptTokens, s.OutputTokens))
	}
	if s.Recorded {
		out = append(out, "recorded")
	}
	if s.Bus > 0 {
		out = append(out, fmt.Sprintf("%d candidates left", s.Bus))
	}
	return strings.Join(out, ", ")
}
