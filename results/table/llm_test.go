package table

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math"
	"strings"
	"testing"

	"llm4rec/eval"
	"llm4rec/results"
)

// again is a table of a first stage and rows that rank it again: at is what they change for user u.
func again(t *testing.T, at map[string]func(u int) float64, account results.LLM) *Table {
	t.Helper()
	metrics, err := eval.ParseAll([]string{"ndcg@10"})
	if err != nil {
		t.Fatal(err)
	}
	const users = 200
	first := &Row{System: "first", Metrics: metrics, Records: []results.Record{{ID: "1"}, {ID: "other seed"}}, Values: [][]float64{make([]float64, users)}, PerSeed: [][]float64{{0}}, Primary: [][]float64{make([]float64, users), make([]float64, users)}}
	for u := range users {
		first.Users = append(first.Users, fmt.Sprint(u))
		first.Values[0][u] = .25
		first.Primary[0][u] = .5 // the other seed, which nobody ranks again, has 0
	}
	out := &Table{Dataset: "toy", Protocol: "standard", Rows: []*Row{first}}
	for _, name := range []string{"helps", "hurts", "same", "noise"} {
		change, ok := at[name]
		if !ok {
			continue
		}
		rec := results.Record{ID: name, Identity: results.Identity{First: "1"}, LLM: &account}
		r := &Row{System: name, Metrics: metrics, Users: first.Users, Records: []results.Record{rec}, Values: [][]float64{make([]float64, users)}, PerSeed: [][]float64{{0}}}
		for u := range users {
			r.Values[0][u] = .5 + change(u)
		}
		out.Rows = append(out.Rows, r)
	}
	return out
}

func swings(mean float64) func(int) float64 {
	return func(u int) float64 { return mean + .1*float64(u%2*2-1) }
}

func TestDoesItHelp(t *testing.T) {
	table := again(t, map[string]func(int) float64{
		"helps": swings(.05), "hurts": swings(-.05), "same": func(int) float64 { return 0 }, "noise": swings(.001),
	}, results.LLM{
		Model: "m", Candidates: 20, Ceiling: .25, Informative: 50, Asked: 200, Calls: 210, PromptTokens: 4000, OutputTokens: 900, Dollars: .4,
		Answers: map[string]int{"ok": 195, "missing": 10, "duplicate": 5}, Failures: map[string]int{"timeout": 2}, LatencyP50: .5, Before: .3, After: .35,
	})
	gains := table.gains(table.ranked())
	for name, want := range map[string]string{
		"helps": "helps: $0.400 in all, 0.500 s a user", "hurts": "hurts: $0.400 in all, 0.500 s a user",
		"same": "not distinguishable: $0.400 in all, 0.500 s a user", "noise": "not distinguishable: $0.400 in all, 0.500 s a user",
	} {
		for _, r := range table.Rows {
			if r.System == name {
				if got := gains[r].verdict(r.totals()); got != want {
					t.Errorf("%s: %q, want %q (%+v)", name, got, want, gains[r])
				}
			}
		}
	}
	least := gains[table.Rows[1]].Least
	sd := .1 * math.Sqrt(200./199)
	if want := 2.8016 * sd / math.Sqrt(200); least == nil || math.Abs(*least-want) > 1e-9 {
		t.Errorf("least difference %v, want %v", *least, want)
	}
	if gains[table.Rows[3]].Least != nil {
		t.Error("a least difference without a spread")
	}

	e := Experiment{Name: "x", Metrics: table.Rows[0].Metrics, Tables: []*Table{table}}
	var text, lines bytes.Buffer
	for format, to := range map[Format]*bytes.Buffer{Text: &text, CSV: &lines} {
		if err := Write(to, format, []Experiment{e}, Options{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"5 duplicate, 10 missing, 2 users failed", "92.9%", "50 of 200", "+0.0500", "0.00200"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is not in\n%s", want, text.String())
		}
	}
	rows, err := csv.NewReader(&lines).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]int{}
	for n, name := range rows[0] {
		at[name] = n
	}
	for column, want := range map[string]string{"first_stage": "first", "ceiling": "0.25", "llm_calls": "210", "llm_dollars": "0.4", "llm_bad_answers": "17", "llm_model": "m", "llm_users_failed": "2"} {
		if got := rows[2][at[column]]; got != want || rows[1][at[column]] != "" {
			t.Errorf("%s: %q, want %q; of the first stage %q", column, got, want, rows[1][at[column]])
		}
	}
}

// A price that is unknown is not 0.
func TestUnknownPrice(t *testing.T) {
	table := again(t, map[string]func(int) float64{"helps": swings(.05)}, results.LLM{Model: "m", Dollars: -1, Asked: 200, Answers: map[string]int{"ok": 200}})
	r := table.Rows[1]
	if got := table.gains(table.ranked())[r].verdict(r.totals()); got != "helps: price unknown in all, 0.000 s a user" {
		t.Error(got)
	}
	if got := r.llmColumns(nil)[12]; got != "" {
		t.Errorf("dollars %q", got)
	}
}

// Rows over other users than the first stage are not compared with it.
func TestNoGainWithoutItsFirstStage(t *testing.T) {
	table := again(t, map[string]func(int) float64{"helps": swings(.05)}, results.LLM{Answers: map[string]int{}})
	table.Rows[0].Records[0].ID = "2"
	if g := table.gains(table.ranked()); len(g) != 0 {
		t.Errorf("%v", g)
	}
}
