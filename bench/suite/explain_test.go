package suite

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"llm4rec/bench"
	"llm4rec/data"
	"llm4rec/data/datatest"
	"llm4rec/data/synthetic"
	"llm4rec/gpu"
	"llm4rec/llm"
	"llm4rec/llm/cassette"
	"llm4rec/llm/llmtest"
	"llm4rec/llm/ollama/ollamatest"
	"llm4rec/llm/ollama/tiny"
	"llm4rec/llm/provider"
)

// answered runs an experiment over a data set and returns the answers of its last cell.
func answered(t testing.TB, d *data.Dataset, systems string) *bench.Answered {
	t.Helper()
	s := &bench.Suite{
		Models: Models(nil), Named: func(string) error { return nil },
		Open: func(context.Context, string) (*data.Dataset, error) { return d, nil },
	}
	spec, err := bench.Source{Name: "why", Text: []byte("name: why\ndataset: small\nmetrics: [ndcg@10]\nsystems:\n" + systems)}.Parse()
	if err != nil {
		t.Fatal(err)
	}
	plan, issues := s.Resolve(spec)
	if len(issues) > 0 {
		t.Fatal(issues)
	}
	r := &bench.Runner{Suite: s, Device: gpu.CPU(), Out: t.TempDir(), Progress: quiet{}, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	last := plan.Cells[len(plan.Cells)-1]
	if _, err := r.Answers(t.Context(), plan, last); err == nil || !strings.Contains(err.Error(), "run it first") {
		t.Errorf("before the run: %v", err)
	}
	if sum, err := r.Run(t.Context(), plan); err != nil || sum.Failed > 0 {
		t.Fatal(sum, err)
	}
	a, err := r.Answers(t.Context(), plan, last)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func silent(string, int, int) {}

// What would be right changes no reason: with the answer key permuted over the users, the explanations are the same bytes.
func TestReasonsAreBlindToTheAnswerKey(t *testing.T) {
	small := synthetic.Default()
	small.Users, small.Items, small.Interactions = 60, 80, 1500
	d := synthetic.Generate(small)
	said := func(d *data.Dataset) string {
		x, err := Explain(t.Context(), answered(t, d, "  - {name: knn, model: itemknn}\n"), Explanation{K: 5, Kind: ByTemplate, Wording: "movie"}, silent)
		if err != nil {
			t.Fatal(err)
		}
		x.Cell = "" // names the data, the answers among them
		text, err := json.Marshal(x)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	right, permuted := said(d), said(permuteTargets(t, d))
	if right != permuted || strings.Count(right, `"sentence"`) != 5*60 {
		t.Errorf("%d reasons, which change with the answer key", strings.Count(right, `"sentence"`))
	}
}

// The template explains the first five recommendations for all users of MovieLens-100K, and says nothing that the data do not.
func TestTemplateOnMovieLens100K(t *testing.T) {
	datatest.Open(t, "ml-100k")
	d, _, err := OpenDataset(t.Context(), "ml-100k", DatasetOptions{Dirs: []string{datatest.Folder()}})
	if err != nil {
		t.Fatal(err)
	}
	a := answered(t, d, "  - {name: itemknn, model: itemknn, params: {history: 3, decay: 0.7}}\n")
	begin := time.Now()
	x, err := Explain(t.Context(), a, Explanation{K: 5, Kind: ByTemplate, Wording: "movie"}, silent)
	took := time.Since(begin)
	if err != nil {
		t.Fatal(err)
	}
	s := x.Summary
	t.Logf("%d reasons for %d users, and their measures, in %v: %+v", s.Reasons, len(a.Users), took.Round(time.Millisecond), s)
	if s.Asked != 943*5 || s.Reasons != s.Asked || s.InHistory != 1 || s.Exact != 1 || s.Fuzzy != 1 || s.Invented != 0 || s.Elsewhere != 0 || s.Citations == 0 || s.FieldClaims == 0 || s.Mentions == 0 {
		t.Errorf("%+v", s)
	}
	if took > 10*time.Second && !raced(t) {
		t.Errorf("took %v", took)
	}
}

// raced tells whether the race detector watches, which takes its time.
func raced(t *testing.T) bool {
	t.Helper()
	info, ok := debug.ReadBuildInfo()
	return ok && slices.ContainsFunc(info.Settings, func(s debug.BuildSetting) bool { return s.Key == "-race" && s.Value == "true" })
}

// The recommender is asked again: item-kNN needs the nearest item of the history, and popularity needs none.
func TestFaithfulReasons(t *testing.T) {
	small := synthetic.Default()
	small.Users, small.Items, small.Interactions = 60, 80, 1500
	d := synthetic.Generate(small)
	for system, falls := range map[string]bool{"itemknn": true, "popularity": false} {
		a := answered(t, d, "  - {name: x, model: "+system+"}\n")
		model, err := a.Fit(t.Context(), &bench.Runner{Device: gpu.CPU()})
		if err != nil {
			t.Fatal(err)
		}
		x, err := Explain(t.Context(), a, Explanation{K: 5, Kind: ByTemplate, Wording: "movie", Model: model}, silent)
		if err != nil {
			t.Fatal(err)
		}
		f := x.Faithful
		t.Logf("%s: %+v", system, f)
		if f.Reasons == 0 || falls != (f.Cited.Falls > f.Random.Falls) || !falls && (f.Cited.Change != 0 || f.Ties != 1) {
			t.Errorf("%s: %+v", system, f)
		}
	}
}

// reasoning answers what it is asked for reasons: of every seventh prompt it makes nonsense, of every fifth it cites what is not
// there.
func reasoning(r llm.Request) llm.Response {
	out := llm.Response{Finish: llm.Stop, PromptTokens: 50, OutputTokens: 10, Text: `{"sentence": "You watched \"Alien Sunrise (1955)\".", "claims": [{"kind": "history", "history": 1, "field": "", "value": ""}]}`}
	switch n := len(r.Messages[1].Content); {
	case n%7 == 0:
		out.Text = "No."
	case n%5 == 0:
		out.Text = strings.Replace(out.Text, `"history": 1`, `"history": 99`, 1)
	}
	return out
}

// A language model is asked once for each item, of what the answer key does not change, and its answers are recorded: a replay
// gives the same reasons without a server.
func TestReasonsByModel(t *testing.T) {
	small := synthetic.Default()
	small.Users, small.Items, small.Interactions = 40, 60, 800
	d := synthetic.Generate(small)
	a, b := answered(t, d, "  - {name: knn, model: itemknn}\n"), answered(t, permuteTargets(t, d), "  - {name: knn, model: itemknn}\n")
	s := llmtest.Serve(t)
	s.Chat, s.Answer = true, reasoning
	dir := t.TempDir()
	ask := func(a *bench.Answered, calls *Calls) (*Explained, string, []string) {
		t.Helper()
		before, _ := s.Asked()
		x, err := Explain(t.Context(), a, Explanation{
			K: 3, Kind: ByModel, Wording: "movie", History: 10, Calls: calls,
			Chat: provider.Chat{Provider: provider.Ollama, Place: provider.Place{Model: llmtest.Model, BaseURL: s.URL}},
		}, silent)
		if err := errors.Join(err, calls.Close()); err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(x.Reasons)
		if err != nil {
			t.Fatal(err)
		}
		_, bodies := s.Asked()
		asked := slices.Sorted(slices.Values(bodies[len(before):]))
		return x, string(text), asked
	}
	x, said, asked := ask(a, hasty(dir))
	l := x.Explainer.Account
	if l == nil || l.Calls != 3*40 || l.Failures != 0 || l.Answers["ok"] == 0 || l.Answers["bad citation"] == 0 || l.Answers["unreadable"] == 0 ||
		l.Answers["ok"]+l.Answers["bad citation"]+l.Answers["unreadable"] != 120 || l.PromptTokens != 6000 || l.Recorded != 0 || !l.Test && l.Model != llmtest.Model {
		t.Fatalf("%+v", l)
	}
	m := x.Summary
	if m.Asked != 120 || m.Reasons != 120-l.Answers["unreadable"] || m.Citations != m.Reasons || m.InHistory != float64(l.Answers["ok"])/float64(m.Reasons) || m.Invented != 1 {
		t.Errorf("%+v, of %v", m, l.Answers)
	}
	if len(asked) < 120 {
		t.Errorf("%d calls", len(asked))
	}
	_, permuted, again := ask(b, hasty(t.TempDir()))
	if permuted != said || !slices.Equal(asked, again) {
		t.Error("the answer key changes what is asked, or the reasons")
	}

	s.Answer = func(llm.Request) llm.Response { t.Error("asked in a replay"); return llm.Response{} }
	replay := hasty(dir)
	replay.Mode = cassette.Replay
	x, replayed, _ := ask(a, replay)
	if l := x.Explainer.Account; replayed != said || l.Recorded != 120 || l.Calls != 120 {
		t.Errorf("replayed: %+v", l)
	}
}

// renamed is a server whose model goes by another name.
func renamed(t *testing.T, s *llmtest.Server, name string) string {
	t.Helper()
	to, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		body, err := io.ReadAll(r.In.Body)
		if err != nil {
			t.Error(err)
		}
		body = bytes.Replace(body, []byte(`"model":"`+name+`"`), []byte(`"model":"`+llmtest.Model+`"`), 1)
		r.Out.Body, r.Out.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}})
	t.Cleanup(front.Close)
	return front.URL
}

