package external

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"llm4rec/data"
	"llm4rec/models"
)

func index(ids ...string) *data.Index { return data.NewIndex(ids) }

var (
	users = index("u1", "u2", "u3")
	items = index("a", "b", "c", "d")
)

func train() *data.Train { return &data.Train{NumUsers: 3, NumItems: 4, Users: users, Items: items} }

func fit(t *testing.T, format Format, text string) (models.Recommender, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "run.txt")
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	c := Config{path, format}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	return c.Fit(t.Context(), train())
}

func ask(t *testing.T, r models.Recommender, qs ...models.Query) [][]int32 {
	t.Helper()
	answers, err := r.Recommend(t.Context(), qs)
	if err != nil {
		t.Fatal(err)
	}
	out := make([][]int32, len(qs))
	for n, a := range answers {
		out[n] = []int32{}
		for k, s := range a {
			if k > 0 && s.Score >= a[k-1].Score {
				t.Errorf("scores do not fall: %v", a)
			}
			out[n] = append(out[n], s.Item)
		}
	}
	return out
}

// All forms say: u1 likes b, then a and c alike, u2 likes d. In TREC's the rank column says otherwise, and is ignored.
func TestForms(t *testing.T) {
	for name, c := range map[string]struct {
		format Format
		text   string
	}{
		"trec":            {Auto, "u1 Q0 c 1 0.5 me\nu1 Q0 b 2 7e-1 me\nu2 Q0 d 1 -3 me\nu1\tQ0\ta  1 .5 me\n"},
		"trec, named":     {TREC, "u1 Q0 c 1 0.5 me\r\nu1 Q0 b 2 7e-1 me\r\nu2 Q0 d 1 -3 me\r\nu1 Q0 a 1 .5 me"},
		"recbole":         {Auto, "user_id:token\titem_id:token\tscore:float\nu1\tc\t0.5\nu1\tb\t0.7\nu2\td\t-3\nu1\ta\t0.5\n"},
		"recbole, more":   {RecBole, "\ufeffscore:float\titem_id:token\tsource:token\tuser_id:token\n0.5\tc\tx\tu1\n.7\tb\tx\tu1\n-3\td\tx\tu2\n.5\ta\tx\tu1\n"},
		"recbole, a list": {Auto, "user_id:token\titem_id_list:token_seq\nu1\tb a c\nu2\td\nu3\t\n"},
	} {
		r, err := fit(t, c.format, c.text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := ask(t, r, models.Query{User: 0, K: 3}, models.Query{User: 1, K: 3}, models.Query{User: 2, K: 3})
		if want := [][]int32{{1, 0, 2}, {3}, {}}; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}

// Scores that a float32 cannot tell apart still order.
func TestScoresAreReadInFull(t *testing.T) {
	r, err := fit(t, Auto, "u1 Q0 a 1 1000000000.1 x\nu1 Q0 b 1 1000000000.2 x\n")
	if err != nil {
		t.Fatal(err)
	}
	if got := ask(t, r, models.Query{User: 0, K: 2})[0]; !reflect.DeepEqual(got, []int32{1, 0}) {
		t.Errorf("got %v", got)
	}
}

func TestMasksAndCandidates(t *testing.T) {
	r, err := fit(t, Auto, "user_id:token\titem_id_list:token_seq\nu1\td c b a\nu2\ta b\n")
	if err != nil {
		t.Fatal(err)
	}
	qs := []models.Query{
		{User: 0, K: 1, Exclude: []int32{3, 3}},    // drops d
		{User: 0, K: 4, Exclude: []int32{3, 1}},    // drops d and b
		{User: 1, K: 2, Candidates: []int32{1, 2}}, // drops a
		{User: 2, K: 2}, // has no list
		{User: 99, K: 2}, {User: 1, K: 1}, {User: 0, K: 1, Candidates: []int32{}},
	}
	want := [][]int32{{2}, {2, 0}, {1}, {}, {}, {0}, {}}
	if got := ask(t, r, qs...); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	warnings := []string{
		"external: 2 of 4 users have no prediction: their lists are empty",
		"external: 2 predictions for 1 users are of excluded items and were dropped",
		"external: 5 predictions for 2 users are no candidates and were dropped",
		"external: the lists of 2 other users are shorter than what was asked for",
	}
	if got := r.(models.Warner).Warnings(); !reflect.DeepEqual(got, warnings) {
		t.Errorf("warnings %q", got)
	}

	// Asking again, in parallel, changes no number.
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for n := range qs {
				if _, err := r.Recommend(context.Background(), qs[(n+w)%len(qs):][:1]); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if got := r.(models.Warner).Warnings(); !reflect.DeepEqual(got, warnings) {
		t.Errorf("warnings after asking again: %q", got)
	}
}

func TestErrorsNameThePlace(t *testing.T) {
	pairs := "user_id:token\titem_id:token\tscore:float\n"
	list := "user_id:token\titem_id_list:token_seq\n"
	for _, c := range []struct {
		format     Format
		text, want string
	}{
		{Auto, "u1 Q0 a 1 2 x\nu1 Q0 x9 2 1 x\n", `run.txt:2: unknown item "x9"`},
		{Auto, "u9 Q0 a 1 2 x\n", `run.txt:1: unknown user "u9"`},
		{Auto, "u1 Q0 a 1 2\n", "run.txt:1: want 6 fields (qid Q0 docid rank score tag), got 5"},
		{Auto, "u1 Q0 a 1 2 x\n\n", "run.txt:2: want 6 fields (qid Q0 docid rank score tag), got 0"},
		{Auto, "u1 Q0 a 1 high x\n", `run.txt:1: score "high" is not a number`},
		{Auto, "u1 Q0 a 1 NaN x\n", `run.txt:1: score "NaN" is not finite`},
		{Auto, "u1 Q0 a 1 1e999 x\n", `run.txt:1: score "1e999" is not finite`},
		{Auto, "u1 Q0 a 1 2 x\nu2 Q0 a 1 2 x\nu1 Q0 b 1 2 x\nu1 Q0 a 1 1 x\nu1 Q0 b 1 2 x\n", `run.txt:4: item "a" is given twice for user "u1"`},
		{Auto, "", "run.txt: there is no prediction in the file"},
		{Auto, pairs, "run.txt: there is no prediction in the file"},
		{Auto, pairs + "u1\ta\n", "run.txt:2: want 3 columns, got 2"},
		{Auto, pairs + "u1\tx9\t1\n", `run.txt:2: unknown item "x9"`},
		{Auto, list + "u1\ta b\nu2\tb x9\n", `run.txt:3: unknown item "x9"`},
		{Auto, list + "u1\ta b a\n", `run.txt:2: item "a" is given twice for user "u1"`},
		{Auto, list + "u1\ta\nu1\tb\n", `run.txt:3: user "u1" has a list in line 2 already`},
		{Auto, list + "u9\ta\n", `run.txt:2: unknown user "u9"`},
		{Auto, "user_id:token\tuser_id:token\n", `run.txt:1: column "user_id" is there twice`},
		{Auto, "user_id:float\n", `run.txt:1: column "user_id:float": want user_id:token`},
		{Auto, "user_id:token\titem_id:token\n", "run.txt:1: header"},
		{RecBole, "u1 Q0 a 1 2 x\n", "run.txt:1: header"},
		{TREC, pairs, "run.txt:1: want 6 fields"},
	} {
		_, err := fit(t, c.format, c.text)
		if err == nil || !strings.HasPrefix(err.Error(), "external: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: error %v, want %q", c.text, err, c.want)
		}
	}
	if _, err := (Config{"no/such/file", Auto}).Fit(t.Context(), train()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file gives %v", err)
	}
}

func TestValidate(t *testing.T) {
	for key, c := range map[string]Config{"path": Default(), "format": {"run.txt", "csv"}} {
		var err *data.SpecError
		if !errors.As(c.Validate(), &err) || err.Key != key {
			t.Errorf("%+v: error %v, want one of %s", c, c.Validate(), key)
		}
	}
}

func TestFingerprint(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.txt")
	if err := os.WriteFile(path, []byte("abc"), 0o666); err != nil {
		t.Fatal(err)
	}
	// The test vector of FIPS 180-2.
	const want = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	if got, err := (Config{Path: path}).Fingerprint(); got != want || err != nil {
		t.Errorf("got %s, %v", got, err)
	}
	if _, err := (Config{Path: path + "x"}).Fingerprint(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file gives %v", err)
	}
}

func TestCancel(t *testing.T) {
	r, err := fit(t, Auto, "u1 Q0 a 1 2 x\n")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Recommend(ctx, []models.Query{{K: 1}}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled context gives %v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add("u1 Q0 c 1 0.5 me\nu1 Q0 b 2 7e-1 me\n")
	f.Add("user_id:token\titem_id:token\tscore:float\nu1\tc\t0.5\n")
	f.Add("user_id:token\titem_id_list:token_seq\nu1\tb a c\nu2\td\n")
	f.Fuzz(func(t *testing.T, text string) {
		r := reader{path: "run.txt", users: users, items: items}
		predictions, err := r.all(t.Context(), strings.NewReader(text), Auto)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "external: run.txt:") {
				t.Errorf("error without a place: %v", err)
			}
			return
		}
		for _, p := range predictions {
			if int(p.user) >= users.Len() || int(p.item) >= items.Len() || p.line < 1 || p.score != p.score {
				t.Errorf("prediction %+v", p)
			}
		}
	})
}
