package suite

import (
	"errors"
	"log/slog"
	"math"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"llm4rec/bench"
	"llm4rec/bench/experiments"
	"llm4rec/data"
)

// The schema and the parser must agree: what one accepts the other does.
func TestSchemaAgreesWithParser(t *testing.T) {
	s := New(DatasetOptions{}, nil, slog.New(slog.DiscardHandler))
	schema, err := s.Schema()
	if err != nil {
		t.Fatal(err)
	}
	resolved, err := schema.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	check := func(t *testing.T, text string, want bool) {
		t.Helper()
		var v map[string]any
		if err := yaml.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		errSchema := resolved.Validate(v)
		spec, errParse := bench.Source{Name: "x", Text: []byte(text)}.Parse()
		issues := 0
		if errParse == nil {
			_, found := s.Resolve(spec)
			issues = len(found)
		}
		if (errSchema == nil) != want {
			t.Errorf("the schema says %v", errSchema)
		}
		if (errParse == nil && issues == 0) != want {
			t.Errorf("the parser says %v and %d issues", errParse, issues)
		}
	}
	for _, name := range experiments.Names() {
		t.Run(name, func(t *testing.T) {
			text, _ := experiments.Text(name)
			check(t, string(text), true)
		})
	}
	const good = `{name: a, dataset: ml-100k, protocol: {split: ratio, by: global, seen: last-3, candidates: uniform-100},
metrics: [ndcg@10], filters: {min_rating: 4, core: {user: 5, item: 5}}, systems: [{name: x, model: itemknn, params: {decay: 0.5}}]}`
	check(t, good, true)
	check(t, strings.Replace(good, "uniform-100", "given-20, candidate_file: a.random", 1), true)
	for _, change := range [][2]string{
		{"ndcg@10", "ndcg@0"}, {"ndcg@10", "auc@10"}, {"itemknn", "itemnkk"}, {"decay", "decoy"}, {"decay: 0.5", "decay: x"},
		{"seen: last-3", "seen: last"}, {"uniform-100", "uniform"}, {"split: ratio", "split: rato"}, {"name: a", "name: a/b"},
		{"[ndcg@10]", "[]"}, {"min_rating: 4", "min_ratings: 4"}, {"dataset: ml-100k, ", ""}, {"item: 5", "item: x"},
		{"uniform-100", "given-20"}, {"uniform-100", "uniform-100, candidate_file: a.random"},
		{"uniform-100", "given-0, candidate_file: a.random"}, {"uniform-100", "given-20, candidate_file: ''"},
	} {
		t.Run(change[1], func(t *testing.T) { check(t, strings.Replace(good, change[0], change[1], 1), false) })
	}
}

// An error in a specification names its line and column.
func TestIssuesHaveLineAndColumn(t *testing.T) {
	s := &bench.Suite{Models: Models(nil), Named: CheckName}
	const good = `name: a
dataset: ml-100k
protocol:
  split: leave-one-out
  seen: all
metrics: [recall@10, ndcg@10]
seeds: [1]
systems:
  - name: pop
    model: popularity
  - {name: knn, model: itemknn, params: {history: 3, decay: 0.7}}
`
	for _, c := range []struct{ from, to, want string }{
		{"seen: all", "seen: most", `x.yaml:5:9: protocol.seen: "most"`},
		{"seen: all", "seem: all", `x.yaml:5:3: unknown field "seem"`},
		{"seen: all", "split: ratio", `x.yaml:5:3: `},
		{"seen: all", "by: user", `x.yaml:5:7: protocol.by: has no meaning for split leave-one-out`},
		{"ndcg@10", "ndcg@ten", `x.yaml:6:22: metrics[1]: metric "ndcg@ten"`},
		{"ndcg@10", "recall@10", `x.yaml:6:22: metrics[1]: metric "recall@10" is given twice`},
		{"seeds: [1]", "seeds: [1, one]", `x.yaml:7:12: `},
		{"model: popularity", "model: popular", `x.yaml:10:12: systems[0].model: unknown model "popular"`},
		{"name: knn", "name: pop", `x.yaml:11:12: systems[1].name: two systems are called "pop"`},
		{"decay: 0.7", "decay: 1.7", `x.yaml:11:`},
		{"decay: 0.7", "decay: fast", `x.yaml:11:61: systems[1].params.decay: value fast`},
		{"history: 3", "history: 3.5", `x.yaml:11:51: systems[1].params.history: value 3.5: want an integer, got 3.5`},
		{"seeds: [1]", "seeds: [1.5]", `x.yaml:7:9: seeds[0]: want an integer, got 1.5`},
		{"dataset: ml-100k", "dataset: ml100k", `x.yaml:2:10: dataset: unknown data set "ml100k": did you mean ml-100k?`},
		{"dataset: ml-100k", "dataset: synthetic:users=1.5", `x.yaml:2:10: dataset: data set synthetic:users=1.5: `},
		{"decay: 0.7", "decoy: 0.7", `x.yaml:11:61: systems[1].params.decoy: unknown parameter; known are similarity`},
		{"name: a", "name: ''", `x.yaml:1:7: name: name ""`},
		{"name: a\n", "name: a\nprotocols: [{seen: none}]\n", `x.yaml:2:`},
		{good, "", `x.yaml:1:1: the file is empty`},
		{good, "name: [", `x.yaml:1:7: `},
	} {
		t.Run(c.to, func(t *testing.T) {
			source := bench.Source{Name: "x.yaml", Text: []byte(strings.Replace(good, c.from, c.to, 1))}
			spec, err := source.Parse()
			if err == nil {
				_, issues := s.Resolve(spec)
				if len(issues) == 0 {
					t.Fatal("no issue was found")
				}
				err = source.Locate(issues[0])
			}
			if !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got  %v\nwant %s…", err, c.want)
			}
		})
	}
}

