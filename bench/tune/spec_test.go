package tune_test

import (
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"llm4rec/bench"
	"llm4rec/bench/experiments"
	"llm4rec/bench/suite"
	"llm4rec/bench/tune"
)

const good = `name: a
dataset: ml-100k
protocol: {split: leave-one-out, seen: all}
metric: ndcg@10
budget: {trials: 4, halvings: 1, eta: 3}
systems:
  - name: knn
    model: itemknn
    search:
      history: [1, 2, 3]
      decay: {low: 0.5, high: 1}
  - name: als
    model: als
    params: {solver: cg}
    resource: {param: iterations, least: 2, most: 8}
    search: {factors: {low: 8, high: 64, scale: log, integer: true}}
`

func testSuite() *bench.Suite { return &bench.Suite{Models: suite.Models(nil), Named: suite.CheckName} }

// check says what is wrong with a specification, nil if nothing is.
func check(text string) error {
	source := bench.Source{Name: "x.yaml", Text: []byte(text)}
	spec := new(tune.Spec)
	if err := source.Decode(spec); err != nil {
		return err
	}
	if _, issues := tune.Resolve(testSuite(), spec); len(issues) > 0 {
		return source.Locate(issues[0])
	}
	return nil
}

func TestIssuesHaveLineAndColumn(t *testing.T) {
	if err := check(good); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ from, to, want string }{
		{"name: a\n", "name: a/b\n", `x.yaml:1:7: name: name "a/b"`},
		{"ml-100k", "ml100k", `x.yaml:2:10: dataset: unknown data set "ml100k"`},
		{"seen: all", "seen: most", `x.yaml:3:40: protocol.seen: "most"`},
		{"seen: all", "leak: train-on-test", `x.yaml:3:40: protocol.leak: a search cannot be made with a leak`},
		{"ndcg@10", "ndcg@ten", `x.yaml:4:9: metric: metric "ndcg@ten"`},
		{"ndcg@10", "coverage@10", `x.yaml:4:9: metric: coverage@10 is not a metric of accuracy`},
		{"trials: 4", "trials: 0", `x.yaml:5:18: budget.trials: want at least 1, got 0`},
		{"trials: 4", "trails: 4", `x.yaml:5:10: unknown field "trails"`},
		{"halvings: 1", "halvings: 1.5", `x.yaml:5:31: budget.halvings: want an integer, got 1.5`},
		{"halvings: 1", "halvings: -1", `x.yaml:5:31: budget.halvings: want at least 0, got -1`},
		{"eta: 3", "eta: 1", `x.yaml:5:39: budget.eta: want at least 2, got 1`},
		{"itemknn", "itemnkk", `x.yaml:8:12: systems[0].model: unknown model "itemnkk"`},
		{"history: [1, 2, 3]", "hist: [1, 2, 3]", `x.yaml:10:13: systems[0].search.hist: unknown parameter; known are similarity`},
		{"[1, 2, 3]", "[1, two, 3]", `x.yaml:10:20: systems[0].search.history[1]: value two: want an integer`},
		{"[1, 2, 3]", "[1, 2, 1]", `x.yaml:10:16: systems[0].search.history: value 1 is given twice`},
		{"[1, 2, 3]", "[]", `x.yaml:10:16: systems[0].search.history: the list of values is empty`},
		{"[1, 2, 3]", "3", `x.yaml:10:16: systems[0].search.history: want a list of values or {low, high, scale, integer}, got 3`},
		{"[1, 2, 3]", "{low: 1, high: 9}", `x.yaml:10:16: systems[0].search.history: value 5.94: want an integer`},
		{"low: 0.5", "low: 2", `x.yaml:11:14: systems[0].search.decay: low 2 is not below high 1`},
		{"low: 0.5", "lo: 0.5", `x.yaml:11:14: systems[0].search.decay: unknown field "lo"`},
		{"low: 0.5", "low: 0, scale: log", `x.yaml:11:14: systems[0].search.decay: low 0 is not above 0, which scale log needs`},
		{"low: 0.5", "scale: square, low: 0.5", `x.yaml:11:14: systems[0].search.decay: scale "square" is not linear or log`},
		{"low: 8", "low: 8.5", `x.yaml:16:23: systems[1].search.factors: low 8.5 and high 64 are not both whole numbers`},
		{"solver: cg", "solver: cg, factors: 8", `x.yaml:16:23: systems[1].search.factors: factors has a fixed value in params`},
		{"solver: cg", "iterations: 3", `x.yaml:15:23: systems[1].resource.param: iterations has a fixed value in params`},
		{"param: iterations", "param: factors", `x.yaml:15:23: systems[1].resource.param: factors is searched too`},
		{"param: iterations", "param: epochs", `x.yaml:15:23: systems[1].resource.param: unknown parameter`},
		{"param: iterations", "param: alpha", ``}, // a number takes whole ones
		{"least: 2", "least: 9", `x.yaml:15:15: systems[1].resource: want 1 ≤ least ≤ most, got 9 and 8`},
		{"name: als", "name: knn", `x.yaml:12:11: systems[1].name: two systems are called "knn"`},
	} {
		t.Run(c.to, func(t *testing.T) {
			err := check(strings.Replace(good, c.from, c.to, 1))
			if c.want == "" && err == nil {
				return
			}
			if err == nil || c.want == "" || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got  %v\nwant %s…", err, c.want)
			}
		})
	}
}

// The schema and the parser must agree: what one accepts the other does.
func TestSchemaAgreesWithParser(t *testing.T) {
	schema, err := tune.Schema(testSuite())
	if err != nil {
		t.Fatal(err)
	}
	resolved, err := schema.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	agree := func(t *testing.T, text string, want bool) {
		t.Helper()
		var v map[string]any
		if err := yaml.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		if err := resolved.Validate(v); (err == nil) != want {
			t.Errorf("the schema says %v", err)
		}
		if err := check(text); (err == nil) != want {
			t.Errorf("the parser says %v", err)
		}
	}
	agree(t, good, true)
	for _, name := range experiments.Searches() {
		t.Run(name, func(t *testing.T) {
			text, _ := experiments.Search(name)
			agree(t, string(text), true)
		})
	}
	for _, change := range [][2]string{
		{"name: a\n", "name: a/b\n"}, {"dataset: ml-100k\n", ""}, {"seen: all", "seen: most"}, {"ndcg@10", "ndcg@ten"}, {"trials: 4", "trials: 0"},
		{"trials: 4, ", ""}, {"eta: 3", "eta: 1"}, {"itemknn", "itemnkk"}, {"[1, 2, 3]", "[]"}, {"[1, 2, 3]", "[1, 1]"}, {"[1, 2, 3]", "3"},
		{"low: 0.5", "lo: 0.5"}, {"low: 0.5", "scale: square, low: 0.5"}, {"least: 2", "leest: 2"}, {"solver: cg", "solve: cg"},
	} {
		t.Run(change[1], func(t *testing.T) { agree(t, strings.Replace(good, change[0], change[1], 1), false) })
	}
}
