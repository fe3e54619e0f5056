package suite

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"llm4rec/bench"
	"llm4rec/bench/experiments"
	"llm4rec/data"
	"llm4rec/data/datatest"
	"llm4rec/data/synthetic"
	"llm4rec/gpu"
	"llm4rec/llm"
	"llm4rec/llm/agent"
	"llm4rec/llm/cassette"
	"llm4rec/llm/llmtest"
	"llm4rec/llm/ollama/ollamatest"
	"llm4rec/llm/ollama/tiny"
	"llm4rec/llm/text"
	"llm4rec/models"
	"llm4rec/results"
	"llm4rec/results/table"
)

// embedded runs rows of an embedded experiment.
func embedded(t *testing.T, name string, r bench.Runner, mode cassette.Mode, sets ...string) (bench.Summary, *results.Store) {
	t.Helper()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	calls := &Calls{Mode: mode, Cassette: filepath.Join(r.Out, "answers.jsonl.gz"), Parallel: 2, Log: log}
	r.Suite = New(DatasetOptions{Dirs: []string{datatest.Dir(t)}, Results: r.Out}, calls, log)
	r.Device, r.Progress, r.Log = gpu.CPU(), quiet{}, log
	text, _ := experiments.Text(name)
	spec, err := bench.Source{Name: name, Text: text}.Parse()
	if err == nil {
		spec, err = bench.Override(spec, sets)
	}
	if err != nil {
		t.Fatal(err)
	}
	plan, issues := r.Suite.Resolve(spec)
	if len(issues) > 0 {
		t.Fatal(issues)
	}
	sum, err := r.Run(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	if err := calls.Close(); err != nil {
		t.Error(err)
	}
	store, err := results.OpenRead(sum.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if sum.Failed+sum.Unavailable > 0 {
		t.Fatalf("%+v\n%s", sum, tableOf(t, sum.Dir, table.Text))
	}
	return sum, store
}

// The scripted policy is asked by all users, and talks with each of them three times.
func TestScriptedAgents(t *testing.T) {
	datatest.Open(t, "ml-100k")
	begin := time.Now()
	sum, store := embedded(t, "agents", bench.Runner{Out: t.TempDir(), Only: []string{"itemknn", "scripted", "talk-scripted"}}, cassette.Record)
	took := time.Since(begin)
	t.Logf("%v\n%s", took.Round(time.Millisecond), tableOf(t, sum.Dir, table.Text))
	if took > 2*time.Minute && !raced(t) {
		t.Errorf("took %v", took)
	}
	rows := recordsBySystem(t, sum.Dir)
	one, knn := rows["scripted"], rows["itemknn"]
	if one.Agent == nil || one.Agent.Turns != 943 || one.Agent.Ends["recommended"] != 943 || one.Agent.Account != nil {
		t.Errorf("%+v", one.Agent)
	}
	// It has nothing to go by but its retriever, whose lists its own are.
	for m, v := range knn.Metrics {
		if one.Metrics[m] != v {
			t.Errorf("%s: %v, and of its retriever %v", m, one.Metrics[m], v)
		}
	}
	talk := rows["talk-scripted"]
	d := talk.Dialogue
	if d == nil || d.Agent.Turns == 0 || d.Excluded+d.Unknown+d.Repeated > 0 || d.User != nil {
		t.Fatalf("%+v", d)
	}
	talks, err := store.Talks(talk)
	if err != nil || len(talks) != 3*943 {
		t.Fatalf("%d conversations, %v", len(talks), err)
	}
	for _, x := range talks {
		if x.Turns < 1 || int(x.Turns) != len(x.Said) || x.Rank > 0 != (x.Outcome == "found") || x.Calls > 0 {
			t.Fatalf("%+v", x)
		}
		if x.Rank > 0 {
			if items := x.Said[len(x.Said)-1].Items; items[x.Rank-1] != x.Target {
				t.Fatalf("%s was to be found at %d of %v", x.Target, x.Rank, items)
			}
		}
	}
}

// An agent with a real server, whose model has random weights, for a few users: its plans come to nothing, which is counted, bounded
// and no failure; what was recorded is replayed without the server.
func TestAgentsByOllama(t *testing.T) {
	datatest.Open(t, "ml-100k")
	server := ollamatest.Start(t)
	server.Model("tiny", tiny.Random(1, 8192))
	out := t.TempDir()
	const users = 2
	run := func(out string, mode cassette.Mode) (bench.Summary, *results.Store) {
		var sets []string
		for _, at := range []string{"systems.react.params", "systems.talk-react.params"} {
			sets = append(sets, at+".model=tiny", at+".base_url="+server.URL, at+".num_ctx=8192", at+".options={num_thread: 1}", at+".calling=text",
				at+".max_tokens=16", at+".calls=1", at+".tool_errors=1", at+".reflections=0", at+".time=20m") // a busy machine takes its time
		}
		sets = append(sets, "systems.talk-react.params.turns=2", "systems.talk-react.params.repeats=1")
		return embedded(t, "agents", bench.Runner{Out: out, Only: []string{"react", "talk-react"}, Limit: users}, mode, sets...)
	}
	sum, store := run(out, cassette.Record)
	rows := recordsBySystem(t, sum.Dir)
	for name, a := range map[string]*results.Agent{"react": rows["react"].Agent, "talk-react": &rows["talk-react"].Dialogue.Agent} {
		ends := 0
		for _, n := range a.Ends {
			ends += n
		}
		if a.Account == nil || !a.Account.Test || a.Account.Calls < users || a.Account.Failures > 0 || a.Account.PromptTokens < 1000*users || ends != a.Turns || a.Turns < users {
			t.Errorf("%s: %+v, %+v", name, a, a.Account)
		}
		if len(rows[name].Unpublish) < 2 {
			t.Errorf("%s may be published: %v", name, rows[name].Unpublish)
		}
	}
	talks, err := store.Talks(rows["talk-react"])
	if err != nil || len(talks) != users || talks[0].Calls == 0 || !strings.Contains(talks[0].Said[0].Trace, `"by":"actor"`) {
		t.Fatalf("%+v, %v", talks, err)
	}
	server.Kill()
	elsewhere := t.TempDir()
	keep(t, out, elsewhere, func(results.Record) bool { return false })
	again, store := run(elsewhere, cassette.Replay)
	replayed, err := store.Talks(recordsBySystem(t, again.Dir)["talk-react"])
	if err != nil {
		t.Fatal(err)
	}
	said := func(all []results.Talk) string {
		var out strings.Builder
		for _, x := range all {
			for _, u := range x.Said {
				fmt.Fprintln(&out, x.User, x.Outcome, u.User, u.Agent, u.Items, u.End)
			}
		}
		return out.String()
	}
	if said(replayed) != said(talks) {
		t.Errorf("replayed:\n%s\nrecorded:\n%s", said(replayed), said(talks))
	}
}

// A model that is gone, or a budget that is spent, is no result: the row fails, and the next run asks for what is missing. As many
// turns as are tolerated may end in the retriever's answer.
func TestAgentsWithoutAnswers(t *testing.T) {
	d := smallSet()
	s := llmtest.Serve(t)
	s.Chat = true
	s.Answer = func(llm.Request) llm.Response {
		return llm.Response{Text: "Action: recommend\nArguments: {\"best\": 10}", Finish: llm.Stop, PromptTokens: 50, OutputTokens: 10}
	}
	out := t.TempDir()
	run := func(tolerate string, change func(*Calls)) (bench.Summary, map[string]results.Record) {
		t.Helper()
		calls := hasty(out)
		if change != nil {
			change(calls)
		}
		sum, _, _ := runText(t, smallSuite(d, Models(calls)), bench.Runner{Out: out}, `
name: gone
dataset: small
metrics: [ndcg@10]
systems:
  - {name: once, model: agent, `+tolerate+`params: {planner: react, calling: text, model: words, base_url: "`+s.URL+`", reflections: 0}}
  - {name: talk, model: conversation, `+tolerate+`params: {planner: react, calling: text, model: words, base_url: "`+s.URL+`", reflections: 0}}
`)
		if err := calls.Close(); err != nil {
			t.Error(err)
		}
		return sum, recordsBySystem(t, sum.Dir)
	}
	sum, rows := run("", func(c *Calls) { c.Tokens = 500 })
	if sum.Failed != 2 || !strings.Contains(rows["once"].Error, "budget") || !strings.Contains(rows["talk"].Error, "budget") {
		t.Errorf("a spent budget: %+v, %q, %q", sum, rows["once"].Error, rows["talk"].Error)
	}
	asked := s.Calls()
	s.Next(slices.Repeat([]llmtest.Fault{{Status: 500}}, 3000)...)
	sum, rows = run("", nil)
	if sum.Failed != 2 || !strings.Contains(rows["talk"].Error, "have no answer of a model (ends: ") || s.Calls() <= asked {
		t.Errorf("a server that fails: %+v, %q", sum, rows["talk"].Error)
	}
	if sum, rows = run("tolerate: 1, ", nil); sum.Failed != 0 || rows["once"].Agent.Ends["call-failed"] == 0 {
		t.Errorf("tolerated: %+v, %+v", sum, rows["once"].Agent)
	}
}

// Where a protocol has candidates, agents recommend among them, and users want one of them.
func TestAgentsAmongCandidates(t *testing.T) {
	const candidates = 1 + 12
	sum, _, _ := runText(t, smallSuite(smallSet(), Models(&Calls{})), bench.Runner{Out: t.TempDir()}, `
name: among
dataset: small
protocol: {candidates: uniform-12}
metrics: [recall@20]
systems:
  - {name: once, model: agent, params: {items: 5}}
  - {name: talk, model: conversation}
`)
	if sum.Failed+sum.Unavailable > 0 {
		t.Fatalf("%+v", sum)
	}
	rows := recordsBySystem(t, sum.Dir)
	store, err := results.OpenRead(sum.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if rows["once"].Metrics["recall@20"] != 1 {
		t.Errorf("%v", rows["once"].Metrics)
	}
	talks, err := store.Talks(rows["talk"])
	if err != nil || len(talks) != 20 {
		t.Fatalf("%d conversations, %v", len(talks), err)
	}
	for _, x := range talks {
		told := map[string]bool{}
		for _, u := range x.Said {
			for _, i := range u.Items {
				told[i] = true
			}
		}
		if len(told) > candidates || x.Outcome != "found" {
			t.Errorf("user %s: %s, with %d different items", x.User, x.Outcome, len(told))
		}
	}
	if d := rows["talk"].Dialogue; d.Excluded > 0 || d.AtBest[4] > candidates {
		t.Errorf("%+v", d)
	}
}

// What is wrong with a model is wrong with all conversations: it ends them, once, as the error that it is; be it the agent's model or
// the one that plays the users.
func TestConversationsEndWithAModel(t *testing.T) {
	s := llmtest.Serve(t)
	s.Chat = true
	s.Answer = func(r llm.Request) llm.Response {
		text := `{"say": "No."}`
		if len(r.Schema) == 0 {
			text = "Action: ask\nArguments: {\"question\": \"Which genres?\"}"
		}
		return llm.Response{Text: text, Finish: llm.Stop, PromptTokens: 50, OutputTokens: 10}
	}
	model := `model: words, base_url: "` + s.URL + `"`
	for params, kind := range map[string]llm.Kind{
		`{planner: react, calling: text, ` + model + `}`:               llm.Spent,
		`{simulator: free, user: {provider: ollama, ` + model + `}}`:   llm.Spent,
		`{simulator: worded, user: {provider: ollama, ` + model + `}}`: llm.Denied,
	} {
		calls := hasty(t.TempDir())
		if kind == llm.Spent {
			calls.Tokens = 500
		} else {
			s.Next(slices.Repeat([]llmtest.Fault{{Status: 401}}, 20)...)
		}
		asked := askedOf(t, calls, "{name: talk, model: conversation, params: "+params+"}")
		w := bench.Wanted{Train: asked.Train, Queries: asked.Queries, Users: asked.Users, Targets: make([]int32, len(asked.Users))}
		_, talks, err := asked.Cell.Bound.Talker(bench.Env{Device: gpu.CPU()}).Talk(t.Context(), w, func(int, int, string) {})
		failed := (*llm.Error)(nil)
		if !errors.As(err, &failed) || failed.Kind != kind || strings.Count(err.Error(), map[llm.Kind]string{llm.Spent: "budget", llm.Denied: "denied"}[kind]) != 1 || talks != nil {
			t.Errorf("%s: %v", params, err)
		}
		if err := calls.Close(); err != nil {
			t.Error(err)
		}
	}
}

// askedOf is what the one system of an experiment on a small data set is asked.
func askedOf(t *testing.T, calls *Calls, system string) *bench.Answered {
	t.Helper()
	spec, err := bench.Source{Name: "one", Text: []byte("name: one\ndataset: small\nmetrics: [ndcg@10]\nsystems:\n  - " + system + "\n")}.Parse()
	if err != nil {
		t.Fatal(err)
	}
	s := smallSuite(smallSet(), Models(calls))
	plan, issues := s.Resolve(spec)
	if len(issues) > 0 {
		t.Fatal(issues)
	}
	r := bench.Runner{Suite: s, Device: gpu.CPU(), Log: slog.New(slog.DiscardHandler)}
	asked, err := r.Asked(t.Context(), plan, plan.Cells[0])
	if err != nil {
		t.Fatal(err)
	}
	return asked
}

// An agent that was opened is ready as long as its model's server is there; a scripted one, and recorded answers, need none.
func TestHostReady(t *testing.T) {
	s := llmtest.Serve(t)
	s.Chat = true
	calls := &Calls{Mode: cassette.Live, Log: slog.New(slog.DiscardHandler)}
	open := func(system string) Host {
		t.Helper()
		h, err := OpenAgent(t.Context(), askedOf(t, calls, system), bench.Env{Device: gpu.CPU()}, agent.InMemory())
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	asks, scripted := open(`{name: react, model: agent, params: {planner: react, model: words, base_url: "`+s.URL+`"}}`), open("{name: scripted, model: agent}")
	if err := errors.Join(asks.Ready(t.Context()), scripted.Ready(t.Context())); err != nil {
		t.Error(err)
	}
	s.Die()
	missing := (*models.Unavailable)(nil)
	if err := asks.Ready(t.Context()); !errors.As(err, &missing) {
		t.Errorf("without its server: %v", err)
	}
	if err := scripted.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	calls.Mode = cassette.Replay
	if err := asks.Ready(t.Context()); err != nil {
		t.Error(err)
	}
}

// An answer without a call is no call of a tool that failed.
func TestToolErrorsAreOfTools(t *testing.T) {
	s := llmtest.Serve(t)
	s.Chat = true
	s.Answer = func(llm.Request) llm.Response {
		return llm.Response{Text: "Let me think.", Finish: llm.Stop, PromptTokens: 50, OutputTokens: 10}
	}
	calls := hasty(t.TempDir())
	sum, _, _ := runText(t, smallSuite(smallSet(), Models(calls)), bench.Runner{Out: t.TempDir()}, `
name: thinks
dataset: small
metrics: [ndcg@10]
systems:
  - {name: once, model: agent, params: {planner: react, calling: text, reflections: 0, model: words, base_url: "`+s.URL+`"}}
`)
	if err := calls.Close(); err != nil {
		t.Error(err)
	}
	if a := recordsBySystem(t, sum.Dir)["once"].Agent; a == nil || a.Ends["tool-errors"] != 20 || a.ToolCalls != 0 || a.ToolErrors != 0 {
		t.Errorf("%+v", a)
	}
}

// An agent's reasons name what files add to the items.
func TestAgentExplainsByMore(t *testing.T) {
	dir := t.TempDir()
	rows := "id,by\n"
	d := smallSet()
	for i := range d.Items.Len() {
		rows += d.Items.Raw(int32(i)) + ",Lego\n"
	}
	if err := os.WriteFile(filepath.Join(dir, "brands.csv"), []byte(rows), 0o666); err != nil {
		t.Fatal(err)
	}
	calls := &Calls{}
	c := defaultAgent(&parts{known: smallSuite(d, Models(calls)), calls: calls, dirs: []string{dir}})
	c.More = text.More{{Path: "brands.csv", Field: "brand", Key: "id", Column: "by"}}
	split, err := d.Split(data.SplitSpec{Method: "leave-one-out", MinHistory: 1})
	if err != nil {
		t.Fatal(err)
	}
	h, err := c.open(t.Context(), split.Train, nil)
	if err != nil {
		t.Fatal(err)
	}
	if names := h.explainer.(explainer).Items().Names; !slices.Contains(names, "brand") {
		t.Errorf("reasons name %q", names)
	}
}

// smallSet has 20 users and 60 items.
func smallSet() *data.Dataset {
	c := synthetic.Default()
	c.Users, c.Items, c.Interactions = 20, 60, 400
	return synthetic.Generate(c)
}