// Another model compares the reasons with the template's, in both orders and three times each.
func TestReasonsAreJudged(t *testing.T) {
	small := synthetic.Default()
	small.Users, small.Items, small.Interactions = 20, 60, 400
	a := answered(t, synthetic.Generate(small), "  - {name: knn, model: itemknn}\n")
	s, other := llmtest.Serve(t), llmtest.Serve(t)
	s.Chat, s.Answer = true, reasoning
	other.Chat, other.Answer = true, func(r llm.Request) llm.Response { // it likes the template's words
		_, said, _ := strings.Cut(r.Messages[1].Content, "<reasons>\n")
		out := llm.Response{Finish: llm.Stop, Text: `{"better": 2}`, PromptTokens: 30, OutputTokens: 3}
		if !strings.HasPrefix(said, "[1] You watched") {
			out.Text = `{"better": 1}`
		}
		return out
	}
	calls := hasty(t.TempDir())
	x := Explanation{
		K: 1, Kind: ByModel, Wording: "movie", History: 10, Calls: calls, Repeats: 3,
		Chat:  provider.Chat{Provider: provider.Ollama, Place: provider.Place{Model: llmtest.Model, BaseURL: s.URL}},
		Judge: provider.Chat{Provider: provider.Ollama, Place: provider.Place{Model: llmtest.Model, BaseURL: other.URL}},
	}
	if _, err := Explain(t.Context(), a, x, silent); err == nil || !strings.Contains(err.Error(), "of one family") {
		t.Errorf("a judge of one family: %v", err)
	}
	if _, bodies := other.Asked(); len(bodies) > 0 {
		t.Error("it was asked")
	}
	x.Judge = provider.Chat{Provider: provider.OpenAI, Place: provider.Place{Model: "judge", BaseURL: renamed(t, other, "judge") + "/v1"}}
	x.References = []Reference{{User: a.Users[0], Item: a.Train.Items.Raw(a.Lists[0][0].Item), Text: "you watched"}, {User: "nobody", Item: "1", Text: "x"}}
	got, err := Explain(t.Context(), a, x, silent)
	if err := errors.Join(err, calls.Close()); err != nil {
		t.Fatal(err)
	}
	j := got.Judged
	if j.Pairs != got.Summary.Reasons || j.Failed != 0 || j.Votes != 6*j.Pairs || j.Unread != 0 || j.First != 1 || j.Second != 0 || j.Position != .5 || j.Fleiss != 1 || j.Cohen != 1 ||
		j.Account.Calls != j.Votes || j.Account.PromptTokens != 30*j.Votes || j.Account.Model != "judge" {
		t.Errorf("%+v, %+v", j, j.Account)
	}
	if got.Overlap == nil || got.Overlap.Pairs > 1 {
		t.Errorf("%+v", got.Overlap)
	}
}

