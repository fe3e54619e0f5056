package bench

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"llm4rec/data"
	"llm4rec/gpu"
	"llm4rec/models"
	"llm4rec/results"
)

// fixture is three users of a catalogue of eight items, of whom two are asked for one item and one for two.
func fixture() (*data.Train, data.Part) {
	train := &data.Train{NumUsers: 3, NumItems: 8, Users: data.NewIndex([]string{"ann", "bob", "cid"}), Items: data.NewIndex([]string{"10", "11", "12", "13", "14", "15", "16", "17"})}
	return train, data.Part{
		Cases: []data.Case{
			{User: 0, History: []int32{1, 2}, Times: []int64{1, 2}, At: 3},
			{User: 1, History: []int32{3}, Times: []int64{1}, At: 3},
			{User: 2, History: []int32{0}, Times: []int64{1}, At: 3},
		},
		Relevant: [][]int32{{5}, {0}, {6, 7}},
	}
}

// place writes a file of candidates and returns a suite that finds it.
func place(t *testing.T, content string) *Suite {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "c.random"), []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
	return &Suite{Find: func(path string) (string, error) {
		_, err := os.Stat(filepath.Join(dir, path))
		return filepath.Join(dir, path), err
	}}
}

func asks(t *testing.T, s *Suite, p Protocol) (questions, error) {
	t.Helper()
	train, part := fixture()
	p, err := p.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	given, err := s.candidates(p, train.Users, train.Items)
	if err != nil {
		return questions{}, err
	}
	return ask(train, part, p, given, 10, 0)
}

func TestGivenCandidates(t *testing.T) {
	// Ann's truth, 15, stands in her line; 11 is of her history. Bob has no line.
	s := place(t, "cid\t17 14 13 14 12 11\nann\t16 11 15 14 13 12\n")
	for seen, want := range map[string][2][]int32{
		"none": {{1, 4, 5, 6}, {2, 3, 4, 6, 7}},
		"all":  {{3, 4, 5, 6}, {2, 3, 4, 6, 7}},
	} {
		asked, err := asks(t, s, Protocol{Seen: seen, Candidates: "given-4", CandidateFile: "c.random"})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(asked.users, []string{"ann", "cid"}) || asked.skipped["no candidates given"] != 1 || !asked.injected {
			t.Errorf("seen %s: asked %q, skipped %v, injected %v", seen, asked.users, asked.skipped, asked.injected)
		}
		for n, q := range asked.queries {
			if !slices.Equal(q.Candidates, want[n]) {
				t.Errorf("seen %s: %s has candidates %v, want %v", seen, asked.users[n], q.Candidates, want[n])
			}
		}
	}
	// A sample is drawn from those who have a line.
	asked, err := asks(t, s, Protocol{Seen: "none", Candidates: "given-4", CandidateFile: "c.random", Users: 1})
	if err != nil || len(asked.users) != 1 || asked.skipped["not in the sample"] != 1 {
		t.Errorf("a sample: asked %q, skipped %v, %v", asked.users, asked.skipped, err)
	}
}

func TestGivenCandidatesErrors(t *testing.T) {
	p := Protocol{Seen: "all", Candidates: "given-5", CandidateFile: "c.random"}
	for content, want := range map[string]string{
		"ann\t16 11 14 13\n": "user ann: c.random has 3 candidates that are neither relevant nor masked, want 4",
		"ann\t16 99\n":       `candidates: c.random:1: item "99" is not in the catalogue`,
		"dan\t16\n":          `candidates: c.random:1: user "dan" is not in the data set`,
	} {
		if _, err := asks(t, place(t, content), p); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%q: got %v, want …%s", content, err, want)
		}
	}
	p.CandidateFile = "nowhere/c.random"
	for name, s := range map[string]*Suite{"without a finder": {}, "with one": place(t, "x")} {
		_, err := asks(t, s, p)
		if missing := (*models.Unavailable)(nil); !errors.As(err, &missing) || !strings.Contains(err.Error(), "nowhere/c.random") || !strings.Contains(missing.Remedy, "data folder") {
			t.Errorf("%s: missing file: got %v", name, err)
		}
	}
}

func TestInjected(t *testing.T) {
	for c, want := range map[string]bool{"full": false, "uniform-2": true, "popularity-2": true} {
		train, part := fixture()
		p, err := Protocol{Candidates: c}.withDefaults()
		if err != nil {
			t.Fatal(err)
		}
		if asked, err := ask(train, part, p, nil, 10, 0); err != nil || asked.injected != want {
			t.Errorf("%s: injected is %v, %v", c, asked.injected, err)
		}
	}
}

func TestGivenProtocol(t *testing.T) {
	p, err := Protocol{Seen: "none", Candidates: "given-20", CandidateFile: "llmrank/ml-1m/ml-1m.random"}.withDefaults()
	if err != nil || p.Name != "leave-one-out/none/given-20/ml-1m.random/truth-injected" {
		t.Errorf("it is called %q, %v", p.Name, err)
	}
	for key, p := range map[string]Protocol{
		"candidates":     {Candidates: "given-20"},
		"candidate_file": {CandidateFile: "a"},
		"candidate_seed": {Candidates: "given-20", CandidateFile: "a", CandidateSeed: 1},
	} {
		var at *data.SpecError
		if _, err := p.withDefaults(); !errors.As(err, &at) || at.Key != key {
			t.Errorf("%+v: got %v, want an error of %s", p, err, key)
		}
	}
	if p, _ := (Protocol{}).withDefaults(); strings.Contains(p.identity(), "candidate_file") {
		t.Errorf("the identity of a protocol without a file has changed: %s", p.identity())
	}
}

// What a cell is depends on what stands in the file, and on nothing of the file for protocols without one.
func TestCandidatesAreOfTheIdentity(t *testing.T) {
	given, err := Protocol{Candidates: "given-4", CandidateFile: "c.random"}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	full, _ := Protocol{}.withDefaults()
	identity := func(s *Suite, p Protocol, inputs string) results.Identity {
		p1 := &Plan{Spec: &Spec{}, suite: s}
		c := Cell{Protocol: p}
		if inputs != "" {
			c.Bound.Inputs = func() (string, error) { return inputs, nil }
		}
		id, err := p1.Identity(c, "d", "sum", gpu.CPU())
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	one, other := place(t, "ann\t16\n"), place(t, "ann\t15\n")
	if a, b := identity(one, given, ""), identity(other, given, ""); a.ID() == b.ID() || a.Candidates() == b.Candidates() || len(a.Candidates()) != 64 {
		t.Errorf("inputs %q and %q", a.Inputs, b.Inputs)
	}
	if got := identity(one, given, "abc"); !strings.HasPrefix(got.Inputs, "abc "+results.CandidateInput) {
		t.Errorf("beside a model's: %q", got.Inputs)
	}
	if got := identity(&Suite{}, given, ""); got.Candidates() != string(results.Unavailable) {
		t.Errorf("a missing file: %q", got.Inputs)
	}
	if got := identity(one, full, "abc"); got.Inputs != "abc" || got.Candidates() != "" {
		t.Errorf("without a file: %q", got.Inputs)
	}
}
