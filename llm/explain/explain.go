// Package explain says why an item was recommended to a user, from what the recommender was told and nothing else: the user's
// history, the training interactions, and the fields of items.
//
// [Template] fills in a sentence from the history items that other users took together with the recommended one, and from the
// values of fields that they share. It needs no model, and is the baseline. [Model] asks a language model. Both give the same
// form: a sentence with claims that cite items of the history and values of fields, which package eval/reasons measures.
package explain

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"llm4rec/data"
	"llm4rec/eval/reasons"
	"llm4rec/llm/clean"
	"llm4rec/llm/text"
	"llm4rec/models"
)

// Revision of the implementation: it is raised when a change gives other reasons.
const Revision = 1

// Explainer gives the reason for an item that was recommended as the answer to a query. It may be called from many goroutines
// at once, and a reason depends on its own question alone.
type Explainer interface {
	Explain(ctx context.Context, q models.Query, item int32) (Reason, error)
}

// Reason is a sentence with what it rests on, and what is known of how it came about.
type Reason struct {
	reasons.Reason
	Class   Class     // what the answer of a language model was; OK of a template
	Grounds []Grounds // what the training data say of the cited items of the history
}

// Grounds is how near an item of the history is to the recommended one, in training.
type Grounds struct {
	Item   int32
	Cosine float64 // users who have both / √(users of the one · users of the other)
	Users  int     // who have both
}

// Items is what is known of the items: what reasons may name. Its texts are clean.
type Items struct {
	Titles []string
	Names  []string              // of the fields
	Values map[string][][]string // by field and item
	takers *data.Matrix          // items × users, of training
	marks  sync.Pool             // of users
}

// defaultFields are the fields that a reason may name, of those that the items have. Others are texts, or say little.
var defaultFields = []string{"genres", "categories", "category", "brand", "director", "authors", "author", "tags"}

// titleLimit and valueLimit are of characters.
const (
	titleLimit = 200
	valueLimit = 80
)

// NewItems reads the texts of items. The title is a template over their fields; where none of the items has one, they go by
// their raw ids. Without names of fields, those count that usually say what an item is.
func NewItems(train *data.Train, title text.Template, fields []string) (*Items, error) {
	out := &Items{Values: map[string][][]string{}, takers: train.UserItem().Transpose()}
	var err error
	out.Titles, err = title.Render(train.ItemText, train.NumItems)
	if errors.Is(err, text.ErrNoField) && title == "{title}" {
		out.Titles, err = make([]string, train.NumItems), nil
	}
	if err != nil {
		return nil, fmt.Errorf("explain: %w", err)
	}
	for i, t := range out.Titles {
		if out.Titles[i] = unquoted.Replace(clean.Text(t, titleLimit)); out.Titles[i] == "" {
			out.Titles[i] = clean.Text("item "+train.Items.Raw(int32(i)), titleLimit)
		}
	}
	usual := fields == nil
	if usual {
		fields = defaultFields
	}
	for _, name := range fields {
		column := train.ItemText.Values(name)
		if column == nil {
			if usual {
				continue
			}
			return nil, fmt.Errorf("explain: the items have no field %q", name)
		}
		out.Names = append(out.Names, name)
		out.Values[name] = make([][]string, train.NumItems)
		for i, v := range column {
			out.Values[name][i] = values(v)
		}
	}
	return out, nil
}

// unquoted are the marks that sentences put around titles.
var unquoted = strings.NewReplacer("“", "'", "”", "'", "„", "'", "«", "'", "»", "'")

// values are what a field holds, each once. Loaders join several by ", ".
func values(field string) []string {
	var out []string
	for v := range strings.SplitSeq(field, ", ") {
		if v = clean.Text(v, valueLimit); v != "" && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// Catalogue is what the reasons are measured against.
func (x *Items) Catalogue() *reasons.Catalogue { return reasons.NewCatalogue(x.Titles, x.Values) }

// history is what a query tells, without what is outside the catalogue, each item once where it is newest, the newest last.
func (x *Items) history(q models.Query) []int32 {
	var out []int32
	for _, h := range slices.Backward(q.History) {
		if h >= 0 && int(h) < len(x.Titles) && !slices.Contains(out, h) {
			out = append(out, h)
		}
	}
	slices.Reverse(out)
	return out
}

func (x *Items) check(item int32) error {
	if item < 0 || int(item) >= len(x.Titles) {
		return fmt.Errorf("explain: item %d is not in the catalogue", item)
	}
	return nil
}

// Outcome is what came of one question: its reason, or an error.
type Outcome struct {
	Reason
	Rank int // of the item, from 1
	Err  error
}

// Question is a query with the items that were recommended as its answer, best first.
type Question struct {
	Query models.Query
	Items []int32
}

// All asks for the reasons of all items of all questions, so many at a time, and returns them in the order of the questions. A
// reason that fails is an outcome; the error is the context's.
func All(ctx context.Context, e Explainer, questions []Question, parallel int, progress func(done, total int)) ([]Outcome, error) {
	type job struct {
		query *models.Query
		out   *Outcome
	}
	total := 0
	for _, q := range questions {
		total += len(q.Items)
	}
	out := make([]Outcome, 0, total)
	jobs := make([]job, 0, total)
	for n := range questions {
		for k, item := range questions[n].Items {
			out = append(out, Outcome{Rank: k + 1})
			out[len(out)-1].Item = item
			jobs = append(jobs, job{&questions[n].Query, &out[len(out)-1]})
		}
	}
	next := make(chan job)
	var mu sync.Mutex
	var workers sync.WaitGroup
	done := 0
	for range max(1, parallel) {
		workers.Go(func() {
			for j := range next {
				r, err := e.Explain(ctx, *j.query, j.out.Item)
				if err != nil {
					r.Reason = reasons.Reason{User: j.query.User, Item: j.out.Item}
				}
				j.out.Reason, j.out.Err = r, err
				mu.Lock()
				done++
				progress(done, total)
				mu.Unlock()
			}
		})
	}
	for _, j := range jobs {
		if ctx.Err() != nil {
			break
		}
		next <- j
	}
	close(next)
	workers.Wait()
	return out, ctx.Err()
}
