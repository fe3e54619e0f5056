package agent

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"llm4rec/llm"
	"llm4rec/models"
)

// Tools that change the bus.

type where struct {
	Where string `json:"where" jsonschema:"a condition on the fields of items, as genres = 'Comedy' and year >= 1990 and not (title like 'Star%')"`
}

func filter(_ context.Context, t *turn, a where) (string, error) {
	c, err := t.a.catalogue.table.Parse(a.Where)
	if err != nil {
		return "", wrong("filter: where: %v", err)
	}
	left := keep(t.bus.items, c.Match)
	if len(left) == 0 {
		return "", wrong("filter: none of the %d candidates fulfils it (%d of the whole catalogue do); the list is as it was: try a wider condition, or reset first",
			len(t.bus.items), len(keep(all(t.a.catalogue.items), c.Match)))
	}
	t.bus.items, t.bus.hard = left, append(t.bus.hard, c)
	return t.report(), nil
}

func drop(_ context.Context, t *turn, a chosen) (string, error) {
	if err := t.known("drop", a.Items); err != nil {
		return "", err
	}
	left := keep(t.bus.items, func(i int32) bool { return !slices.Contains(a.Items, i) })
	if len(left) == 0 {
		return "", wrong("drop: nothing would be left; the list is as it was")
	}
	t.bus.items, t.bus.dropped = left, append(t.bus.dropped, a.Items...)
	return t.report(), nil
}

type likeness struct {
	Items []int32 `json:"items" jsonschema:"ids of the items to be like"`
	By    string  `json:"by,omitempty" jsonschema:"taste: taken by the same people, the default; content: with the same values of fields"`
	Keep  int     `json:"keep,omitempty" jsonschema:"how many candidates to keep; 0: the usual number"`
}

func similar(_ context.Context, t *turn, a likeness) (string, error) {
	if err := t.known("similar", a.Items); err != nil {
		return "", err
	}
	score := func(int32) float64 { return 0 }
	switch a.By {
	case "", "taste":
		s := t.a.catalogue.near.taste(a.Items)
		score = func(i int32) float64 { return s[i] }
	case "content":
		s := content(t.a.catalogue.table, a.Items, t.bus.items)
		score = func(i int32) float64 { return s[i] }
	default:
		return "", wrong("similar: by: want taste or content, got %q", a.By)
	}
	left := keep(t.bus.items, func(i int32) bool { return !slices.Contains(a.Items, i) && score(i) > 0 })
	if len(left) == 0 {
		return "", wrong("similar: no candidate is like these; the list is as it was: try by %s, other items, or reset", other(a.By))
	}
	best(left, score)
	t.bus.items, t.bus.ordered = left[:min(t.most(a.Keep), len(left))], "likeness"
	return t.report(), nil
}

func other(by string) string {
	if by == "content" {
		return "taste"
	}
	return "content"
}

type retrieving struct {
	With string `json:"with,omitempty" jsonschema:"which; empty: the usual one"`
	Keep int    `json:"keep,omitempty" jsonschema:"how many candidates to keep; 0: the usual number"`
}

func retrieve(ctx context.Context, t *turn, a retrieving) (string, error) {
	name := a.With
	if name == "" {
		name = t.a.retriever
	}
	r, ok := t.a.parts.Retrievers[name]
	if !ok {
		return "", wrong("retrieve: there is no retriever %q; there are: %s", name, sorted(t.a.parts.Retrievers))
	}
	items, by, err := t.found(ctx, r, name, t.most(a.Keep))
	if err != nil {
		return "", t.failed(ctx, "retrieve", err)
	}
	if len(items) == 0 {
		return "", wrong("retrieve: %s finds none of the candidates; the list is as it was", name)
	}
	t.bus.items, t.bus.ordered = items, by
	return t.report(), nil
}

