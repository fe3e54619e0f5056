package popularity

import (
	"slices"
	"testing"

	"llm4rec/data"
	"llm4rec/models"
)

const day = 86400

var train = &data.Train{NumUsers: 3, NumItems: 4, Inter: data.Interactions{
	User: []int32{0, 0, 1, 2, 1, 2},
	Item: []int32{1, 1, 1, 2, 3, 3},
	Time: []int64{0, 1 * day, 2 * day, 40 * day, 50 * day, 60 * day},
}}

func order(t *testing.T, f models.Fitter, at int64) (items []int32) {
	t.Helper()
	m, err := f.Fit(t.Context(), train)
	if err != nil {
		t.Fatal(err)
	}
	answers, err := m.Recommend(t.Context(), []models.Query{{At: at, K: 4}})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range answers[0] {
		items = append(items, s.Item)
	}
	return items
}

func TestByHand(t *testing.T) {
	for _, c := range []struct {
		name  string
		model models.Fitter
		at    int64
		want  []int32
	}{
		{"all time: interactions count, ties by index", Config{}, 0, []int32{1, 3, 2, 0}},
		{"thirty days back from day 61", DefaultRecent(), 61 * day, []int32{3, 2, 0, 1}},
		{"the question's own time is not past", DefaultRecent(), 60 * day, []int32{2, 3, 0, 1}},
		{"the window's first second counts", DefaultRecent(), 31 * day, []int32{1, 0, 2, 3}},
		{"nothing has happened yet", DefaultRecent(), 0, []int32{0, 1, 2, 3}},
	} {
		if got := order(t, c.model, c.at); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
	if err := (Recent{}).Validate(); err == nil {
		t.Error("a window of no days is taken")
	}
}
