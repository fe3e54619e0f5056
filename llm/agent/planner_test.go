package agent

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"llm4rec/llm"
	"llm4rec/llm/llmtest"
	"llm4rec/llm/ollama"
	"llm4rec/llm/openai"
)

// A competent plan: narrow, retrieve, rank, look up, explain, recommend; the critic sends the first answer back, and the second is
// right.
func competent(wrong, right int32) []string {
	return []string{
		does("history", o{}),
		does("filter", o{"where": "genres = 'Sci-Fi' and year < 1985"}),
		does("retrieve", o{"with": "itemknn", "keep": 3}),
		does("recommend", o{"items": []int32{wrong}}),
		does("look_up", o{"item": right}),
		does("explain", o{"item": right}),
		does("remember", o{"likes": []string{"old science fiction"}}),
		does("recommend", o{"items": []int32{right}, "text": "This one is noir."}),
	}
}

func TestReact(t *testing.T) {
	c := textual(React)
	c.Reflections = 1
	actor := says(competent(starWars, bladeRunner)...)
	critic := says(`{"accept": false, "reason": "they asked for film noir"}`, `{"accept": true, "reason": ""}`)
	p := partsOf(t, catalogueOf(t))
	p.Actor, p.Critic = actor, critic
	a, err := New(c, p)
	if err != nil {
		t.Fatal(err)
	}
	turn := say(t, a.Open(sciFiFan()), "old science fiction, like film noir")
	if turn.End != Recommended || !slices.Equal(turn.Items, []int32{bladeRunner}) || turn.Text != "This one is noir.\n- Blade Runner (1982), Film-Noir, Sci-Fi" {
		t.Fatalf("%+v", turn)
	}
	if got, want := trace(turn), "actor history actor filter actor retrieve actor recommend critic actor look_up actor explain actor remember actor recommend critic"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	// The bus is narrowed, and the model sees it by id.
	var buses []int
	for _, s := range turn.Trace {
		if s.Tool == "filter" || s.Tool == "retrieve" {
			buses = append(buses, s.Bus)
		}
	}
	if !slices.Equal(buses, []int{2, 2}) {
		t.Errorf("buses %v", buses)
	}
	all := promptAt(actor, len(actor.asked))
	for _, want := range []string{"[2] Star Wars (1977)", "2 candidates now", "all with (genres = 'Sci-Fi' and year < 1985)", "error: a reviewer sends this back: they asked for film noir", "<request>\nold science fiction, like film noir\n</request>"} {
		if !strings.Contains(all, want) {
			t.Errorf("the model is not shown %q of\n%s", want, all)
		}
	}
	if got := turn.Usage; got.Calls != 10 || got.PromptTokens != 100 || got.ToolCalls != 8 || got.ToolErrors != 0 {
		t.Errorf("%+v", got)
	}
	profile, err := a.parts.Profiles.Profile(t.Context(), 0)
	if err != nil || !slices.Equal(profile.Likes, []string{"old science fiction"}) || !slices.Equal(profile.Recommended, []int32{bladeRunner}) || profile.Turns != 1 {
		t.Errorf("%+v, %v", profile, err)
	}
	// What it remembers is in the next conversation's prompt, and in nobody else's.
	say(t, a.Open(sciFiFan()), "more")
	say(t, a.Open(Visitor{User: 3}), "more")
	if !strings.Contains(promptAt(actor, 9), "likes: old science fiction") || strings.Contains(promptAt(actor, 10), "likes:") {
		t.Errorf("the profiles:\n%s\n%s", promptAt(actor, 9), promptAt(actor, 10))
	}
}

// promptAt is all that the model was shown in a call, from 1.
func promptAt(d *double, n int) string { return shownTo(d.asked[n-1]) }

func shownTo(r llm.Request) string {
	var out []string
	for _, m := range r.Messages {
		out = append(out, m.Content, "\n")
	}
	return strings.Join(out, "")
}

