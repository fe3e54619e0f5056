package explain

import (
	"cmp"
	"context"
	"slices"
	"testing"

	"llm4rec/eval/reasons"
	"llm4rec/models"
)

// leaning scores item h+10 by each item h of the history, the others by their ids, the smaller the better, and never returns 19.
type leaning struct{ t *testing.T }

func (l leaning) Recommend(_ context.Context, queries []models.Query) ([][]models.Scored, error) {
	out := make([][]models.Scored, len(queries))
	for n, q := range queries {
		if q.K != 20 || len(q.Times) != len(q.History) || !slices.Equal(q.Exclude, []int32{1, 2, 3, 4}) {
			l.t.Errorf("%+v", q)
		}
		for i := range int32(19) {
			x := models.Scored{Item: i, Score: -float32(i)}
			if slices.Contains(q.History, i-10) {
				x.Score += 100
			}
			if !slices.Contains(q.Exclude, i) {
				out[n] = append(out[n], x)
			}
		}
		slices.SortFunc(out[n], func(a, b models.Scored) int { return cmp.Compare(b.Score, a.Score) })
	}
	return out, nil
}

func TestFaithful(t *testing.T) {
	q := models.Query{User: 1, History: []int32{1, 2, 1, 3, 4}, Times: []int64{1, 2, 3, 4, 5}, Exclude: []int32{1, 2, 3, 4}}
	cites := func(item int32, cited ...int32) Outcome {
		out := Outcome{Reason: Reason{Reason: reasons.Reason{User: 1, Item: item, History: []int32{1, 2, 3, 4}}}}
		for _, c := range cited {
			out.Claims = append(out.Claims, reasons.Claim{Kind: reasons.History, Item: c})
		}
		return out
	}
	questions := []Question{{q, []int32{11, 12, 19, 0, 13}}, {q, []int32{14}}}
	outcomes := []Outcome{
		cites(11, 1),       // the reason: rank 1 of 15, and 12 of 15 without it; without another 1
		cites(12, 3),       // not the reason: rank 2 stays without 3; without another, 1, 2 or 4
		cites(19, 2),       // in no list: it stays behind the last
		cites(0),           // cites nothing
		cites(13, 1, 2, 4), // too few others
		cites(14, 4, 99),   // and one that is not in the history: rank 4, then 15
	}
	// Without the item h: the three others' come first, then 0, 5, …, and h+10 by its id.
	got, err := Faithful(t.Context(), leaning{t}, 20, questions, outcomes, 3, 1, func(int, int) {})
	if err != nil {
		t.Fatal(err)
	}
	if got.Reasons != 4 || got.Cited.Falls != 2./4 || got.Cited.Leaves != 1./2 {
		t.Errorf("%+v", got)
	}
	// 11: its rank is 1, then behind the three others' and 0, 5–10: 11. 14: 4, then behind 0, 5–13 but those three: 3+7+1 = 11.
	if want := (10. + 0 + 0 + 7) / 4; got.Cited.Change != want {
		t.Errorf("change %v, want %v", got.Cited.Change, want)
	}
	if got.Random.Falls > 1./4 || got.Beats < 2./4 {
		t.Errorf("%+v", got)
	}
	again, err := Faithful(t.Context(), leaning{t}, 20, questions, outcomes, 3, 1, func(int, int) {})
	if err != nil || again != got {
		t.Errorf("again: %+v, %v", again, err)
	}
}
