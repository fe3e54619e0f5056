package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"llm4rec/baselines/itemknn"
	"llm4rec/baselines/popularity"
	"llm4rec/data"
	"llm4rec/llm"
	"llm4rec/llm/explain"
	"llm4rec/models"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The catalogue of the tests.
const (
	alien = iota
	aliens
	starWars
	bladeRunner
	airplane
	nakedGun
	heat
	suspects
	emma
	clueless
	scream
	shining
	films
)

// catalogueOf is 12 films that six users took: two like science fiction, two comedies, two crime.
func catalogueOf(t testing.TB, more ...string) *data.Train {
	t.Helper()
	b := data.NewBuilder(32)
	b.SetItemFields(data.Field{Name: "title", Kind: data.TokenSeq}, data.Field{Name: "year", Kind: data.Token}, data.Field{Name: "genres", Kind: data.TokenSeq})
	all := [][3]string{
		{"Alien", "1979", "Horror, Sci-Fi"}, {"Aliens", "1986", "Action, Sci-Fi"}, {"Star Wars", "1977", "Action, Sci-Fi"}, {"Blade Runner", "1982", "Film-Noir, Sci-Fi"},
		{"Airplane!", "1980", "Comedy"}, {"Naked Gun, The", "1988", "Comedy"}, {"Heat", "1995", "Crime"}, {"Usual Suspects, The", "1995", "Crime"},
		{"Emma", "1996", "Comedy, Romance"}, {"Clueless", "1995", "Comedy"}, {"Scream", "1996", "Horror"}, {"Shining, The", "1980", "Horror"},
	}
	for _, title := range more {
		all = append(all, [3]string{title, "1990", "Drama"})
	}
	for n, f := range all {
		if err := b.AddItem(fmt.Sprintf("i%03d", n), f[:]...); err != nil {
			t.Fatal(err)
		}
	}
	b.KeepDescribedItems()
	for u, items := range [][]int{
		{alien, aliens, starWars, bladeRunner}, {alien, aliens, starWars, shining}, {airplane, nakedGun, emma, clueless}, {airplane, nakedGun, clueless},
		{heat, suspects, scream}, {heat, suspects, bladeRunner},
	} {
		for _, i := range items {
			b.AddNext(fmt.Appendf(nil, "u%d", u), fmt.Appendf(nil, "i%03d", i), 1)
		}
	}
	d, err := b.Build("films")
	if err != nil {
		t.Fatal(err)
	}
	return &data.Train{NumUsers: d.Users.Len(), NumItems: d.Items.Len(), Users: d.Users, Items: d.Items, Inter: d.Inter, ItemText: d.ItemText}
}

func partsOf(t testing.TB, train *data.Train) Parts {
	t.Helper()
	pop, err := popularity.Config{}.Fit(t.Context(), train)
	if err != nil {
		t.Fatal(err)
	}
	knn, err := itemknn.Default().Fit(t.Context(), train)
	if err != nil {
		t.Fatal(err)
	}
	e, err := explain.DefaultTemplate().New(train)
	if err != nil {
		t.Fatal(err)
	}
	return Parts{Train: train, Retrievers: map[string]models.Recommender{"itemknn": knn, "popularity": pop}, Rankers: map[string]models.Ranker{"reverse": reverse{}}, Explainer: e, Profiles: InMemory()}
}

// reverse is a ranker whose order is easily told.
type reverse struct{}

func (reverse) Rank(_ context.Context, _ models.Query, candidates []models.Scored) ([]models.Scored, error) {
	out := slices.Clone(candidates)
	slices.Reverse(out)
	for n := range out {
		out[n].Score = float32(len(out) - n)
	}
	return out, nil
}

// double is a model that answers by a function.
type double struct {
	mu     sync.Mutex
	answer func(n int, r llm.Request) (llm.Response, error) // n: which call it is, from 1
	asked  []llm.Request
}

func (d *double) Generate(ctx context.Context, r llm.Request) (llm.Response, error) {
	d.mu.Lock()
	d.asked = append(d.asked, r)
	n := len(d.asked)
	d.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return llm.Response{}, err
	}
	resp, err := d.answer(n, r)
	if resp.Finish == "" {
		resp.Finish = llm.Stop
	}
	return resp, err
}

func (d *double) Identity(context.Context) (llm.Identity, error) {
	return llm.Identity{Provider: "test", Model: "double"}, nil
}

// Name makes it one that a cassette can record.
func (d *double) Name() llm.Identity { return llm.Identity{Provider: "test", Model: "double"} }

// says answers with one text after the other, the last again and again.
func says(texts ...string) *double {
	return &double{answer: func(n int, _ llm.Request) (llm.Response, error) {
		return llm.Response{Text: texts[min(n, len(texts))-1], PromptTokens: 10, OutputTokens: 5}, nil
	}}
}

// does is a call in the plain-text protocol.
func does(tool string, arguments any) string {
	text, err := json.Marshal(arguments)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf("Thought: next\nAction: %s\nArguments: %s\n", tool, text)
}

type o = map[string]any

// textual is a configuration whose model speaks the plain-text protocol.
func textual(planner string) Config {
	c := Default()
	c.Planner, c.Calling, c.Reflections, c.Items = planner, TextCall, 0, 2
	return c
}

func agentOf(t testing.TB, c Config, actor llm.Chat) *Agent {
	t.Helper()
	p := partsOf(t, catalogueOf(t))
	p.Actor = actor
	a, err := New(c, p)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func say(t testing.TB, c Conversation, text string) Turn {
	t.Helper()
	turn, err := c.Say(t.Context(), text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return turn
}

func sciFiFan() Visitor {
	return Visitor{User: 0, History: []int32{alien, aliens}, Exclude: []int32{alien, aliens}}
}

func trace(turn Turn) string {
	var out []string
	for _, s := range turn.Trace {
		line := s.By
		if s.Tool != "" {
			line = s.Tool
		}
		if s.Error != "" {
			line += "!"
		}
		out = append(out, line)
	}
	return strings.Join(out, " ")
}
