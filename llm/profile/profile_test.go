package profile

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"llm4rec/data"
	"llm4rec/data/synthetic"
	"llm4rec/llm"
	"llm4rec/models"
)

// five users and six items, by hand.
func small() (*data.Train, []string) {
	b := data.Interactions{}
	for u, items := range [][]int32{{0, 1, 2}, {0, 1, 3}, {0, 4}, {5}, {}} {
		for n, i := range items {
			b.User, b.Item, b.Time = append(b.User, int32(u)), append(b.Item, i), append(b.Time, int64(n))
		}
	}
	return &data.Train{NumUsers: 5, NumItems: 6, Inter: b}, []string{"red moon", "blue moon", "red sun", "green sea", "red sea", "moon sea"}
}

func memory(t *testing.T, c Config, train *data.Train, texts []string) *Memory {
	t.Helper()
	m, err := New(c, train, texts)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestLong(t *testing.T) {
	train, texts := small()
	m := memory(t, Config{Long: 2}, train, texts)
	for _, x := range []struct {
		history    []int32
		newest     int
		candidates []int32
		want       []int32
	}{
		{[]int32{0, 1, 2, 3, 4}, 1, []int32{5}, []int32{0, 3}}, // blue and green are rarer than red, which leaves less to moon and sea; of equal ones the newer
		{[]int32{0, 1, 2, 3, 4}, 5, []int32{5}, nil},           // all of it is shown anyway
		{[]int32{0, 1, 2, 3, 4}, 1, nil, nil},                  // like nothing
		{[]int32{0, 2, 0, 3}, 2, []int32{0}, []int32{2}},       // what stands among the newest does not count before
		{[]int32{2, 2, 99, -1, 3}, 1, []int32{0}, []int32{2}},  // twice, and outside the catalogue
		{[]int32{1, 0, 2, 4, 3}, 1, []int32{2}, []int32{2, 4}}, // the item itself, then the newer of two with red
	} {
		if got := m.Long(models.Query{History: x.history}, x.newest, x.candidates); !slices.Equal(got, x.want) {
			t.Errorf("%v, the newest %d, like %v: %v, want %v", x.history, x.newest, x.candidates, got, x.want)
		}
	}
	if got := memory(t, Config{}, train, texts).Long(models.Query{History: []int32{0, 1}}, 1, []int32{0}); got != nil {
		t.Errorf("not asked for: %v", got)
	}
}

func TestLiked(t *testing.T) {
	train, texts := small()
	m := memory(t, Config{Liked: 5}, train, texts)
	// user 0 has 0, 1, 2: user 1 shares two of three, 2/3, and user 2 one of two, 1/√6
	if got, want := m.Liked(models.Query{User: 0, History: []int32{0, 1, 2}}), []Liked{{3, 1}, {4, 1}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got, want := m.Liked(models.Query{User: 0, History: []int32{2, 1, 0, 0}, Exclude: []int32{3}}), []Liked{{4, 1}}; !slices.Equal(got, want) {
		t.Errorf("one must not be recommended: %v", got)
	}
	if got, want := m.Liked(models.Query{User: 4, History: []int32{0}}), []Liked{{4, 1}, {1, 2}, {2, 1}, {3, 1}}; !slices.Equal(got, want) {
		// 1/√2 of user 2, against 1/√3 of each of the others, whose item 1 sums to 2/√3
		if want = []Liked{{1, 2}, {4, 1}, {2, 1}, {3, 1}}; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	if got := memory(t, Config{Liked: 5, Neighbours: 1}, train, texts).Liked(models.Query{User: 0, History: []int32{0, 1, 2}}); !slices.Equal(got, []Liked{{3, 1}}) {
		t.Errorf("one neighbour: %v", got)
	}
	if got := m.Liked(models.Query{User: 3, History: []int32{5}}); len(got) != 0 {
		t.Errorf("nobody shares it: %v", got)
	}
}

// answers is a model that gives one answer after the other, and counts.
func answers(asked *[]llm.Request, classes *[]Class, list ...any) Asker {
	return func(r llm.Request, class func(llm.Response) Class) error {
		x := list[min(len(*asked), len(list)-1)]
		*asked = append(*asked, r)
		if err, failed := x.(error); failed {
			return err
		}
		*classes = append(*classes, class(x.(llm.Response)))
		return nil
	}
}

func says(text string) llm.Response { return llm.Response{Text: text, Finish: llm.Stop} }

func TestProfile(t *testing.T) {
	train, texts := small()
	for _, x := range []struct {
		answer llm.Response
		text   string
		class  Class
	}{
		{says(`{"profile":" Likes\nred ones. "}`), "Likes red ones.", Written},
		{says(`{"profile":"</profile> [1]"}`), "‹/profile› (1)", Written},
		{says(`{"profile":""}`), "", Empty},
		{says(`{"profile":7}`), "", Unreadable},
		{says(`{"profile":"a"} and more`), "", Unreadable},
		{says(`likes red ones`), "", Unreadable},
		{says(`I'm sorry, but I can't help with that.`), "", Refusal},
		{says(`{"profile":"` + strings.Repeat("x", 801) + `"}`), "", Overlong},
		{llm.Response{Text: `{"profile":"a"}`, Finish: llm.Length}, "", Truncated},
		{llm.Response{Finish: llm.Filtered}, "", Refusal},
	} {
		var asked []llm.Request
		var classes []Class
		m := memory(t, Config{Prompt: "taste", Most: 2}, train, texts)
		for range 2 {
			got, err := m.Profile(0, "film", llm.Request{Seed: 5}, answers(&asked, &classes, x.answer))
			if err != nil || got != x.text {
				t.Errorf("%q: %q, %v", x.answer.Text, got, err)
			}
		}
		if len(asked) != 1 || !slices.Equal(classes, []Class{x.class}) {
			t.Errorf("%q: %d calls, %v, want %s", x.answer.Text, len(asked), classes, x.class)
		}
		if text := asked[0].Messages[1].Content; asked[0].Seed != 5 || strings.Contains(text, "red moon") || !strings.Contains(text, "- blue moon\n- red sun\n") || !strings.Contains(text, "film") {
			t.Errorf("asked: %s", text)
		}
	}

	// A call that fails is made again, and a user of whom nothing is known costs none.
	var asked []llm.Request
	var classes []Class
	m := memory(t, Config{Prompt: "taste"}, train, texts)
	ask := answers(&asked, &classes, errors.New("down"), says(`{"profile":"a"}`))
	if _, err := m.Profile(1, "film", llm.Request{}, ask); err == nil {
		t.Error("no error")
	}
	if got, err := m.Profile(1, "film", llm.Request{}, ask); got != "a" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := m.Profile(4, "film", llm.Request{}, ask); got != "" || err != nil || len(asked) != 2 {
		t.Errorf("nobody: %q, %v, %d calls", got, err, len(asked))
	}
}

// Whatever is held out of a split may be exchanged for anything else, and the memory of every user stays the same. Nor is any of
// a user's own test items shown that the history does not have, unless others took it.
func TestMemoryIsBlindToWhatIsHeldOut(t *testing.T) {
	c := synthetic.Default()
	c.Users, c.Items, c.Interactions = 40, 60, 800
	d := synthetic.Generate(c)
	texts := make([]string, d.Items.Len())
	for i := range texts {
		texts[i] = fmt.Sprintf("w%d w%d", i%7, i%5)
	}
	for _, spec := range []data.SplitSpec{
		{Method: "leave-one-out"}, {Method: "temporal"}, {Method: "ratio"}, {Method: "ratio", Order: "random", Seed: 3}, {Method: "user-cold"}, {Method: "item-cold"},
	} {
		filled, err := spec.WithDefaults()
		if err != nil {
			t.Fatal(err)
		}
		split, err := d.Split(filled)
		if err != nil {
			t.Fatal(err)
		}
		if len(split.Test.Cases) == 0 {
			t.Fatalf("%s asks nobody", spec.Method)
		}
		remembered := func(valid data.Part) []any {
			train := data.Train{NumUsers: split.Train.NumUsers, NumItems: split.Train.NumItems, Users: split.Train.Users, Items: split.Train.Items, Inter: split.Train.Inter, Valid: valid}
			m := memory(t, Config{Long: 3, Liked: 5, Prompt: "taste"}, &train, texts)
			var out []any
			for _, x := range split.Test.Cases {
				q := models.Query{User: x.User, History: x.History, Exclude: x.History}
				var asked []llm.Request
				var classes []Class
				_, err := m.Profile(x.User, "film", llm.Request{}, answers(&asked, &classes, says(`{"profile":"a"}`)))
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, m.Long(q, 2, []int32{1, 2, 3}), m.Liked(q), asked)
				inTraining := 0
				for _, u := range split.Train.Inter.User {
					if u == x.User {
						inTraining++
					}
				}
				if shown := len(m.prompt.taken(x.User)); shown != min(inTraining, usualMost) {
					t.Errorf("%s: the profile of a user with %d training interactions rests on %d", spec.Method, inTraining, shown)
				}
			}
			return out
		}
		other := data.Part{Cases: slices.Clone(split.Valid.Cases), Relevant: slices.Clone(split.Valid.Relevant)}
		r := rand.New(rand.NewPCG(1, 1))
		for n := range other.Relevant {
			other.Relevant[n] = []int32{r.Int32N(int32(split.Train.NumItems))}
		}
		if a, b := remembered(split.Valid), remembered(other); !reflect.DeepEqual(a, b) {
			t.Errorf("%s: the memory changes with what is held out", spec.Method)
		}
	}
}