// The same through the servers' own form of tool calls, whole and streamed: the server answers by what it is shown.
func TestNativeCalls(t *testing.T) {
	serve := func(t *testing.T) *llmtest.Server {
		t.Helper()
		s := llmtest.Serve(t)
		s.Chat = true
		s.Answer = func(r llm.Request) llm.Response {
			call := func(tool string, arguments any) llm.Response {
				return llm.Response{Finish: llm.Stop, PromptTokens: 9, OutputTokens: 1, ToolCalls: []llm.ToolCall{{ID: "server", Name: tool, Arguments: object(arguments)}}}
			}
			last := r.Messages[len(r.Messages)-1]
			switch {
			case r.Schema != nil && strings.Contains(last.Content, "<answer>\n[2]"):
				return llm.Response{Finish: llm.Stop, Text: `{"accept": false, "reason": "too old"}`}
			case r.Schema != nil:
				return llm.Response{Finish: llm.Stop, Text: `{"accept": true, "reason": ""}`}
			case last.Role == llm.User:
				two := call("filter", o{"where": "genres = 'Sci-Fi'"})
				two.ToolCalls = append(two.ToolCalls, call("retrieve", o{"with": "itemknn"}).ToolCalls...)
				return two
			case strings.Contains(last.Content, "a reviewer"):
				return call("recommend", o{"items": []int{bladeRunner}})
			case strings.Contains(last.Content, "[2] Star Wars"):
				return call("recommend", o{"items": []int{starWars}})
			}
			return llm.Response{Finish: llm.Stop, Text: "what?"}
		}
		return s
	}
	chats := map[string]func(t *testing.T, s *llmtest.Server, stream bool) (llm.Chat, error){
		"ollama": func(t *testing.T, s *llmtest.Server, stream bool) (llm.Chat, error) {
			t.Helper()
			return ollama.NewChat(ollama.ChatConfig{BaseURL: s.URL, Model: llmtest.Model, FirstToken: stream, HTTP: llmtest.Client(t)})
		},
		"openai": func(t *testing.T, s *llmtest.Server, stream bool) (llm.Chat, error) {
			t.Helper()
			return openai.NewChat(openai.ChatConfig{BaseURL: s.URL + "/v1", Model: llmtest.Model, FirstToken: stream, KeyVariable: "LLM4REC_TEST_NO_KEY", HTTP: llmtest.Client(t)})
		},
	}
	for name, chat := range chats {
		for _, stream := range []bool{false, true} {
			s := serve(t)
			actor, err := chat(t, s, stream)
			if err != nil {
				t.Fatal(err)
			}
			c := Default()
			c.Planner, c.Ask = React, false
			turn := say(t, agentOf(t, c, actor).Open(sciFiFan()), "science fiction")
			if got := trace(turn); turn.End != Recommended || !slices.Equal(turn.Items, []int32{bladeRunner}) || got != "actor filter retrieve actor recommend critic actor recommend critic" {
				t.Errorf("%s, streamed %v: %v %v, %s", name, stream, turn.End, turn.Items, got)
			}
			s.NoTools = true
			_, err = agentOf(t, c, actor).Open(sciFiFan()).Say(t.Context(), "science fiction")
			if failed := (*llm.Error)(nil); !errors.As(err, &failed) || failed.Kind != llm.NoTools {
				t.Errorf("%s without tools: %v", name, err)
			}
		}
	}
}

// All calls of a plan are in one answer. One that fails stops it, and another is asked for.
func TestPlan(t *testing.T) {
	actor := says(
		does("filter", o{"where": "genre = 'Comedy'"})+does("recommend", o{"best": 2}),
		does("filter", o{"where": "genres = 'Comedy'"})+does("retrieve", o{"with": "popularity"})+does("recommend", o{"best": 2}),
	)
	turn := say(t, agentOf(t, textual(Plan), actor).Open(sciFiFan()), "a comedy")
	if turn.End != Recommended || !slices.Equal(turn.Items, []int32{airplane, nakedGun}) || trace(turn) != "actor filter! actor filter retrieve recommend" {
		t.Errorf("%+v", turn)
	}
	if p := promptAt(actor, 2); !strings.Contains(p, `there is no field "genre"; the fields are: title (text), year (number), genres (set)`) || !strings.Contains(p, "not made, because a call before it failed") || !strings.Contains(p, "The plan stopped.") {
		t.Errorf("%s", p)
	}
}

