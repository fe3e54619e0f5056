package rank

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"llm4rec/data"
	"llm4rec/llm"
	"llm4rec/models"
)

// fake is a model that answers by what it is asked, from the prompt's text alone.
type fake struct {
	mu     sync.Mutex
	asked  []llm.Request
	answer func(q llm.Request, shown []string) llm.Response
}

var candidateLine = regexp.MustCompile(`(?m)^\[(\d+)\] (.*)$`)

// shownIn are the texts of the candidates in a prompt.
func shownIn(q llm.Request) []string {
	text := q.Messages[len(q.Messages)-1].Content
	_, text, _ = strings.Cut(text, "<candidates>")
	text, _, _ = strings.Cut(text, "</candidates>")
	var out []string
	for _, m := range candidateLine.FindAllStringSubmatch(text, -1) {
		out = append(out, m[2])
	}
	return out
}

func (f *fake) Generate(_ context.Context, q llm.Request) (llm.Response, error) {
	f.mu.Lock()
	f.asked = append(f.asked, q)
	f.mu.Unlock()
	r := f.answer(q, shownIn(q))
	if r.Finish == "" {
		r.Finish = llm.Stop
	}
	return r, nil
}

func (f *fake) Identity(context.Context) (llm.Identity, error) {
	return llm.Identity{Provider: "fake", Model: "fake"}, nil
}

// says is a fake that always says the same.
func says(text string, finish llm.Finish) *fake {
	return &fake{answer: func(llm.Request, []string) llm.Response { return llm.Response{Text: text, Finish: finish} }}
}

// ideal prefers by a hidden utility of the number in a title, and says so in whatever form it is asked for.
func ideal(utility func(n int) float64) *fake {
	return &fake{answer: func(q llm.Request, shown []string) llm.Response {
		u := make([]float64, len(shown))
		numbers := make([]int, len(shown))
		for n, title := range shown {
			id, err := strconv.Atoi(strings.Fields(title)[1])
			if err != nil {
				panic(err)
			}
			u[n], numbers[n] = utility(id), n+1
		}
		slices.SortStableFunc(numbers, func(a, b int) int { return cmp.Compare(u[b-1], u[a-1]) })
		if q.TopLogprobs > 0 {
			p := 1 / (1 + math.Exp(-u[0]/1000))
			return llm.Response{Text: "Yes", Tokens: []llm.Token{{Text: "Yes", Logprob: math.Log(p), Top: []llm.Alternative{{Text: "Yes", Logprob: math.Log(p)}, {Text: " no", Logprob: math.Log(1 - p)}}}}}
		}
		return order2text(q, numbers)
	}}
}

// order2text is an answer with the numbers, in the form that a request wants.
func order2text(q llm.Request, numbers []int) llm.Response {
	var out any = map[string]any{"ranking": numbers}
	if strings.Contains(q.Messages[len(q.Messages)-1].Content, "Which one of them") {
		if out = map[string]any{"best": numbers[0]}; q.Schema == nil {
			out = numbers[0]
		}
	} else if q.Schema == nil {
		return llm.Response{Text: strings.Trim(strings.ReplaceAll(fmt.Sprint(numbers), " ", "\n"), "[]")}
	}
	text, err := json.Marshal(out)
	if err != nil {
		panic(err)
	}
	return llm.Response{Text: string(text)}
}

// catalogue has n items, Film 0, Film 1, …, and users who took four in a row each.
func catalogue(n int) *data.Train {
	t := &data.Train{NumUsers: n, NumItems: n}
	titles, ids := make([]string, n), make([]string, n)
	for i := range n {
		titles[i], ids[i] = fmt.Sprintf("Film %d", i), strconv.Itoa(i+100)
		for k := range 4 {
			t.Inter.User, t.Inter.Item = append(t.Inter.User, int32(i)), append(t.Inter.Item, int32((i+k)%n))
			t.Inter.Rating, t.Inter.Time = append(t.Inter.Rating, 1), append(t.Inter.Time, int64(k))
		}
	}
	t.Items, t.Users = data.NewIndex(ids), data.NewIndex(ids)
	t.ItemText = data.Fields{{Name: "title", Values: titles}, {Name: "genres", Values: make([]string, n)}}
	return t
}

// firstStage has items from, from+1, …
func firstStage(from, n int) []models.Scored {
	out := make([]models.Scored, n)
	for i := range out {
		out[i] = models.Scored{Item: int32(from + i), Score: 1 / float32(i+1)}
	}
	return out
}

func prepared(t *testing.T, c Config, f *fake, train *data.Train) *Ranker {
	t.Helper()
	c.Chat = func() (llm.Chat, error) { return f, nil }
	r, err := c.Prepare(t.Context(), train)
	if err != nil {
		t.Fatal(err)
	}
	return r.(*Ranker)
}

func ids(list []models.Scored) []int32 {
	out := make([]int32, len(list))
	for n, x := range list {
		out[n] = x.Item
	}
	return out
}

// With a model that knows what is best, every method finds the order, in as many questions as it should need.
func TestIdeal(t *testing.T) {
	const n = 12
	utility := func(x int) float64 { return float64(x * 7 % 31) }
	for name, c := range map[string]struct {
		change      func(*Config)
		least, most int
		top         int // of the order, that the method promises
	}{
		"listwise":  {func(*Config) {}, 1, 1, n},
		"plain":     {func(c *Config) { c.Schema = false }, 1, 1, n},
		"window":    {func(c *Config) { c.Size, c.Step = 6, 3 }, 3, 3, 3},
		"pairwise":  {func(*Config) {}, n * (n - 1), n * (n - 1), n},
		"heapsort":  {func(*Config) {}, 2 * n, 4 * n * 4, n}, // at most two duels a level
		"setwise":   {func(c *Config) { c.Size = 4 }, n, n * 3, n},
		"pointwise": {func(*Config) {}, n, n, n},
	} {
		for _, order := range []string{"original", "reversed", "shuffled"} {
			t.Run(name+" "+order, func(t *testing.T) {
				cfg := Default()
				cfg.Method, cfg.Candidates, cfg.Order = name, n, order
				if name == "plain" {
					cfg.Method = "listwise"
				}
				c.change(&cfg)
				f := ideal(utility)
				r := prepared(t, cfg, f, catalogue(40))
				first := firstStage(10, 15)
				got, err := r.Rank(t.Context(), models.Query{History: []int32{1, 2, 3}}, first)
				if err != nil {
					t.Fatal(err)
				}
				want := ids(first[:n])
				slices.SortStableFunc(want, func(a, b int32) int { return cmp.Compare(utility(int(b)), utility(int(a))) })
				if !slices.Equal(ids(got)[:c.top], want[:c.top]) || !slices.Equal(ids(got)[n:], ids(first)[n:]) {
					t.Errorf("got %v, want %v, then the rest", ids(got), want)
				}
				if calls := len(f.asked); calls < c.least || calls > c.most {
					t.Errorf("%d calls, want %d to %d", calls, c.least, c.most)
				}
				if rep := r.Report(); rep.Calls != len(f.asked) || rep.Answers[OK] != rep.Calls || rep.Users != 1 {
					t.Errorf("report %+v", rep)
				}
			})
		}
	}
}