// A call that fails is a reason that is missing, is counted, and changes no other.
func TestReasonsThatFail(t *testing.T) {
	small := synthetic.Default()
	small.Users, small.Items, small.Interactions = 20, 60, 400
	a := answered(t, synthetic.Generate(small), "  - {name: knn, model: itemknn}\n")
	s := llmtest.Serve(t)
	s.Chat, s.Answer = true, reasoning
	calls := hasty(t.TempDir())
	calls.Tokens = 60 * 12 // of twenty calls
	x, err := Explain(t.Context(), a, Explanation{
		K: 1, Kind: ByModel, Wording: "movie", History: 10, Calls: calls,
		Chat: provider.Chat{Provider: provider.Ollama, Place: provider.Place{Model: llmtest.Model, BaseURL: s.URL}},
	}, silent)
	if err := errors.Join(err, calls.Close()); err != nil {
		t.Fatal(err)
	}
	if x.Failed == 0 || x.FirstError == nil || x.Failed != x.Explainer.Account.Failures || x.Summary.Asked != 20 || x.Summary.Reasons > 20-x.Failed {
		t.Errorf("%d failed, first %v, %+v", x.Failed, x.FirstError, x.Explainer.Account)
	}
	for _, r := range x.Reasons {
		if (r.Error != "") != (r.Class == "") || r.Error != "" && r.Sentence != "" {
			t.Errorf("%+v", r)
		}
	}
}

// A real server takes the form that answers are to have. Its model has random weights, so what it says is cut off or nonsense.
func TestReasonsByOllama(t *testing.T) {
	server := ollamatest.Start(t)
	server.Model("tiny", tiny.Random(1, 4096))
	small := synthetic.Default()
	small.Users, small.Items, small.Interactions = 3, 80, 100
	a := answered(t, synthetic.Generate(small), "  - {name: knn, model: itemknn}\n")
	x, err := Explain(t.Context(), a, Explanation{
		K: 1, Kind: ByModel, Wording: "movie", History: 5, MaxTokens: 60, Calls: &Calls{Parallel: 1},
		Chat: provider.Chat{Provider: provider.Ollama, Place: provider.Place{Model: "tiny", BaseURL: server.URL}, NumCtx: 4096, Options: map[string]any{"num_thread": 1}},
	}, silent)
	if err != nil {
		t.Fatal(err)
	}
	l := x.Explainer.Account
	t.Logf("%+v", l)
	if !l.Test || l.Calls != 3 || x.Failed > 0 || l.Answers["unreadable"]+l.Answers["refusal"] > 0 || l.PromptTokens < 300 || l.OutputTokens == 0 {
		t.Errorf("%+v, first error %v", l, x.FirstError)
	}
}
