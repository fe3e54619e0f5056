package suite

import (
	"slices"
	"strings"
	"testing"

	"llm4rec/bench"
	"llm4rec/data/datatest"
	"llm4rec/llm/cassette"
	"llm4rec/llm/ollama/ollamatest"
	"llm4rec/llm/ollama/tiny"
	"llm4rec/results"
	"llm4rec/results/table"
)

// The experiment with all stages, for 20 users and a real server, whose model has random weights. A stage is run again if what it
// reads has changed, and not otherwise.
func TestStages(t *testing.T) {
	datatest.Open(t, "ml-100k")
	server := ollamatest.Start(t)
	server.Model("tiny", tiny.Random(1, 4096))
	out := t.TempDir()
	run := func(sets ...string) (bench.Summary, table.Experiment) {
		t.Helper()
		sets = append([]string{"augment.prompts=[summary]", "systems.gathered.params.limit=60", "systems.why.params.more=[]", "systems.why.params.k=1", "systems.why.params.history=3", "systems.remembered.params.memory.most=10"}, sets...)
		for _, at := range []string{"augment", "systems.titles.params", "systems.gathered.params", "systems.remembered.params", "systems.why.params"} {
			sets = append(sets, at+".model=tiny", at+".base_url="+server.URL, at+".num_ctx=4096", at+".options={num_thread: 1}", at+".max_tokens=24")
			if at != "augment" && at != "systems.why.params" {
				sets = append(sets, at+".probe=0", at+".candidates=8", at+".history=5")
			}
		}
		sum, _ := embedded(t, "pipeline", bench.Runner{Out: out, Limit: 20}, cassette.Record, sets...)
		loaded, err := table.Load(sum.Dir)
		if err != nil {
			t.Fatal(err)
		}
		return sum, loaded[0]
	}
	sum, e := run()
	text := tableOf(t, sum.Dir, table.Text)
	t.Log(text)
	a := e.Augmented
	if a == nil || a.Status != results.OK || a.Account == nil || !a.Account.Test || a.Account.Calls < 50 || a.Account.PromptTokens == 0 || len(a.Sources) != 4 {
		t.Fatalf("%+v", a)
	}
	rows := map[string]results.Record{}
	for _, r := range slices.Concat(e.Tables[0].Rows, e.Tables[0].Explained) {
		rows[r.System] = r.Records[0]
	}
	if x := rows["remembered"].LLM; x.Calls != 2*x.Asked {
		t.Errorf("%d calls for %d users, who each have a profile written first", x.Calls, x.Asked)
	}
	for name, items := range map[string]int{"merged+because": 100, "gathered+because": 100, "why": 20} {
		x := rows[name].Reasons
		if x == nil || x.Asked != items || x.Failed != 0 || (name == "why") != (x.Account != nil) || name != "why" && (x.Reasons != items || x.InHistory != 1 || x.Exact != 1) {
			t.Errorf("%s: %+v", name, x)
		}
	}
	if x := rows["why"]; x.Reasons.Account.Calls != 20 || !slices.Contains(x.Unpublish, "tiny is a model made for tests") {
		t.Errorf("%+v, %v", x.Reasons.Account, x.Unpublish)
	}
	store, err := results.OpenRead(sum.Dir)
	if err != nil {
		t.Fatal(err)
	}
	reasons, err := store.Reasons(rows["gathered+because"])
	if err != nil || len(reasons) != 100 || reasons[0].Sentence == "" || len(reasons[0].Claims) == 0 {
		t.Errorf("%d reasons, %v", len(reasons), err)
	}
	for _, want := range []string{"augment   memories", "retrieve  merged", "rank      gathered", "explain   why"} {
		if !strings.Contains(text, want) {
			t.Errorf("the table lacks %q", want)
		}
	}

	// Nothing has changed, and the server is gone.
	server.Kill()
	again, e := run()
	if again.Ran != 0 || again.Before != sum.Ran || !e.Augmented.Finished.Equal(a.Finished) || tableOf(t, again.Dir, table.Text) != text {
		t.Errorf("run again: %+v, memories of %v and %v", again, e.Augmented.Finished, a.Finished)
	}
	// The template gives reasons for fewer films: its stage alone is run again.
	if fewer, _ := run("systems.because.params.k=2"); fewer.Ran != 2 {
		t.Errorf("%d cells were run for a change in one stage: %+v", fewer.Ran, fewer)
	}
}
