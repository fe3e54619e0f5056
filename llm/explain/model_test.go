package explain

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"llm4rec/data"
	"llm4rec/eval/reasons"
	"llm4rec/llm"
	"llm4rec/llm/llmtest"
	"llm4rec/models"
)

func TestModel(t *testing.T) {
	f := llmtest.Saying(`{"sentence": "You liked \"Heat\".", "claims": [{"kind": "history", "history": 1, "field": "", "value": ""}, {"kind": "field", "history": 2, "field": "genres", "value": "Sci-Fi"}]}`)
	c := DefaultModel()
	c.History = 2
	m, err := c.New(films(t), f)
	if err != nil {
		t.Fatal(err)
	}
	got, err := m.Explain(t.Context(), models.Query{User: 1, History: []int32{4, 1, 0}}, 2)
	if err != nil {
		t.Fatal(err)
	}
	want := []reasons.Claim{{Kind: reasons.History, Item: 1}, {Kind: reasons.Field, Item: 0, Field: "genres", Value: "Sci-Fi"}}
	if got.Sentence != `You liked "Heat".` || got.Class != OK || !slices.Equal(got.Claims, want) || !slices.Equal(got.History, []int32{4, 1, 0}) || len(got.Grounds) != 2 || got.Grounds[0] != (Grounds{1, 1, 2}) {
		t.Errorf("%+v", got)
	}
	r := f.Asked[0]
	const prompt = `Here is what I have watched, the oldest first, each with its number:
<history>
[1] Heat
    genres: Crime
    director: Mann
[2] Alien
    genres: Horror and Sci-Fi
    director: Scott
</history>

This movie was recommended to me:
<recommended>
Aliens
    genres: Action and Sci-Fi
</recommended>
`
	if len(r.Messages) != 2 || r.Messages[0].Role != llm.System || !strings.HasPrefix(r.Messages[1].Content, prompt) || r.MaxTokens != 512 {
		t.Errorf("%+v", r)
	}
	var form struct {
		Properties struct {
			Claims struct {
				Items struct {
					Properties struct {
						History struct{ Enum []int }
						Field   struct{ Enum []string }
					}
				}
			}
		}
	}
	if err := json.Unmarshal(r.Schema, &form); err != nil {
		t.Fatal(err)
	}
	p := form.Properties.Claims.Items.Properties
	if !slices.Equal(p.History.Enum, []int{0, 1, 2}) || !slices.Equal(p.Field.Enum, []string{"", "genres", "director"}) {
		t.Errorf("%s", r.Schema)
	}
	f.Answer = func(llm.Request) (llm.Response, error) { return llm.Response{}, &llm.Error{Kind: llm.Timeout} }
	if _, err := m.Explain(t.Context(), models.Query{}, 2); err == nil {
		t.Error("a failed call has a reason")
	}
	if x := m.Report(); x.Calls != 2 || x.Failures != 1 || x.Answers[OK] != 1 || x.PromptTokens != 100 || x.CachedTokens != 10 || x.OutputTokens != 20 || len(x.Walls) != 1 {
		t.Errorf("%+v", x)
	}
	if m, err = DefaultModel().New(films(t), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Explain(t.Context(), models.Query{}, 2); err == nil {
		t.Error("nobody was asked, and there is a reason")
	}
	if r, _, err := m.Request(models.Query{}, 5); err != nil || !strings.HasPrefix(r.Messages[1].Content, "Nothing is known of what I have watched.\n\nThis movie was recommended to me:\n<recommended>\nitem i5\n</recommended>") {
		t.Errorf("%+v, %v", r.Messages, err)
	}
}

func TestParse(t *testing.T) {
	history, fields := []int32{7, 8}, []string{"genres"}
	one := func(kind string, n, field, value string) string {
		return `{"sentence": "S.", "claims": [{"kind": "` + kind + `", "history": ` + n + `, "field": "` + field + `", "value": "` + value + `"}]}`
	}
	h, f := reasons.History, reasons.Field
	for name, c := range map[string]struct {
		text   string
		finish llm.Finish
		class  Class
		claims []reasons.Claim
	}{
		"history":          {one("history", "2", "", ""), llm.Stop, OK, []reasons.Claim{{Kind: h, Item: 8}}},
		"field":            {one("field", "0", "genres", "War\\n"), llm.Stop, OK, []reasons.Claim{{Kind: f, Item: reasons.NoItem, Field: "genres", Value: "War"}}},
		"field, cited":     {one("field", "1", "genres", "War"), llm.Stop, OK, []reasons.Claim{{Kind: f, Item: 7, Field: "genres", Value: "War"}}},
		"no claims":        {` {"sentence": "S.", "claims": []} ` + "\n", llm.Stop, OK, nil},
		"whole, then cut":  {`{"sentence": "S.", "claims": []}`, llm.Length, OK, nil},
		"third of two":     {one("history", "3", "", ""), llm.Stop, Citation, []reasons.Claim{{Kind: h, Item: reasons.Unknown}}},
		"no number":        {one("history", "0", "", ""), llm.Stop, Citation, []reasons.Claim{{Kind: h, Item: reasons.Unknown}}},
		"negative":         {one("field", "-1", "genres", "War"), llm.Stop, Citation, []reasons.Claim{{Kind: f, Item: reasons.Unknown, Field: "genres", Value: "War"}}},
		"other field":      {one("field", "0", "plot", "War"), llm.Stop, Citation, []reasons.Claim{{Kind: f, Item: reasons.NoItem, Field: "plot", Value: "War"}}},
		"no value":         {one("field", "0", "genres", ""), llm.Stop, Citation, []reasons.Claim{{Kind: f, Item: reasons.NoItem, Field: "genres"}}},
		"other kind":       {one("plot", "1", "", ""), llm.Stop, Unreadable, nil},
		"number as text":   {one("history", `"1"`, "", ""), llm.Stop, Unreadable, nil},
		"prose":            {"It is good.", llm.Stop, Unreadable, nil},
		"prose, then JSON": {`Sure: {"sentence": "S.", "claims": []}`, llm.Stop, Unreadable, nil},
		"JSON, then prose": {`{"sentence": "S.", "claims": []} done`, llm.Stop, Unreadable, nil},
		"more":             {`{"sentence": "S.", "claims": [], "score": 1}`, llm.Stop, Unreadable, nil},
		"no sentence":      {`{"claims": []}`, llm.Stop, Unreadable, nil},
		"null":             {`null`, llm.Stop, Unreadable, nil},
		"empty sentence":   {`{"sentence": " \u200b", "claims": []}`, llm.Stop, Empty, nil},
		"empty":            {" \n", llm.Stop, Empty, nil},
		"half":             {`{"sentence": "S.", "cla`, llm.Length, Truncated, nil},
		"sorry":            {"I'm sorry, but I cannot help.", llm.Stop, Refusal, nil},
		"filtered":         {`{"sentence": "S.", "claims": []}`, llm.Filtered, Refusal, nil},
	} {
		sentence, claims, class := parse(llm.Response{Text: c.text, Finish: c.finish}, history, fields)
		if class != c.class || !slices.Equal(claims, c.claims) || (sentence == "S.") != (class == OK || class == Citation) {
			t.Errorf("%s: %q, %+v, %s, want %s", name, sentence, claims, class, c.class)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`{"sentence": "S.\u001b[31m", "claims": [{"kind": "field", "history": 1, "field": "genres", "value": "War"}]}`)
	f.Add("I cannot")
	f.Fuzz(func(t *testing.T, text string) {
		sentence, claims, class := parse(llm.Response{Text: text, Finish: llm.Stop}, []int32{3}, []string{"genres"})
		if strings.ContainsAny(sentence, "\x1b\n\u202e") || (sentence != "") != (class == OK || class == Citation) || sentence == "" && claims != nil {
			t.Fatalf("%q: %q, %v, %s", text, sentence, claims, class)
		}
	})
}

// A hostile title stands in one line of the prompts that show its item, and changes no byte of any other line or prompt.
func TestHostileTitleInPrompts(t *testing.T) {
	a, err := DefaultModel().New(films(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := DefaultModel().New(films(t, data.Field{Name: "title", Kind: data.TokenSeq, Values: []string{"Alien", "Heat", hostile, "Blade Runner", "Emma", ""}}), nil)
	if err != nil {
		t.Fatal(err)
	}
	for item := range int32(6) {
		for _, history := range [][]int32{{0, 1, 3}, {2, 4}, nil} {
			q := models.Query{History: history}
			x, _, err := a.Request(q, item)
			y, _, err2 := b.Request(q, item)
			if err != nil || err2 != nil {
				t.Fatal(err, err2)
			}
			was, is := strings.Split(x.Messages[1].Content, "\n"), strings.Split(y.Messages[1].Content, "\n")
			if len(was) != len(is) || x.Messages[0].Content != y.Messages[0].Content || string(x.Schema) != string(y.Schema) {
				t.Fatalf("item %d after %v:\n%s", item, history, y.Messages[1].Content)
			}
			for n := range was {
				if is[n] != was[n] && is[n] != strings.Replace(was[n], "Aliens", b.items.Titles[2], 1) {
					t.Errorf("item %d after %v: %s", item, history, is[n])
				}
			}
			if same := x.Messages[1].Content == y.Messages[1].Content; same == (item == 2 || slices.Contains(history, 2)) {
				t.Errorf("item %d after %v: the prompt is the same: %v", item, history, same)
			}
		}
	}
}

func TestModelErrors(t *testing.T) {
	for want, change := range map[string]func(*ModelConfig){
		"is not one of grounded": func(c *ModelConfig) { c.Prompt = "nothing" },
		"no wording":             func(c *ModelConfig) { c.Wording = "toy" },
		"temperature":            func(c *ModelConfig) { c.Temperature = 3 },
		"no field":               func(c *ModelConfig) { c.Fields = []string{"x"} },
	} {
		c := DefaultModel()
		change(&c)
		if _, err := c.New(films(t), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
