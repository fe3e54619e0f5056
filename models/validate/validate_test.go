package validate

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"llm4rec/data"
	"llm4rec/models"
)

// shelf recommends the items in order, without those to exclude; it remembers what it was asked.
type shelf struct{ asked []models.Query }

func (s *shelf) Recommend(ctx context.Context, queries []models.Query) ([][]models.Scored, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.asked = append(s.asked, queries...)
	out := make([][]models.Scored, len(queries))
	for n, q := range queries {
		for i := int32(0); len(out[n]) < q.K; i++ {
			if !slices.Contains(q.Exclude, i) {
				out[n] = append(out[n], models.Scored{Item: i})
			}
		}
	}
	return out, nil
}

// add appends a case. With the history masked, the answer to it stands at the given rank of the shelf.
func add(p data.Part, history []int32, answer ...int32) data.Part {
	c := data.Case{User: int32(len(p.Cases)), History: history, Times: make([]int64, len(history)), At: 7}
	return data.Part{Cases: append(p.Cases, c), Relevant: append(p.Relevant, answer)}
}

func TestMeanByHand(t *testing.T) {
	var p data.Part
	want := 0.
	for range 100 { // more cases than one call takes
		p = add(p, nil, 0) // rank 1: 1
		p = add(p, nil, 2) // rank 3: 1/log₂ 4 = 1/2
		p = add(p, []int32{0, 2}, 3)
		want += 1 + .5 + 1/math.Log2(3) // the last at rank 2, after 1
		p = add(p, nil, 10)             // rank 11: 0
		p = add(p, []int32{10, 4}, 11)  // rank 10
		want += 1 / math.Log2(11)
		p = add(p, nil, 1, 20) // rank 2 of two: 1/log₂ 3 over 1 + 1/log₂ 3
		want += 1 / math.Log2(3) / (1 + 1/math.Log2(3))
	}
	want /= 600
	s := &shelf{}
	got, err := NDCG(t.Context(), s, &data.Train{NumItems: 30, Valid: p})
	if err != nil || math.Abs(got-want) > 1e-12 {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	if len(s.asked) != len(p.Cases) {
		t.Fatalf("%d questions for %d cases", len(s.asked), len(p.Cases))
	}
	for n, q := range s.asked {
		if c := p.Cases[n]; q.User != c.User || q.At != c.At || len(q.Times) != len(c.History) || !slices.Equal(q.History, c.History) {
			t.Fatalf("case %d was asked as %+v", n, q)
		}
	}
}

func TestErrors(t *testing.T) {
	if _, err := NDCG(t.Context(), &shelf{}, &data.Train{}); err == nil {
		t.Error("no validation cases: no error")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := NDCG(ctx, &shelf{}, &data.Train{Valid: add(data.Part{}, nil, 0)}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}