func TestOverride(t *testing.T) {
	text, _ := experiments.Text("quick")
	spec, err := bench.Source{Name: "quick", Text: text}.Parse()
	if err != nil {
		t.Fatal(err)
	}
	got, err := bench.Override(spec, []string{"protocol.seen=none", "systems.itemknn.params.history=5", "systems.0.name=noise", "filters.core.user=5", "seeds=[1, 2]"})
	if err != nil {
		t.Fatal(err)
	}
	if got.Protocol.Seen != "none" || got.Systems[3].Params["history"] != uint64(5) || got.Systems[0].Name != "noise" || got.Filters.Core.User != 5 || len(got.Seeds) != 2 {
		t.Errorf("got %+v", got)
	}
	if spec.Protocol.Seen != "all" || spec.Systems[0].Name != "random" {
		t.Error("the original was changed")
	}
	for set, want := range map[string]string{
		"protocol":               "want PATH=VALUE",
		"protocol.sene=none":     `unknown field "sene"`,
		"systems.knn.model=ease": `"knn" is not one of random, pop`,
		"name.x=1":               `"x" is below the single value quick`,
		"seeds=[1":               "not YAML",
		"seeds=many":             "--set seeds=many",
		"depth=99.5":             "--set depth=99.5: depth: want an integer, got 99.5",
	} {
		if _, err := bench.Override(spec, []string{set}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("--set %s: got %v, want …%s…", set, err, want)
		}
	}
}

// A merged part's defaults are of the identity: another default is another part.
func TestPartsAreResolved(t *testing.T) {
	m, err := (&bench.Suite{Models: Models(nil)}).Model("fusion")
	if err != nil {
		t.Fatal(err)
	}
	b, err := m.Bind(map[string]any{"of": []any{map[string]any{"model": "text"}, map[string]any{"model": "itemknn"}}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := b.Inputs()
	if err != nil || !strings.Contains(got, `"history":10`) || !strings.Contains(got, `"shrink":0`) {
		t.Errorf("inputs %q, %v", got, err)
	}
}

func TestNumbersThatAreNone(t *testing.T) {
	for model, params := range map[string]map[string]any{
		"itemknn": {"shrink": math.Inf(1)},
		"ease":    {"lambda": math.Inf(1)},
		"fusion":  {"of": []any{map[string]any{"model": "text", "weight": math.Inf(1)}}},
	} {
		m, err := (&bench.Suite{Models: Models(nil)}).Model(model)
		if err != nil {
			t.Fatal(err)
		}
		var bad *data.SpecError
		if _, err := m.Bind(params); !errors.As(err, &bad) {
			t.Errorf("%s: %v", model, err)
		}
	}
}
