package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"llm4rec/results"
)

// otherwise says in what a cell that was repeated is another one, "" if in nothing. Of a model whose answers were recorded, and
// that is not at hand, it cannot be told whether it has changed. A resolved specification writes an empty list where there was
// none, which is the same; the first stage's id, made of such parameters, is therefore left to the ranks.
func otherwise(before, after results.Identity) string {
	if strings.HasPrefix(after.Inputs, string(results.Unavailable)) {
		after.Inputs = before.Inputs
	}
	after.First = before.First
	before.Params, after.Params = withoutEmpty(before.Params), withoutEmpty(after.Params)
	var out []string
	a, b := reflect.ValueOf(before), reflect.ValueOf(after)
	for n := range a.NumField() {
		if x, y := a.Field(n).Interface(), b.Field(n).Interface(); x != y {
			out = append(out, fmt.Sprintf("%s: %v, and in the bundle %v", a.Type().Field(n).Name, y, x))
		}
	}
	return strings.Join(out, "; ")
}

// withoutEmpty is a JSON object without what is null or empty.
func withoutEmpty(text string) string {
	var fields map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &fields) != nil {
		return text
	}
	maps.DeleteFunc(fields, func(_ string, v json.RawMessage) bool {
		return slices.Contains([]string{"null", "[]", "{}"}, string(v))
	})
	b, err := json.Marshal(fields)
	if err != nil {
		return text
	}
	return string(b)
}

// compareRanks says for which users the items differ, and from which rank on. Scores may differ in their last digits between
// CPUs; ranks must not.
func (g *globals) compareRanks(before, after []results.Ranking) (differences int) {
	for n := range max(len(before), len(after)) {
		if n >= len(before) || n >= len(after) {
			fmt.Fprintf(g.stdout, "%d users, and %d in the bundle\n", len(after), len(before))
			return differences + 1
		}
		a, b := before[n], after[n]
		if a.User == b.User && slices.Equal(a.Items, b.Items) && slices.Equal(a.Relevant, b.Relevant) && a.History == b.History {
			continue
		}
		differences++
		rank := 0
		for rank < min(len(a.Items), len(b.Items)) && a.Items[rank] == b.Items[rank] {
			rank++
		}
		fmt.Fprintf(g.stdout, "user %s: differs from rank %d on\n", a.User, rank+1)
	}
	return differences
}
