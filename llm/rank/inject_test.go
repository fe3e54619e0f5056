package rank

import (
	"strings"
	"testing"

	"llm4rec/data"
	"llm4rec/llm/clean"
)

// However long the other texts of an item are, the model is shown the whole payload, and no more than the limit allows.
func TestPayloadsAreNotCutOff(t *testing.T) {
	long := strings.Repeat("long words ", 100)
	for _, p := range Payloads() {
		for field, values := range map[string][2]string{"title": {"Alien", "a plot"}, "overview": {"Alien", long}, "genres": {"Alien", long}} {
			c := Default()
			c.Item = "{title} ({genres}). {overview}"
			c.Inject = &Injection{Payload: p.Name, Field: field}
			fields := data.Fields{{Name: "title", Values: []string{values[0]}}, {Name: "genres", Values: []string{"Horror"}}, {Name: "overview", Values: []string{values[1]}}}
			attacked, err := c.Inject.into(c, fields, 1)
			if err != nil {
				t.Fatal(err)
			}
			texts, err := c.texts(attacked, 1)
			if err != nil {
				t.Fatal(err)
			}
			payload := clean.Text(p.Text, c.Limit)
			if field == "genres" { // stands before what may be cut
				payload = clean.Text(p.Text, 40)
			}
			if !strings.Contains(texts[0], payload) || len([]rune(texts[0])) > c.Limit {
				t.Errorf("%s in %s: %q", p.Name, field, texts[0])
			}
		}
	}
	c := Default()
	c.Limit, c.Inject = 10, &Injection{Payload: "override", Field: "title"}
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "see limit") {
		t.Errorf("a payload that is longer than the limit: %v", err)
	}
}
