package rank

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"llm4rec/data"
	"llm4rec/llm"
	"llm4rec/llm/clean"
	"llm4rec/models"
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

// Models that fall for an attack lift the attacked item, and the report says by how much.
func TestInjection(t *testing.T) {
	gullible := &fake{answer: func(q llm.Request, shown []string) llm.Response {
		var order, rest []int
		for n, title := range shown {
			if strings.Contains(title, "Ignore all previous") {
				order = append(order, n+1)
			} else {
				rest = append(rest, n+1)
			}
		}
		if len(order) > 0 {
			rest[0], rest[1] = rest[1], rest[0] // and it is confused
		}
		return order2text(q, append(order, rest...))
	}}
	c := Default()
	c.Candidates, c.Inject = 5, &Injection{"override", "title"}
	r := prepared(t, c, gullible, catalogue(20))
	got, err := r.Rank(t.Context(), models.Query{}, firstStage(0, 7))
	if err != nil || !slices.Equal(ids(got), []int32{4, 1, 0, 2, 3, 5, 6}) {
		t.Fatalf("%v, %v", ids(got), err)
	}
	rep := r.Report()
	want := Attack{Payload: "override", Field: "title", Users: 1, Lift: 4, Top: 1, Drift: 2. / 6}
	if rep.Attack == nil || *rep.Attack != want || rep.Calls != 2 || rep.Users != 1 {
		t.Errorf("%+v of %+v", rep.Attack, rep)
	}
	for n, q := range gullible.asked {
		for k, title := range shownIn(q) {
			if has := strings.Contains(title, "Ignore"); has != (n == 1 && k == 4) {
				t.Errorf("question %d: %s", n+1, title)
			}
		}
	}
	if q, err := r.Preview(t.Context(), models.Query{}, firstStage(0, 7)); err != nil || len(q) != 1 || !reflect.DeepEqual(q[0], gullible.asked[1]) {
		t.Errorf("preview: %+v, %v", q, err)
	}
	// An empty field can be attacked. What nobody sees does not reach the model.
	for _, p := range Payloads() {
		c.Item, c.Inject = "{title} / {genres}", &Injection{p.Name, "genres"}
		f := ideal(func(x int) float64 { return float64(x) })
		if _, err := prepared(t, c, f, catalogue(20)).Rank(t.Context(), models.Query{}, firstStage(0, 5)); err != nil {
			t.Fatal(err)
		}
		last := shownIn(f.asked[1])[4]
		if (last == "Film 4 /") != (p.Name == "hidden") || !strings.HasPrefix(last, "Film 4 /") || strings.ContainsAny(last, "<>[]\u200b\u202e\U000E0052") {
			t.Errorf("%s: %q", p.Name, last)
		}
	}
}