// Branches of inspire start from one state, are all kept, and can be gone back to.
func TestInspire(t *testing.T) {
	actor := says(
		does("filter", o{"where": "genres = 'Horror'"}), // state 1
		does("filter", o{"where": "genres = 'Comedy'"}), // state 2, from 0
		does("branch", o{"state": 1}),
		does("filter", o{"where": "year > 1990"}), // state 3, from 1
		does("recommend", o{"best": 2}),
	)
	turn := say(t, agentOf(t, textual(Inspire), actor).Open(sciFiFan()), "horror")
	if turn.End != Recommended || !slices.Equal(turn.Items, []int32{scream}) {
		t.Errorf("%+v", turn)
	}
	if p := promptAt(actor, 5); !strings.Contains(p, "This is state 1. Try another call from state 0") || !strings.Contains(p, "This is state 2. You are at state 2 of 0 to 2") || !strings.Contains(p, "You are at state 1: 2 candidates now") || !strings.Contains(p, "all with (genres = 'Comedy')") {
		t.Errorf("%s", p)
	}
}

func TestAlone(t *testing.T) {
	actor := says(`{"titles": ["The Usual Suspects (1995)", "Alien", "Gone with the Bytes", "heat"], "text": "Crime."}`)
	turn := say(t, agentOf(t, textual(Alone), actor).Open(sciFiFan()), "crime")
	if turn.End != Recommended || !slices.Equal(turn.Items, []int32{suspects, heat}) || actor.asked[0].Tools != nil || !strings.Contains(turn.Trace[0].Error, "Gone with the Bytes") || !strings.Contains(turn.Trace[0].Error, "Alien") {
		t.Errorf("%+v", turn)
	}
	turn = say(t, agentOf(t, textual(Alone), says(`{"titles": ["Gone with the Bytes"], "text": ""}`)).Open(sciFiFan()), "crime")
	if turn.End != Unreadable || turn.Fallback != ByRetriever || len(turn.Items) == 0 {
		t.Errorf("%+v", turn)
	}
}

// An agent may ask; a model that calls tools by its server's form, and just talks, asks too. What was said is in the next prompt.
func TestAsking(t *testing.T) {
	actor := says(does("ask", o{"question": "Old or new?"}), does("recommend", o{"best": 1}))
	talk := agentOf(t, textual(React), actor).Open(sciFiFan())
	if turn := say(t, talk, "hello"); turn.End != Asked || turn.Text != "Old or new?" || turn.Items != nil {
		t.Errorf("%+v", turn)
	}
	if turn := say(t, talk, "new"); turn.End != Recommended {
		t.Errorf("%+v", turn)
	}
	if p := promptAt(actor, 2); !strings.Contains(p, "person: hello\nyou: Old or new?\n</conversation>") {
		t.Errorf("%s", p)
	}
	c := Default()
	c.Planner = React
	if turn := say(t, agentOf(t, c, says("What do you like?")).Open(sciFiFan()), "hello"); turn.End != Asked || turn.Text != "What do you like?" {
		t.Errorf("%+v", turn)
	}
	c.Memory, c.Calling = nil, TextCall
	actor = says(does("ask", o{"question": "Old or new?"}))
	talk = agentOf(t, c, actor).Open(sciFiFan())
	say(t, talk, "hello")
	say(t, talk, "new")
	if p := promptAt(actor, 2); strings.Contains(p, "<conversation>\n") || strings.Contains(p, "<others>\n") || strings.Contains(p, "hello") {
		t.Errorf("without memory: %s", p)
	}
}

