package sasrec_test

import (
	"context"
	"errors"
	"path/filepath"
	"reflect"
	"testing"

	"llm4rec/data"
	"llm4rec/models"
	"llm4rec/models/sasrec"
)

// walks has users who go on by one or two of a ring of items, with the last item as validation case.
func walks() *data.Train {
	const users, items, steps = 30, 17, 9
	t := &data.Train{NumUsers: users, NumItems: items}
	for u := range int32(users) {
		history := make([]int32, steps)
		for n := range history {
			history[n] = (u*5 + int32(n)*(1+u%2)) % items
			t.Inter.User, t.Inter.Item = append(t.Inter.User, u), append(t.Inter.Item, history[n])
			t.Inter.Rating, t.Inter.Time = append(t.Inter.Rating, 1), append(t.Inter.Time, int64(n))
		}
		t.Valid.Cases = append(t.Valid.Cases, data.Case{User: u, History: history, Times: make([]int64, steps)})
		t.Valid.Relevant = append(t.Valid.Relevant, []int32{(history[steps-1] + 1 + u%2) % items})
	}
	return t
}

// fit trains until that many epochs are done and returns answers with the curve, without seconds.
func fit(t *testing.T, c sasrec.Config, until int) ([][]models.Scored, []string, error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var notes []string
	c.Progress = func(done, _ int, note string) {
		if notes = append(notes, note); done == until {
			cancel()
		}
	}
	train := walks()
	m, err := c.Fit(ctx, train)
	if err != nil {
		return nil, notes, err
	}
	var queries []models.Query
	for _, v := range train.Valid.Cases {
		queries = append(queries, models.Query{User: v.User, History: v.History, K: 17})
	}
	lists, err := m.Recommend(t.Context(), queries)
	return lists, notes, err
}

// A training that is interrupted after any epoch goes on to the same bytes.
func TestResume(t *testing.T) {
	for name, change := range map[string]func(*sasrec.Config){
		"softmax": func(*sasrec.Config) {},
		"sampled": func(c *sasrec.Config) { c.Loss, c.Negatives, c.LogQ, c.NegativeFrom = "sampled", 3, true, "popularity" },
		"masked":  func(c *sasrec.Config) { c.Masked = .3 },
	} {
		c := small()
		c.Epochs, c.Patience, c.Dropout, c.Seed = 6, 3, .3, 5
		change(&c)
		want, all, err := fit(t, c, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, after := range []int{1, 2, 5} {
			c.Checkpoint.Path = filepath.Join(t.TempDir(), "checkpoint")
			if _, _, err := fit(t, c, after); !errors.Is(err, context.Canceled) {
				t.Fatalf("%s: %v", name, err)
			}
			got, rest, err := fit(t, c, 0)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s: after epoch %d it went on to another model", name, after)
			}
			if !reflect.DeepEqual(rest, all[after:]) {
				t.Errorf("%s: after epoch %d: %q, want %q", name, after, rest, all[after:])
			}
		}
	}
}

// Early stopping keeps the best weights, not the last.
func TestPatience(t *testing.T) {
	c := small()
	c.Epochs, c.Patience = 40, 2
	_, notes, err := fit(t, c, 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(notes) == c.Epochs {
		t.Errorf("it never stopped: %q", notes[len(notes)-1])
	}
}

func TestDivergence(t *testing.T) {
	c := small()
	c.LearningRate = 1e30
	if _, err := c.Fit(t.Context(), walks()); err == nil {
		t.Error("no error of a training that diverges")
	}
}

func TestNothingToLearn(t *testing.T) {
	train := walks()
	train.Inter = train.Inter.Take([]int{0, 9, 18})
	if _, err := small().Fit(t.Context(), train); err == nil {
		t.Error("no error of users with one item each")
	}
}
