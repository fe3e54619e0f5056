package table

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"llm4rec/results"
)

// differences says in which respects two records were made under different conditions, "" if in none. The label of a
// protocol is a name only: what it stands for counts.
func differences(a, b results.Record) string {
	out := protocolDifferences(a.Identity.Protocol, b.Identity.Protocol)
	for _, f := range []struct {
		name string
		a, b any
	}{
		{"data set content", a.Identity.Data, b.Identity.Data},
		{"filters", a.Identity.Filters, b.Identity.Filters},
		{"split", a.Split, b.Split},
		{"content of the candidate file", a.Identity.Candidates(), b.Identity.Candidates()},
		{"limit of users", a.Identity.Limit, b.Identity.Limit},
	} {
		if f.a != f.b {
			out = append(out, fmt.Sprintf("%s: %v against %v", f.name, f.a, f.b))
		}
	}
	return strings.Join(out, "; ")
}

func protocolDifferences(a, b string) []string {
	if a == b {
		return nil
	}
	x, y := fields(a), fields(b)
	keys := maps.Clone(x)
	maps.Copy(keys, y)
	var out []string
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		if !reflect.DeepEqual(x[k], y[k]) {
			out = append(out, fmt.Sprintf("protocol %s: %s against %s", k, word(x[k]), word(y[k])))
		}
	}
	if out == nil {
		return []string{fmt.Sprintf("protocol: %s against %s", a, b)}
	}
	return out
}

// fields are those of a JSON object, nil if it is none.
func fields(text string) map[string]any {
	var m map[string]any
	if json.Unmarshal([]byte(text), &m) != nil {
		return nil
	}
	return m
}

// injected tells whether a protocol puts the relevant items among the candidates: all do that have fewer than the catalogue.
func injected(protocol string) bool {
	c, ok := fields(protocol)["candidates"]
	return ok && c != "full"
}

// word writes a JSON value as people do: a string without quotes.
func word(v any) string {
	switch v := v.(type) {
	case nil:
		return "none"
	case string:
		return v
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic("table: a value out of JSON goes back into it: " + err.Error())
	}
	return string(b)
}

// words writes a JSON object as "key value, key value": of a protocol, first what people ask first.
func words(text string) string {
	m := fields(text)
	if m == nil {
		return text
	}
	var out []string
	first := []string{"split", "seen", "candidates"}
	for _, k := range first {
		if v, ok := m[k]; ok {
			out = append(out, k+" "+word(v))
		}
	}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if !slices.Contains(first, k) {
			out = append(out, k+" "+word(m[k]))
		}
	}
	return strings.Join(out, ", ")
}