// found are the candidates that a retriever of that name puts first, so many at most, and by what they are ordered: by popularity
// where it has nothing to go by, as of somebody without a history, and gives items in the order of their ids.
func (t *turn) found(ctx context.Context, r models.Recommender, name string, most int) (items []int32, by string, err error) {
	found, err := r.Recommend(ctx, []models.Query{t.query(most)})
	if err != nil || len(found) != 1 {
		return nil, "", err
	}
	if list := found[0]; len(list) > 1 && list[0].Score == list[len(list)-1].Score {
		return t.popular(t.bus.items, most), "popularity", nil
	}
	return ids(found[0]), name, nil
}

// popular are the items that most users took in training, so many at most.
func (t *turn) popular(items []int32, most int) []int32 {
	out := slices.Clone(items)
	best(out, func(i int32) float64 { return float64(t.a.popularity[i]) })
	return out[:min(len(out), most)]
}

type ranking struct {
	With  string `json:"with,omitempty" jsonschema:"which; empty: the usual one"`
	First int    `json:"first,omitempty" jsonschema:"how many of the first candidates to put in order, 20 if left out; the others follow as they are"`
}

// rankMost is how many a ranker, which may be a model, is given at most.
const rankMost = 100

func rerank(ctx context.Context, t *turn, a ranking) (string, error) {
	name := a.With
	if name == "" {
		name = t.a.ranker
	}
	r, ok := t.a.parts.Rankers[name]
	if !ok {
		return "", wrong("rank: there is no ranker %q; there are: %s", name, sorted(t.a.parts.Rankers))
	}
	first := 20
	if a.First > 0 {
		first = min(a.First, rankMost)
	}
	first = min(first, len(t.bus.items))
	in := make([]models.Scored, first)
	for n, i := range t.bus.items[:first] {
		in[n] = models.Scored{Item: i, Score: float32(first - n)}
	}
	out, err := r.Rank(ctx, t.query(first), in)
	if err != nil {
		return "", t.failed(ctx, "rank", err)
	}
	t.bus.items, t.bus.ordered = append(ids(out), t.bus.items[first:]...), name
	return t.report(), nil
}

func reset(_ context.Context, t *turn, _ nothing) (string, error) {
	t.bus.items, t.bus.hard, t.bus.dropped, t.bus.ordered = t.c.allowed(), nil, nil, ""
	return t.report(), nil
}

type state struct {
	State int `json:"state" jsonschema:"the number of a state that was shown; 0: the beginning"`
}

func branch(_ context.Context, t *turn, a state) (string, error) {
	if a.State < 0 || a.State >= len(t.states) {
		return "", wrong("branch: there is no state %d: there are 0 to %d", a.State, len(t.states)-1)
	}
	t.bus = t.states[a.State].clone()
	return fmt.Sprintf("You are at state %d: %s", a.State, t.report()), nil
}

// known says whether all ids are of the catalogue.
func (t *turn) known(tool string, items []int32) error {
	if len(items) == 0 || len(items) > 50 {
		return wrong("%s: want 1 to 50 items, got %d", tool, len(items))
	}
	for _, i := range items {
		if !t.a.catalogue.has(i) {
			return wrong("%s: there is no item %d: ids are 0 to %d; look_up finds one by title", tool, i, t.a.catalogue.items-1)
		}
	}
	return nil
}

func (t *turn) most(keep int) int {
	if keep > 0 {
		return keep
	}
	return t.a.config.Keep
}

// failed is the error of a tool that a part of the harness failed in. That of the context, of a caller's limit or of a recording
// that lacks a call is no answer to a model.
func (t *turn) failed(ctx context.Context, tool string, err error) error {
	failure := (*llm.Error)(nil)
	switch {
	case ctx.Err() != nil:
		return err
	case errors.As(err, &failure) && !llm.Fatal(err):
		return wrong("%s: %s; go on without it", tool, failure.Kind)
	}
	return fmt.Errorf("agent: %s: %w", tool, err)
}

func ids(scored []models.Scored) []int32 {
	out := make([]int32, len(scored))
	for n, s := range scored {
		out[n] = s.Item
	}
	return out
}

func sorted[V any](m map[string]V) string { return strings.Join(slices.Sorted(maps.Keys(m)), ", ") }
