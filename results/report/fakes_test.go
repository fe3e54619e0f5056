package report

import (
	"fmt"
	"strings"
	"testing"

	"llm4rec/results"
)

// hurt are words that would do something if a page took them for markup or a script.
const hurt = `</pre></details></script><img src=x onerror="document.title='owned'"><script>document.title='owned'</script>{{.}}` + "\u202e\x00\x1b[31m"

// account is what made-up models were asked.
func account(recorded int) *results.Account {
	return &results.Account{Provider: "p", Model: "m<i>", Calls: 40, Recorded: recorded, Failures: 2, Answers: map[string]int{"ok": 30, "refu<b>sal": 8}, PromptTokens: 4000, OutputTokens: 500, Dollars: .01, Prices: "2026-01-01", LatencyP50: .3, LatencyP95: .9}
}

// beside adds the rows of a protocol that rank nothing, and makes one an agent.
func (x fake) beside(t testing.TB, s *results.Store, m *results.Manifest, protocol, split, after string) {
	t.Helper()
	put := func(rec results.Record, c results.Cell) {
		t.Helper()
		c.ID, c.Dataset, c.Protocol, c.System = rec.Identity.ID(), rec.Identity.Dataset, protocol, rec.Identity.System
		m.Cells = append(m.Cells, c)
		check(t, s.Put(rec, nil))
	}
	for _, name := range []string{"because", hostile + "why"} {
		rec := x.record(protocol, split, fakeSystem{name: name}, 0)
		rec.Identity.First = after
		var list []results.Reason
		for u := range x.users {
			for k := range int32(3) {
				r := results.Reason{User: fmt.Sprint("u", u), Rank: k + 1, Item: fmt.Sprint(k), Title: "Toy " + hurt, Sentence: "Because you had “" + hurt + "”.", Class: "ok", Claims: []results.Claim{
					{Kind: "history", Item: "7", Title: hurt, Cosine: .5, Users: 12, Supported: true}, {Kind: "field", Field: "colour", Value: "r<b>ed", Supported: (int32(u)+k)%4 > 0},
				}}
				if u == 4 && k == 0 {
					r = results.Reason{User: r.User, Rank: 1, Item: "0", Title: "Toy", Error: "call: " + hurt + "\ngoroutine 1"}
				}
				list = append(list, r)
			}
		}
		sum, err := s.PutReasons(rec.Identity.ID(), list)
		check(t, err)
		rec.Reasons = &results.Reasons{Kind: "template", Name: "because", Version: 1, K: 3, Asked: 3 * x.users, Reasons: 3*x.users - 1, Failed: 1, Grounded: 1, InHistory: .9, Exact: .75, List: sum}
		if name != "because" {
			rec.Reasons.Kind, rec.Reasons.Account, rec.Unpublish = "llm", account(40), []string{"m is a model made for tests"}
		}
		put(rec, results.Cell{Explains: true})
	}
	for n, name := range []string{"talker", hostile + "talks", "mute"} {
		rec := x.record(protocol, split, fakeSystem{name: name}, 0)
		if name == "mute" {
			rec.Status, rec.Error = results.Unavailable, "no <b>server</b>"
			put(rec, results.Cell{Talks: true})
			continue
		}
		var list []results.Talk
		for u := range x.users {
			talk := results.Talk{User: fmt.Sprint("u", u), Repeat: 0, Target: "1", Outcome: "found", Rank: 2, Turns: 1, Left: 9, VolunteeredOf: 2, Volunteered: 1, ToolCalls: 2, Calls: 3}
			if (u+n)%3 == 0 {
				talk.Outcome, talk.Rank = "agent fai<i>led", 0
				talk.Error = hurt
			}
			trace := `[{"by":"actor","text":"` + "think </script><img src=x onerror=alert(1)>" + `","prompt_tokens":5,"output_tokens":3,"wall":1000000},{"by":"tool","tool":"filter","arguments":{"where":"<b>"},"result":"{{.}}</pre><img src=x>","error":"<b>no</b>","wall":5}]`
			if u%10 == 1 {
				trace = "no JSON " + hurt
			}
			talk.Said = []results.Utterance{{User: "I want " + hurt, Agent: "Take " + hurt, Items: []string{"1", "<b>2"}, End: "recommended", Trace: trace}}
			list = append(list, talk)
		}
		sum, err := s.PutTalks(rec.Identity.ID(), list)
		check(t, err)
		rec.Dialogue = &results.Dialogue{
			Agent:     results.Agent{Planner: "react", Turns: x.users, Ends: map[string]int{"recommended": x.users}, ToolCalls: 2 * x.users, Account: account(0)},
			Simulator: "rules", User: account(1), Turns: 5, K: 10, Repeats: 1, Outcomes: map[string]int{"found": 50, "agent failed": 30}, Left: []float64{1, 5, 9, 20, 40}, Within: 4, List: sum,
		}
		if n > 0 {
			rec.Unpublish = []string{"limit: 80 users"}
		}
		put(rec, results.Cell{Talks: true})
	}
	m.Augmented = x.augmented(t, s)
}

func (x fake) augmented(t testing.TB, s *results.Store) string {
	t.Helper()
	a := results.Augmented{
		Identity: results.AugmentIdentity{Dataset: "toys & <b>", Params: `{"from":["<i>own"]}`}, Status: results.Unavailable, Error: "no <b>server</b>: " + hurt,
		Sources:  []results.Gathered{{Source: "own<b>", Outcomes: map[string]int{"matched": 50, "missed": 10}}, {Source: "model", Outcomes: map[string]int{"writ<i>ten": 3}, Unasked: map[string]int{"no te<i>xt": 57}}},
		Excluded: []string{"<b>votes"}, Content: strings.Repeat("c", 64), Account: account(3), Earlier: 2, Wall: 4, CPU: 3,
	}
	check(t, s.PutAugmented(a))
	return a.Identity.ID()
}

// agents is the account of a system that is asked once by each user.
func (x fake) agent() *results.Agent {
	return &results.Agent{Planner: "re<i>act", Prompt: strings.Repeat("a", 64), Turns: x.users, Ends: map[string]int{"recommended": 70, "bound <b>": 10}, ToolCalls: 200, ToolErrors: 3, Account: account(0), TurnP50: .5, TurnP95: 1}
}
