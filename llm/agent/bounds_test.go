package agent

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"llm4rec/llm"
	"llm4rec/llm/llmtest"
	"llm4rec/llm/ollama"
	"llm4rec/llm/ollama/ollamatest"
	"llm4rec/llm/ollama/tiny"
	"llm4rec/models"
)

// Every bound is hit, by a model that never ends, and the turn ends with what a fallback recommends.
func TestBounds(t *testing.T) {
	endless := does("search", o{"text": "alien"})
	wrong := does("look_up", o{"item": 99})
	rejects := `{"accept": false, "reason": "never"}`
	for name, test := range map[string]struct {
		config func(c *Config)
		actor  []string
		critic string
		want   End
	}{
		"steps":             {func(c *Config) { c.Steps = 3 }, []string{endless}, "", BoundSteps},
		"calls":             {func(c *Config) { c.Calls = 4 }, []string{endless}, "", BoundCalls},
		"tokens":            {func(c *Config) { c.Tokens = 40 }, []string{endless}, "", BoundTokens},
		"tool errors":       {func(c *Config) { c.ToolErrors = 2 }, []string{wrong}, "", ToolErrors},
		"no call":           {func(*Config) {}, []string{"Let me think."}, "", ToolErrors},
		"broken arguments":  {func(*Config) {}, []string{"Action: filter\nArguments: {\"where\":"}, "", ToolErrors},
		"unknown tools":     {func(*Config) {}, []string{does("fly", o{})}, "", ToolErrors},
		"critic":            {func(c *Config) { c.Reflections = 2 }, []string{does("recommend", o{"best": 1})}, rejects, CriticRejected},
		"critic and calls":  {func(c *Config) { c.Reflections, c.Calls = 9, 5 }, []string{does("recommend", o{"best": 1})}, rejects, BoundCalls},
		"critic and none":   {func(c *Config) { c.Reflections = 1 }, []string{does("recommend", o{"none": true})}, rejects, CriticRejected},
		"plan":              {func(c *Config) { c.Planner, c.Calls = Plan, 3 }, []string{endless + endless}, "", BoundCalls},
		"plan, steps":       {func(c *Config) { c.Planner = Plan }, []string{strings.Repeat(endless, 60)}, "", BoundSteps},
		"inspire":           {func(c *Config) { c.Planner, c.Steps = Inspire, 5 }, []string{endless}, "", BoundSteps},
		"inspire, errors":   {func(c *Config) { c.Planner = Inspire }, []string{wrong}, "", ToolErrors},
		"inspire, no call":  {func(c *Config) { c.Planner = Inspire }, []string{""}, "", ToolErrors},
		"alone and critic":  {func(c *Config) { c.Planner, c.Reflections = Alone, 2 }, []string{`{"titles": ["Heat"], "text": ""}`}, rejects, CriticRejected},
		"alone, unreadable": {func(c *Config) { c.Planner = Alone }, []string{`Heat`}, "", Unreadable},
		"refused":           {func(*Config) {}, []string{"I'm sorry, but I can't help with that."}, "", Refused},
		"scripted":          {func(c *Config) { c.Planner, c.Steps, c.Ask = Scripted, 1, false }, nil, "", BoundSteps},
	} {
		c := textual(React)
		test.config(&c)
		p := partsOf(t, catalogueOf(t))
		p.Actor, p.Critic = says(append(test.actor, test.actor...)...), says(test.critic)
		a, err := New(c, p)
		if err != nil {
			t.Fatal(err)
		}
		turn := say(t, a.Open(sciFiFan()), "a comedy")
		if turn.End != test.want || turn.Fallback != ByRetriever || len(turn.Items) != 2 || !strings.HasPrefix(turn.Text, "I recommend:") {
			t.Errorf("%s: %v by %v: %v", name, turn.End, turn.Fallback, trace(turn))
		}
	}
}

