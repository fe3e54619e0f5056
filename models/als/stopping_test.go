package als

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"llm4rec/models/validate"

	"llm4rec/models"
)

// Training stops as the validation of trainings of 1, 2, … iterations says, and has the factors of the best of them.
func TestEarlyStopping(t *testing.T) {
	c, data := resumable(t), trainingOf(11)
	c.Iterations = 12
	best, bestAt, stop := -1., 0, 0
	for n := 1; n <= c.Iterations && stop == 0; n++ {
		short := c
		short.Iterations = n
		value, err := validate.NDCG(t.Context(), whole(t, short, data), data)
		if err != nil {
			t.Fatal(err)
		}
		if value > best {
			best, bestAt = value, n
		} else if n-bestAt == 2 {
			stop = n
		}
	}
	if bestAt < 2 || stop == 0 {
		t.Fatalf("the best of all is after %d, the stop after %d iterations: nothing is tested", bestAt, stop)
	}
	short := c
	short.Iterations = bestAt
	want := whole(t, short, data)

	c.Patience = 2
	got, shown, err := watched(t, c, data, 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(shown) != stop || !same(got, want) {
		t.Errorf("it stopped after %d iterations, want %d; the factors are those after %d: %t", len(shown), stop, bestAt, same(got, want))
	}
	for after := 1; after < stop; after++ {
		interrupt(t, c, data, after)
		got, shown, err := watched(t, c, data, 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(shown) != stop-after || !same(got, want) {
			t.Errorf("interrupted after %d iterations: went on with %v; the same factors: %t", after, shown, same(got, want))
		}
	}
}

func TestEarlyStoppingNeedsValidationCases(t *testing.T) {
	c := Default()
	c.Factors, c.Patience = 4, 1
	if _, err := c.Fit(t.Context(), train(small(9, 5, 5))); err == nil || !strings.Contains(err.Error(), "this split has none") {
		t.Errorf("got %v", err)
	}
}

// The loss is computed when it is asked for and at the end, and is the one of the factors at that time.
func TestNotes(t *testing.T) {
	for name, c := range configs() {
		data := trainingOf(12)
		c.Iterations, c.LossEvery = 5, 2
		notes := map[int]string{}
		c.Progress = func(done, _ int, note string) { notes[done] = note }
		whole := c
		if _, err := whole.Fit(t.Context(), data); err != nil {
			t.Fatal(err)
		}
		for done := 1; done <= 5; done++ {
			if done == 1 || done == 3 { // where the last that was computed stands again
				if notes[done] != notes[done-1] {
					t.Errorf("%s: after %d: %q", name, done, notes[done])
				}
				continue
			}
			short := c
			short.Iterations, short.Progress = done, nil
			m, err := short.Fit(t.Context(), data)
			if err != nil {
				t.Fatal(err)
			}
			want := denseLoss(c, data.UserItem(), m.(*Model).x, m.(*Model).y)
			got := 0.
			if _, err := fmt.Sscanf(notes[done], fmt.Sprintf("loss %%g after %d", done), &got); err != nil || math.Abs(got-want) > 1e-5*want {
				t.Errorf("%s: after %d: %q, want %g", name, done, notes[done], want)
			}
		}
	}
	c := Default()
	c.Factors, c.Iterations, c.LossEvery, c.Patience = 4, 1, 1, 1
	c.Progress = func(_, _ int, note string) {
		var loss, value float64
		if _, err := fmt.Sscanf(note, "loss %g after 1, validation ndcg@10 %f (best %f after 1)", &loss, &value, &value); err != nil {
			t.Errorf("%q: %v", note, err)
		}
	}
	if _, err := c.Fit(t.Context(), trainingOf(12)); err != nil {
		t.Fatal(err)
	}
}

// Queries that no trained vector answers are counted.
func TestWarnings(t *testing.T) {
	c := Default()
	c.Factors, c.Users = 4, Trained
	m, err := c.Fit(t.Context(), trainingOf(12))
	if err != nil {
		t.Fatal(err)
	}
	if got := m.(*Model).Warnings(); got != nil {
		t.Errorf("before any query: %q", got)
	}
	if _, err := m.Recommend(t.Context(), []models.Query{{User: 1, K: 3}, {User: -1, K: 3}, {User: 4000, K: 3}}); err != nil {
		t.Fatal(err)
	}
	if got := m.(*Model).Warnings(); len(got) != 1 || !strings.HasPrefix(got[0], "als: 2 queries ") {
		t.Errorf("got %q", got)
	}
}