// Schemas are what arguments are read by.
func TestSchemas(t *testing.T) {
	a := agentOf(t, textual(Inspire), says(""))
	var names []string
	for _, tool := range a.offered {
		names = append(names, tool.Name)
		var schema struct {
			Type                 string
			Properties           map[string]any
			AdditionalProperties any `json:"additionalProperties"`
		}
		if err := json.Unmarshal(tool.Schema, &schema); err != nil || schema.Type != "object" || schema.AdditionalProperties == nil || tool.Description == "" {
			t.Errorf("%s: %s, %v", tool.Name, tool.Schema, err)
		}
	}
	if want := []string{"search", "look_up", "filter", "similar", "drop", "retrieve", "rank", "reset", "history", "available", "explain", "remember", "branch", "ask", "recommend"}; !reflect.DeepEqual(names, want) {
		t.Errorf("%v", names)
	}
}

// Every tool answers what is wrong so that a model can do better.
func TestToolErrors(t *testing.T) {
	a := agentOf(t, textual(Inspire), says(""))
	for _, test := range []struct{ tool, arguments, want string }{
		{"fly", `{}`, `there is no tool "fly"; the tools are: search, look_up`},
		{"filter", `{"were": "x"}`, `filter: unknown field "were"; the arguments are "where" (string): a condition`},
		{"filter", `"{\"where\": 3}"`, "filter: cannot unmarshal number"},
		{"filter", `[]`, "filter: cannot unmarshal array"},
		{"filter", `{"where": "director = 'Scott'"}`, `position 1: there is no field "director"; the fields are: title (text), year (number), genres (set)`},
		{"filter", `{"where": "year > 2050"}`, "none of the 10 candidates fulfils it (0 of the whole catalogue do); the list is as it was"},
		{"search", `{}`, "want text, where or both"},
		{"search", `{"text": "zebra"}`, "nothing found"},
		{"look_up", `{"item": 99}`, "there is no item 99: ids are 0 to 11"},
		{"look_up", `{"title": "Alien Heat"}`, "no item has that title; there are:\n["},
		{"similar", `{"items": [99]}`, "there is no item 99"},
		{"similar", `{"items": [6], "by": "colour"}`, "want taste or content"},
		{"similar", `{"items": []}`, "want 1 to 50 items, got 0"},
		{"drop", `{"items": [2,3,4,5,6,7,8,9,10,11]}`, "nothing would be left"},
		{"retrieve", `{"with": "oracle"}`, `there is no retriever "oracle"; there are: itemknn, popularity`},
		{"rank", `{"with": "oracle"}`, `there is no ranker "oracle"; there are: reverse`},
		{"explain", `{"item": -1}`, "there is no item -1"},
		{"available", `{"items": []}`, "want 1 to 50 items"},
		{"remember", `{}`, "want likes or dislikes"},
		{"branch", `{"state": 7}`, "there is no state 7: there are 0 to 0"},
		{"ask", `{"question": " "}`, "the question is empty"},
		{"recommend", `{}`, "want exactly one of items, best and none"},
		{"recommend", `{"items": [2], "best": 1}`, "want exactly one of items, best and none"},
		{"recommend", `{"items": [2,3,4]}`, "at most 2 items, got 3"},
		{"recommend", `{"items": [0, 77]}`, "0: the person had it; 77: there is no such item: ids are 0 to 11. Candidates are, for example:\n[2]"},
		{"recommend", `{"items": [2, 2]}`, "2: twice"},
	} {
		x := under(a, sciFiFan())
		result, ok, err := x.call(t.Context(), llm.ToolCall{Name: test.tool, Arguments: json.RawMessage(test.arguments)})
		if ok || err != nil || !strings.HasPrefix(result, "error: ") || !strings.Contains(result, test.want) {
			t.Errorf("%s %s: %q, %v; want %s", test.tool, test.arguments, result, err, test.want)
		}
		if len(x.bus.items) != 10 {
			t.Errorf("%s %s: the bus has %d", test.tool, test.arguments, len(x.bus.items))
		}
	}
}