func TestTime(t *testing.T) {
	c := textual(React)
	c.Time = time.Minute
	// As the answers' own times say: so it is in a replay, too.
	slow := &double{answer: func(int, llm.Request) (llm.Response, error) {
		return llm.Response{Text: does("search", o{"text": "alien"}), Wall: 25 * time.Second}, nil
	}}
	if turn := say(t, agentOf(t, c, slow).Open(sciFiFan()), "a comedy"); turn.End != BoundTime || len(slow.asked) != 3 || len(turn.Items) != 2 {
		t.Errorf("%+v", turn)
	}
	// And as the clock does: a call that hangs is cut off.
	c.Time = 50 * time.Millisecond
	s := llmtest.Serve(t)
	s.Chat, s.Delay = true, llmtest.Slow
	hangs, err := ollama.NewChat(ollama.ChatConfig{BaseURL: s.URL, Model: llmtest.Model, HTTP: llmtest.Client(t)})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if turn := say(t, agentOf(t, c, hangs).Open(sciFiFan()), "a comedy"); turn.End != BoundTime || len(turn.Items) != 2 || time.Since(start) > 20*time.Second {
		t.Errorf("%+v", turn)
	}
	// A tool that hangs, too.
	p := partsOf(t, catalogueOf(t))
	p.Retrievers["slow"] = hanging{}
	p.Actor = says(does("retrieve", o{"with": "slow"}))
	a, err := New(c, p)
	if err != nil {
		t.Fatal(err)
	}
	if turn := say(t, a.Open(sciFiFan()), "a comedy"); turn.End != BoundTime || len(turn.Items) != 2 {
		t.Errorf("%+v", turn)
	}
}

type hanging struct{}

