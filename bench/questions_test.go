package bench

import (
	"slices"
	"strings"
	"testing"

	"llm4rec/data"
	"llm4rec/models"
)

// What is shown of a history changes neither what is masked nor what is asked for.
func TestShownHistory(t *testing.T) {
	part := data.Part{
		Cases:    []data.Case{{User: 0, History: []int32{1, 2, 3}, Times: []int64{10, 20, 30}, At: 40}},
		Relevant: [][]int32{{4}},
	}
	train := &data.Train{NumUsers: 1, NumItems: 5, Users: data.NewIndex([]string{"u"})}
	for shown, want := range map[string][]int32{"": {1, 2, 3}, "all": {1, 2, 3}, "last-2": {2, 3}, "last-9": {1, 2, 3}, "none": {}} {
		p, err := Protocol{Shown: shown}.withDefaults()
		if err != nil {
			t.Fatal(err)
		}
		asked, err := ask(train, part, p, nil, 10, 0)
		if err != nil {
			t.Fatal(err)
		}
		q := asked.queries[0]
		if !slices.Equal(q.History, want) || len(q.Times) != len(want) || !slices.Equal(q.Exclude, []int32{1, 2, 3}) || !slices.Equal(asked.relevant[0], []int32{4}) {
			t.Errorf("%s: %+v", shown, q)
		}
	}
	for shown, label := range map[string]string{"all": "standard", "last-2": "standard/shown-last-2"} {
		if p, _ := (Protocol{Shown: shown}).withDefaults(); p.Name != label {
			t.Errorf("shown %s is called %q", shown, p.Name)
		}
	}
	if _, err := (Protocol{Shown: "last"}).withDefaults(); err == nil {
		t.Error("shown last: no error")
	}
}

func TestIndifferentAnswersAreCounted(t *testing.T) {
	lists := [][]models.Scored{{{Item: 1, Score: 2}, {Item: 2, Score: 2}}, {{Item: 1, Score: 2}, {Item: 2, Score: 1}}, {{Item: 1}}, nil}
	if got := indifferent(lists); len(got) != 1 || !strings.HasPrefix(got[0], "1 of 4 answers") {
		t.Errorf("%q", got)
	}
	if got := indifferent(lists[1:]); got != nil {
		t.Errorf("%q", got)
	}
}