// under is a turn that is under way.
func under(a *Agent, v Visitor) *turn {
	c := a.Open(v).(*conversation)
	x := &turn{a: a, c: c}
	x.bus.items = c.allowed()
	x.whole = len(x.bus.items)
	x.states = []bus{x.bus.clone()}
	return x
}

func TestTools(t *testing.T) {
	p := partsOf(t, catalogueOf(t))
	p.Available = func(i int32) bool { return i != shining }
	p.Actor = says("")
	c := textual(React)
	c.Steps = 20
	a, err := New(c, p)
	if err != nil {
		t.Fatal(err)
	}
	x := under(a, sciFiFan())
	for _, test := range []struct{ tool, arguments, want string }{
		{"search", `{"text": "alien"}`, "1 found in the whole catalogue. The first:\n[0] Alien (1979), Horror, Sci-Fi (the person had it)"},
		{"search", `{"where": "year > 1995", "most": 1}`, "2 found in the whole catalogue. The first:\n[8] Emma (1996), Comedy, Romance"},
		{"look_up", `{"title": "the naked gun"}`, "[5] Naked Gun, The\n  year: 1988\n  genres: Comedy\n  in training: 2 users"},
		{"history", `{}`, "2 in all, the newest last:\n[0] Alien (1979), Horror, Sci-Fi\n[1] Aliens (1986), Action, Sci-Fi"},
		{"available", `{"items": [0, 2, 11, 50]}`, "0: the person had it\n2: can be recommended\n11: not available\n50: there is no such item: ids are 0 to 11"},
		{"explain", `{"item": 2}`, "Others who watched “Aliens” and “Alien”, as you did, watched “Star Wars” too; like “Aliens”, it is Action and Sci-Fi."},
		{"similar", `{"items": [6], "by": "content", "keep": 3}`, "1 candidates now, ordered by likeness:\n[7] Usual Suspects, The (1995), Crime"},
		{"reset", `{}`, "9 candidates now. The first:\n[2] Star Wars"},
		{"filter", `{"where": "year > 1979"}`, "8 candidates now, all with (year > 1979). The first:\n[3] Blade"},
		{"retrieve", `{"with": "popularity", "keep": 4}`, "4 candidates now, ordered by popularity, all with (year > 1979):\n[3] Blade"},
		{"rank", `{"first": 2}`, "4 candidates now, ordered by reverse, all with (year > 1979):\n[4] Airplane!"},
		{"drop", `{"items": [4]}`, "3 candidates now"},
	} {
		result, ok, err := x.call(t.Context(), llm.ToolCall{Name: test.tool, Arguments: json.RawMessage(test.arguments)})
		if !ok || err != nil || !strings.HasPrefix(result, test.want) {
			t.Errorf("%s %s: %q, %v; want %q", test.tool, test.arguments, result, err, test.want)
		}
	}
	// What a condition rules out is not recommended, nor what was dropped. What is not among the best that were kept is.
	for id, want := range map[string]string{"2": "2: does not fulfil (year > 1979)", "4": "4: was taken off the list", "11": "11: not available"} {
		result, ok, err := x.call(t.Context(), llm.ToolCall{Name: "recommend", Arguments: json.RawMessage(`{"items": [` + id + `]}`)})
		if ok || err != nil || !strings.Contains(result, want) || x.answer != nil {
			t.Errorf("%s: %q, %v", id, result, err)
		}
		x.inARow = 0
	}
	if _, ok, err := x.call(t.Context(), llm.ToolCall{Name: "recommend", Arguments: json.RawMessage(`{"items": [10]}`)}); !ok || err != nil || slices.Contains(x.bus.items, scream) || !slices.Equal(x.answer.items, []int32{scream}) {
		t.Errorf("%v, %v, %+v of %v", ok, err, x.answer, x.bus.items)
	}
	if _, ok, err := x.call(t.Context(), llm.ToolCall{Name: "recommend", Arguments: json.RawMessage(`{"best": 9}`)}); !ok || err != nil || len(x.answer.items) != 2 {
		t.Errorf("%v, %v, %+v", ok, err, x.answer)
	}
}