func (hanging) Recommend(ctx context.Context, _ []models.Query) ([][]models.Scored, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

type broken struct{ err error }

func (b broken) Recommend(context.Context, []models.Query) ([][]models.Scored, error) {
	return nil, b.err
}

// Calls that fail end the turn, or the run where no call can go better.
func TestFailures(t *testing.T) {
	fails := func(err error) *double {
		return &double{answer: func(int, llm.Request) (llm.Response, error) { return llm.Response{}, err }}
	}
	for _, kind := range []llm.Kind{llm.Unavailable, llm.Timeout, llm.RateLimited, llm.Server, llm.Garbage, llm.Refused, llm.TooLong} {
		a := agentOf(t, textual(React), fails(&llm.Error{Kind: kind}))
		if turn := say(t, a.Open(sciFiFan()), "a comedy"); turn.End != CallFailed || turn.Fallback != ByRetriever || turn.Trace[0].Error == "" || turn.Usage.Calls != 1 {
			t.Errorf("%s: %+v", kind, turn)
		}
	}
	for _, err := range []error{&llm.Error{Kind: llm.Denied}, &llm.Error{Kind: llm.NotFound}, &llm.Error{Kind: llm.NoTools}, &llm.Error{Kind: llm.Spent}, errors.New("no such recording")} {
		if turn, got := agentOf(t, textual(React), fails(err)).Open(sciFiFan()).Say(t.Context(), "a comedy"); !errors.Is(got, err) {
			t.Errorf("%v: %v, %+v", err, got, turn)
		}
	}
	filtered := &double{answer: func(int, llm.Request) (llm.Response, error) {
		return llm.Response{Text: does("recommend", o{"best": 1}), Finish: llm.Filtered}, nil
	}}
	if turn := say(t, agentOf(t, textual(React), filtered).Open(sciFiFan()), "a comedy"); turn.End != Refused {
		t.Errorf("%+v", turn)
	}
	sorry := says("I'm sorry that you did not like it.\n" + does("recommend", o{"best": 1}))
	if turn := say(t, agentOf(t, textual(React), sorry).Open(sciFiFan()), "a comedy"); turn.End != Recommended {
		t.Errorf("sorry, and helpful: %+v", turn)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := agentOf(t, textual(React), says("")).Open(sciFiFan()).Say(ctx, "a comedy"); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	// A retriever that is broken: the model is told, and the scripted policy cannot do better.
	p := partsOf(t, catalogueOf(t))
	p.Retrievers["itemknn"] = broken{&llm.Error{Kind: llm.Server}}
	actor := says(does("retrieve", o{"with": "itemknn"}), does("retrieve", o{"with": "popularity"}), does("recommend", o{"best": 1}))
	p.Actor = actor
	c := textual(React)
	c.Retriever = "popularity"
	a, err := New(c, p)
	if err != nil {
		t.Fatal(err)
	}
	if turn := say(t, a.Open(sciFiFan()), "a comedy"); turn.End != Recommended || !strings.Contains(promptAt(actor, 2), "error: retrieve: server error; go on without it") {
		t.Errorf("%+v", turn)
	}
}

// Of somebody of whom a retriever knows nothing it gives the first ids: the fallback recommends what is popular, as the tool does.
func TestFallbackForAStranger(t *testing.T) {
	p := partsOf(t, catalogueOf(t))
	p.Retrievers["itemknn"] = firsts{}
	p.Actor = says(does("filter", o{"where": "genres = 'Comedy'"}), "Let me think.")
	a, err := New(textual(React), p)
	if err != nil {
		t.Fatal(err)
	}
	turn := say(t, a.Open(Visitor{User: -1, Exclude: []int32{airplane, nakedGun}}), "a comedy")
	if turn.End != ToolErrors || turn.Fallback != ByRetriever || !slices.Equal(turn.Items, []int32{clueless, emma}) { // two took the one, one the other
		t.Errorf("%+v", turn)
	}
}

// firsts is a retriever without any preference.
type firsts struct{}

func (firsts) Recommend(_ context.Context, queries []models.Query) ([][]models.Scored, error) {
	out := make([][]models.Scored, len(queries))
	for n, q := range queries {
		for _, i := range q.Candidates[:min(q.K, len(q.Candidates))] {
			out[n] = append(out[n], models.Scored{Item: i})
		}
	}
	return out, nil
}

// Where the retriever finds nothing, the scripted policy answers.
func TestFallbackToThePolicy(t *testing.T) {
	p := partsOf(t, catalogueOf(t))
	p.Retrievers = map[string]models.Recommender{"nothing": broken{errors.New("broken")}}
	p.Actor = says("Let me think.")
	a, err := New(textual(React), p)
	if err != nil {
		t.Fatal(err)
	}
	turn := say(t, a.Open(sciFiFan()), "a comedy")
	if turn.End != ToolErrors || turn.Fallback != ByPolicy {
		t.Errorf("%+v", turn)
	}
}

// A critic that cannot be understood lets the answer pass, and the trace says so.
func TestCriticWithoutAVerdict(t *testing.T) {
	c := textual(React)
	c.Reflections = 1
	p := partsOf(t, catalogueOf(t))
	p.Actor, p.Critic = says(does("recommend", o{"best": 1})), says("Looks good to me!")
	a, err := New(c, p)
	if err != nil {
		t.Fatal(err)
	}
	var told []Step
	turn, err := a.Open(sciFiFan()).(Teller).Tell(t.Context(), "a comedy", func(s Step) { told = append(told, s) })
	if err != nil || turn.End != Recommended || trace(turn) != "actor recommend critic!" {
		t.Errorf("%+v, %v", turn, err)
	}
	// Who is told of a step is told all of it.
	if !reflect.DeepEqual(told, turn.Trace) {
		t.Errorf("told of %+v", told)
	}
}

// A real server, and a model with random weights: whatever it says, a turn ends, is counted, and recommends what may be
// recommended.
func TestRealOllama(t *testing.T) {
	s := ollamatest.Start(t)
	s.Model("random", tiny.Random(1, 8192))
	chat, err := ollama.NewChat(ollama.ChatConfig{BaseURL: s.URL, Model: "random", Options: map[string]any{"num_ctx": 8192, "num_thread": 1}, HTTP: llmtest.Client(t)})
	if err != nil {
		t.Fatal(err)
	}
	for _, planner := range []string{React, Alone} { // the others ask in the same way
		c := textual(planner)
		c.MaxTokens, c.Temperature, c.Reflections, c.ToolErrors, c.Calls = 24, 1, 1, 1, 2 // its tokens are characters: prompts are long
		a := agentOf(t, c, chat)
		talk := a.Open(sciFiFan())
		turn := say(t, talk, "a comedy, please")
		bad := slices.ContainsFunc(turn.Items, func(i int32) bool { return i == alien || i == aliens || i < 0 || i >= films })
		if bad || turn.End == Recommended && len(turn.Items) == 0 || turn.End == "" || !turn.End.Answered() && turn.Fallback == "" {
			t.Errorf("%s: %+v", planner, turn)
		}
		if turn.Usage.Calls == 0 {
			t.Errorf("%s: %+v", planner, turn.Usage)
		}
	}
	c := textual(React)
	c.Calling = Native
	_, err = agentOf(t, c, chat).Open(sciFiFan()).Say(t.Context(), "a comedy")
	if failed := (*llm.Error)(nil); !errors.As(err, &failed) || failed.Kind != llm.NoTools {
		t.Errorf("native calls: %v", err)
	}
}
