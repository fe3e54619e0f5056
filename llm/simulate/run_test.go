package simulate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"llm4rec/eval/dialogue"
	"llm4rec/eval/stats"
	"llm4rec/llm/agent"
)

func means(all []Result, c Config) map[string]float64 {
	out := map[string]float64{}
	for _, m := range dialogue.Measures(conversations(all), c.K, c.Turns) {
		out[m.Name] = m.Mean()
	}
	return out
}

func conversations(all []Result) []dialogue.Conversation {
	out := make([]dialogue.Conversation, len(all))
	for n, r := range all {
		out[n] = r.Conversation()
	}
	return out
}

// One conversation, by hand.
func TestConversation(t *testing.T) {
	x := films(t)
	task := wants(x, 4, []int32{1}, matrix...).Task
	host := talk(func(v agent.Visitor, said []string) (agent.Turn, error) {
		return []agent.Turn{
			{Text: "Which director?", End: "asked", Usage: agent.Usage{Calls: 1, ToolCalls: 2, ToolErrors: 1, PromptTokens: 10, OutputTokens: 1, Wall: time.Second}},
			{Text: "These?", Items: []int32{0, 2, 1, 4}, End: "answered"}, // of the four the user reads three
			{Text: "This?", Items: []int32{0, 99}, End: "answered", Usage: agent.Usage{Calls: 3}},
			{Text: "So this?", Items: []int32{3, 4}, End: "answered"},
		}[len(said)-1], nil
	})
	c := Config{Turns: 5, K: 3, Repeats: 1, Parallel: 1}
	all, err := Run(t.Context(), host, Rules{}, []*Task{task}, c)
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	r := all[0]
	var said []string
	for _, turn := range r.Turns {
		said = append(said, turn.User)
	}
	want := []string{
		"Hello, I am looking for something. I want Sci-Fi.", "I do not mind.",
		"No, none of these. I want Action, and the first is not.", "No, none of these. I want Thriller, and the first is not.",
	}
	if !slices.Equal(said, want) || r.Outcome != Found || r.Rank != 2 || !slices.Equal(r.Said, []Clause{genre("Sci-Fi"), genre("Action"), genre("Thriller")}) {
		t.Errorf("%q, %s at %d, %v", said, r.Outcome, r.Rank, r.Said)
	}
	// Of 0, 2, 1 | 0, 99 | 3, 4: Sci-Fi are 0, 2, 0, 4; Action 2, 4; Thriller and all three 4.
	wantKinds := map[dialogue.Kind]dialogue.Share{dialogue.Volunteered: {Held: 4, Of: 7}, dialogue.OnAsk: {Held: 2, Of: 7}, dialogue.Hidden: {Held: 1, Of: 7}}
	// Known were Sci-Fi in all three lists, Action in the last two, Thriller in the last: 2 + 1 + 1, 0 + 1, 1.
	if !reflect.DeepEqual(r.ByKind, wantKinds) || r.Known != (dialogue.Share{Held: 6, Of: 7 + 4 + 2}) || r.Items != (dialogue.Share{Held: 1, Of: 7}) {
		t.Errorf("%v, %v, %v", r.ByKind, r.Known, r.Items)
	}
	if r.Turns[1].Excluded != 1 || r.Turns[2].Unknown != 1 || r.Turns[2].Repeated != 1 || r.AtBest != 1 || !r.GivenAway() { // 4 alone is Sci-Fi, Action and Thriller
		t.Errorf("%+v", r)
	}
	m := means(all, c)
	if m["hit@3"] != 1 || m["turns"] != 4 || m["tool errors"] != .5 || m["calls a turn"] != 1 || m["prompt tokens a turn"] != 2.5 || m["seconds a turn"] != .25 {
		t.Errorf("%v", m)
	}
	s := Summarise(all, c.K)
	if s.Outcomes[Found] != 1 || s.GivenAway != 1 || s.Within != 1 || s.Excluded != 1 || s.Unknown != 1 || s.Left[0] != 1 {
		t.Errorf("%+v", s)
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var back Result
	if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(back, r) {
		t.Errorf("%v: %s", err, text)
	}
}

// What was said before counts, and what was rejected; what was shown last does not.
func TestLeft(t *testing.T) {
	x := films(t)
	for _, c := range []struct {
		said              []Clause
		rejected, exclude []int32
		want              int
	}{
		{nil, nil, nil, 6},
		{[]Clause{genre("Sci-Fi")}, nil, nil, 3},
		{[]Clause{genre("Sci-Fi")}, []int32{0, 0, 1, -5, 99}, nil, 2},
		{[]Clause{genre("Sci-Fi")}, []int32{0}, []int32{2}, 1},
		{[]Clause{nineties}, nil, nil, 3},
		{[]Clause{nineties.opposite()}, nil, nil, 3}, // an unknown year is not of the nineties
		{[]Clause{genre("Sci-Fi").opposite(), nineties.opposite()}, nil, nil, 1},
		{[]Clause{{Field: "plot", Value: "x"}}, nil, nil, 0},
	} {
		if got := x.Consistent(c.said, c.rejected, agent.Visitor{Exclude: c.exclude}); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
	// Nothing else can be wanted than a candidate, and nothing else ought to be recommended.
	among := agent.Visitor{Candidates: []int32{0, 1, 4}}
	if got := x.Consistent([]Clause{genre("Sci-Fi")}, []int32{0}, among); got != 1 {
		t.Errorf("of candidates: %d", got)
	}
	r := newResult(&Task{Case: Case{among, 4}, catalogue: x}, 0)
	if r.turn(&Task{Case: Case{among, 4}, catalogue: x}, "", agent.Turn{Items: []int32{0, 2}}, nil, 3); r.Turns[0].Excluded != 1 {
		t.Errorf("%+v", r)
	}
}

// All ways to fail are results, and count as no hit.
func TestFailures(t *testing.T) {
	x := films(t)
	task := wants(x, 4, nil).Task
	c := Config{Turns: 2, K: 3, Repeats: 1, Parallel: 1}
	quiet := talk(func(agent.Visitor, []string) (agent.Turn, error) { return agent.Turn{End: "no budget"}, nil })
	for want, run := range map[Outcome]struct {
		host agent.Host
		user Simulator
	}{
		OutOfTurns:  {quiet, Rules{}},
		AgentFailed: {talk(func(agent.Visitor, []string) (agent.Turn, error) { return agent.Turn{}, errors.New("a caller's") }), Rules{}},
		UserFailed:  {quiet, scripted{"Hello", "", errors.New("no")}},
		Leaking:     {quiet, scripted{"The Matrix!", "", nil}},
	} {
		all, err := Run(t.Context(), run.host, run.user, []*Task{task}, c)
		if err != nil || len(all) != 1 || all[0].Outcome != want || all[0].Rank != 0 || (all[0].Err != nil) != (want == AgentFailed || want == UserFailed) {
			t.Errorf("%s: %+v, %v", want, all, err)
		}
		if m := means(all, c); m["hit@3"] != 0 || m["turns"] != 3 {
			t.Errorf("%s: %v", want, m)
		}
	}
	if all, _ := Run(t.Context(), quiet, scripted{"Hello", "matrix", nil}, []*Task{task}, c); all[0].Outcome != Leaking || len(all[0].Turns) != 1 {
		t.Errorf("%+v", all)
	}
	if _, err := Run(t.Context(), quiet, Rules{}, nil, Config{}); err == nil {
		t.Error("no turns: no error")
	}
	if all, err := Run(t.Context(), quiet, Rules{}, nil, c); len(all) != 0 || err != nil {
		t.Error(all, err)
	}
	if _, err := x.Tasks([]Case{{Target: 6}}, 1, 3); err == nil {
		t.Error("a target that is none: no error")
	}
}

// scripted says two things.
type scripted struct {
	open, then string
	err        error
}

func (s scripted) User(*Task, int, int) User { return s }
func (s scripted) Open() string              { return s.open }
func (s scripted) Said() []Clause            { return nil }
func (s scripted) Reply(context.Context, agent.Turn) (string, bool, error) {
	return s.then, false, s.err
}

// An interrupted run leaves what had ended and its cause, in the order of the tasks.
func TestInterrupted(t *testing.T) {
	x := films(t)
	tasks, err := x.Tasks(slices.Repeat([]Case{{Target: 4}}, 50), 1, 3)
	if err != nil {
		t.Fatal(err)
	}
	for n, task := range tasks {
		task.Visitor.User = int32(n)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("interrupted")
	var said atomic.Int32
	host := talk(func(agent.Visitor, []string) (agent.Turn, error) {
		if said.Add(1) == 40 {
			cancel(stop)
		}
		return agent.Turn{}, nil
	})
	ended := 0
	all, err := Run(ctx, host, Rules{}, tasks, Config{Turns: 3, K: 3, Repeats: 2, Parallel: 4, Ended: func(Result) { ended++ }})
	if !errors.Is(err, stop) || len(all) == 0 || len(all) > 14 || ended != len(all) {
		t.Errorf("%d of them, %d told, %v", len(all), ended, err)
	}
	if !slices.IsSortedFunc(all, func(a, b Result) int { return 2*int(a.User-b.User) + a.Repeat - b.Repeat }) {
		t.Error("not in order")
	}
}

// Repeats are told apart, so that what is random can differ between them, and nothing else differs by how many run at once.
func TestRepeats(t *testing.T) {
	x := films(t)
	tasks, err := x.Tasks([]Case{{agent.Visitor{User: 1}, 4}, {agent.Visitor{User: 2}, 0}}, 1, 3)
	if err != nil {
		t.Fatal(err)
	}
	host := talk(func(v agent.Visitor, _ []string) (agent.Turn, error) {
		if v.User == 1 && v.Replica < 3 {
			return agent.Turn{Items: []int32{4}}, nil
		}
		return agent.Turn{Text: fmt.Sprint(v.Replica)}, nil
	})
	var want []Result
	for _, parallel := range []int{1, 7} {
		all, err := Run(t.Context(), host, Rules{}, tasks, Config{Turns: 2, K: 3, Repeats: 4, Parallel: parallel})
		if err != nil || len(all) != 8 || all[7].User != 2 || all[7].Repeat != 3 {
			t.Fatal(all, err)
		}
		// Three of four repeats with user 1, none with user 2: see TestPass of the measures.
		if m := means(all, Config{Turns: 2, K: 3}); m["pass^1"] != .375 || m["pass^2"] != .25 || m["pass^3"] != .125 || m["pass^4"] != 0 {
			t.Errorf("%v", m)
		}
		if want == nil {
			want = all
		} else if !reflect.DeepEqual(all, want) {
			t.Error("it depends on how many are played at once")
		}
	}
}

// The draw of constraints depends on seed and user alone, and every kind has its share.
func TestTasks(t *testing.T) {
	x, _, cases := movies(t)
	if !slices.Equal(x.Fields, []string{"genres", "year"}) {
		t.Errorf("%q", x.Fields)
	}
	all, err := x.Tasks(cases, 1, 3)
	if err != nil {
		t.Fatal(err)
	}
	alone, err := x.Tasks(cases[500:501], 1, 3)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(alone[0].Constraints, all[500].Constraints) {
		t.Error("a draw depends on other users")
	}
	other, err := x.Tasks(cases, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	same, kinds := 0, map[dialogue.Kind]int{}
	for n, task := range all {
		for _, c := range task.Constraints {
			if kinds[c.Kind]++; !x.Holds(c.Clause, task.Target) {
				t.Errorf("user %d: %v does not hold", task.Visitor.User, c)
			}
		}
		if slices.Equal(task.Constraints, other[n].Constraints) {
			same++
		}
	}
	t.Logf("constraints %v; %d of %d users have the same by another seed", kinds, same, len(all))
	if kinds[dialogue.Volunteered] < 900 || kinds[dialogue.Hidden] < 300 || same > len(all)*2/3 {
		t.Errorf("%v, %d", kinds, same)
	}
}

// With 943 users of MovieLens-100K, whatever they are asked: nobody names the film, what is said of it is true, and it is among
// those that are left.
func TestNobodyNamesTheFilm(t *testing.T) {
	x, _, cases := movies(t)
	tasks, err := x.Tasks(cases, 7, 3)
	if err != nil {
		t.Fatal(err)
	}
	host := &overheard{Host: interrogator(x, 3), said: map[int32][]string{}}
	start := time.Now()
	c := Config{Turns: 8, K: 10, Repeats: 1, Parallel: 2}
	all, err := Run(t.Context(), host, Rules{}, tasks, c)
	if err != nil || len(all) != 943 {
		t.Fatalf("%d, %v", len(all), err)
	}
	utterances, different := 0, map[string]bool{}
	for _, task := range tasks {
		title, id := x.Titles[task.Target], x.ids.Raw(task.Target)
		for _, said := range host.said[task.Visitor.User] {
			utterances++
			different[said] = true
			if task.leak.In(said) || named(title, id, said) || said == "" {
				t.Errorf("user %d, who wants %q (%s), says %q", task.Visitor.User, title, id, said)
			}
		}
	}
	for _, r := range all {
		if r.Outcome != Found && r.Outcome != OutOfTurns || r.Left < 1 {
			t.Errorf("%+v", r)
		}
		for _, clause := range r.Said {
			if !x.Holds(clause, r.Target) {
				t.Errorf("user %d: %v is not so", r.User, clause)
			}
		}
	}
	t.Logf("%d utterances, %d different, in %v; %+v", utterances, len(different), time.Since(start), Summarise(all, c.K))
}

// A host that takes what it is told for true, one that knows, and none that listens: between them lies what can be measured.
func TestPaths(t *testing.T) {
	x, popularity, cases := movies(t)
	tasks, err := x.Tasks(cases, 1, 3)
	if err != nil {
		t.Fatal(err)
	}
	c := usual
	c.Parallel = 2
	got := map[string]map[string]float64{}
	for name, host := range map[string]agent.Host{
		"shelf": shelf(x, popularity, c.K),
		"deaf": talk(func(v agent.Visitor, said []string) (agent.Turn, error) {
			return shelf(x, popularity, c.K)(v, []string{"", ""})
		}),
		"oracle":  oracle(tasks, 1),
		"oracle3": oracle(tasks, 3),
	} {
		start := time.Now()
		all, err := Run(t.Context(), host, Rules{}, tasks, c)
		if err != nil || len(all) != 943 {
			t.Fatalf("%d, %v", len(all), err)
		}
		took := time.Since(start)
		got[name] = means(all, c)
		for _, m := range dialogue.Measures(conversations(all), c.K, c.Turns) {
			interval, _ := stats.Bootstrap(m.Values, 1, 1000, 1)
			if len(m.Values) > 0 && (interval[0].Mean < interval[0].Lo-1e-9 || interval[0].Mean > interval[0].Hi+1e-9) {
				t.Errorf("%s %s: %+v", name, m.Name, interval[0])
			}
			if m.Name == "hit@10" || m.Name == "turns" {
				t.Logf("%s %s: %.4f %.4f–%.4f of %d users", name, m.Name, interval[0].Mean, interval[0].Lo, interval[0].Hi, len(m.Users))
			}
		}
		t.Logf("%s: %v; %v; %+v", name, took, got[name], Summarise(all, c.K))
		if took > time.Minute {
			t.Errorf("%s: 943 conversations took %v", name, took)
		}
	}
	if m := got["oracle"]; m["hit@10"] != 1 || m["turns"] != 1 || m["satisfied all"] != 1 {
		t.Errorf("the oracle: %v", m)
	}
	if m := got["oracle3"]; m["hit@10"] != 1 || m["turns"] != 3 {
		t.Errorf("the oracle in its third turn: %v", m)
	}
	// Who does not listen shows the most popular films, as the baseline does: its recall@10 in the README.
	if m := got["deaf"]; fmt.Sprintf("%.4f", m["hit@10"]) != "0.0859" {
		t.Errorf("who does not listen: %v", m)
	}
	if !(got["shelf"]["hit@10"] > 5*got["deaf"]["hit@10"]) || got["shelf"]["satisfied volunteered"] < .99 {
		t.Errorf("who listens: %v; who does not: %v", got["shelf"], got["deaf"])
	}
}

func BenchmarkConversation(b *testing.B) {
	x, popularity, cases := movies(b)
	tasks, err := x.Tasks(cases, 1, 3)
	if err != nil {
		b.Fatal(err)
	}
	host := shelf(x, popularity, 10)
	for n := 0; b.Loop(); n++ {
		if _, err := Run(b.Context(), host, Rules{}, tasks[n%len(tasks):][:1], usual); err != nil {
			b.Fatal(err)
		}
	}
}
