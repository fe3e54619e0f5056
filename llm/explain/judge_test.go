package explain

import (
	"errors"
	"strings"
	"testing"

	"llm4rec/eval/reasons"
	"llm4rec/llm"
	"llm4rec/llm/llmtest"
	"llm4rec/models"
)

func TestJudge(t *testing.T) {
	items, err := NewItems(films(t), "{title}", nil)
	if err != nil {
		t.Fatal(err)
	}
	says := func(item int32, sentence string) Outcome {
		return Outcome{Reason: Reason{Reason: reasons.Reason{User: 1, Item: item, Sentence: sentence}}}
	}
	questions := []Question{{models.Query{User: 1, History: []int32{4}}, []int32{0, 1, 2, 3}}, {models.Query{User: 2}, []int32{0}}}
	a := []Outcome{says(0, "Good."), says(1, "Good."), says(2, "Same."), says(3, ""), says(0, "Fails.")}
	b := []Outcome{says(0, "Bad."), says(1, "Better."), says(2, "Same."), says(3, "Bad."), says(0, "Bad.")}
	// It likes Better more than Good and Good more than Bad, takes the first of two that are the same, and once says nothing.
	silent := false
	f := &llmtest.Fake{Answer: func(r llm.Request) (llm.Response, error) {
		_, text, _ := strings.Cut(r.Messages[1].Content, "<reasons>\n")
		text, _, _ = strings.Cut(text, "\n</reasons>")
		out := llm.Response{Finish: llm.Stop}
		switch text {
		case "[1] Good.\n[2] Bad.", "[1] Better.\n[2] Good.", "[1] Same.\n[2] Same.":
			out.Text = `{"better": 1}`
		case "[1] Bad.\n[2] Good.":
			out.Text = `{"better": 2}`
		case "[1] Good.\n[2] Better.":
			if out.Text = `{"better": 2}`; !silent {
				silent, out.Text = true, "2"
			}
		case "[1] Fails.\n[2] Bad.":
			return out, errors.New("failed")
		default:
			t.Errorf("asked about %s", text)
		}
		return out, nil
	}}
	j, err := DefaultJudge().New(items, f)
	if err != nil {
		t.Fatal(err)
	}
	got, err := j.Compare(t.Context(), questions, a, b, 1, func(int, int) {})
	if err != nil {
		t.Fatal(err)
	}
	// Votes for (neither, a, b, unread): (0,6,0,0), (0,0,5,1), (0,3,3,0).
	if got.Pairs != 3 || got.Failed != 1 || got.FirstError == nil || got.Votes != 18 || got.Unread != 1 || got.First != 1./3 || got.Second != 1./3 || got.Position != 12./17 {
		t.Errorf("%+v", got)
	}
	if want := reasons.Fleiss([][]int{{0, 6, 0, 0}, {0, 0, 5, 1}, {0, 3, 3, 0}}); got.Fleiss != want {
		t.Errorf("Fleiss %v, want %v", got.Fleiss, want)
	}
	if want := reasons.Cohen([]int{1, 2, 1}, []int{1, 2, 2}, 4); got.Cohen != want {
		t.Errorf("Cohen %v, want %v", got.Cohen, want)
	}
	keys := map[string]bool{}
	for _, r := range f.Asked {
		if len(r.Schema) == 0 || len(r.Messages) != 2 {
			t.Errorf("%+v", r)
		}
		keys[r.Key(llm.Identity{})] = true
	}
	if len(keys) != len(f.Asked)-3 { // the same sentences are the same question in both orders
		t.Errorf("%d questions of %d are different", len(keys), len(f.Asked))
	}
	c := DefaultJudge()
	c.Repeats = 2
	if _, err := c.New(items, f); err == nil {
		t.Error("two repeats are enough")
	}
}

func TestSameFamily(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"llama3.2:3b", "meta-llama/Llama-3.1-8B-Instruct", true}, {"gpt-4.1-mini", "gpt-4o", true}, {"qwen3:8b", "llama3", false}, {"gpt-4o", "claude-3", false}, {"7b", "7b", true}, {"7b", "8b", false},
	} {
		if SameFamily(c.a, c.b) != c.same {
			t.Errorf("%s, %s: %v", c.a, c.b, !c.same)
		}
	}
}
