package report

import (
	"encoding/json"
	"strings"

	"llm4rec/results/table"
)

// label says why a row is not for publication.
type label struct{ Name, Why string }

// labels of a row: what its records say, and what a reader could take for a run on all items, or for calls made today.
func labels(r *table.Row) []label {
	var out []label
	for _, why := range r.Unpublishable() {
		out = append(out, label{kind(why), why})
	}
	id := r.Records[0].Identity
	if c := candidates(id.Protocol); c != "" && c != "full" {
		out = append(out, label{"sampled", "ranked among the candidates " + c + ", not the whole catalogue"})
	}
	if calls, recorded := r.Calls(); calls > 0 && recorded >= calls {
		out = append(out, label{"replayed", "all answers of the language model, and their times, are recordings of an earlier run"})
	}
	return out
}

// kind is the word for a reason that a record gives.
func kind(why string) string {
	for _, k := range []struct{ begins, ends, name string }{
		{"limit: ", "", "limited"}, {"leak: ", "", "leaked"}, {"attack: ", "", "attacked"}, {"", "made for tests", "test model"},
	} {
		if strings.HasPrefix(why, k.begins) && strings.HasSuffix(why, k.ends) {
			return k.name
		}
	}
	return "not publishable"
}

func candidates(protocol string) string {
	var p struct {
		Candidates string `json:"candidates"`
	}
	if json.Unmarshal([]byte(protocol), &p) != nil {
		return ""
	}
	return p.Candidates
}
