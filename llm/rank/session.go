package rank

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"llm4rec/llm"
	"llm4rec/models"
)

// session is what is asked for one user. Candidates are known by their place in the first stage's order, from 0.
type session struct {
	config     Config
	prompt     Prompt
	client     llm.Client
	tally      *tally
	again      int
	user       int32
	history    []Line
	candidates []Candidate // as the first stage has them
	memory     Memory
	round      int
	wall       time.Duration // of all calls
}

func (r *Ranker) session(q models.Query, candidates []models.Scored) (*session, error) {
	s := &session{config: r.config, prompt: r.prompt, user: q.User}
	for _, item := range q.History {
		if item >= 0 && int(item) < len(r.texts) { // what is outside the catalogue has no text
			s.history = append(s.history, Line{Text: r.texts[item], item: item})
		}
	}
	if n := r.config.History; n > 0 && len(s.history) > n {
		s.history = s.history[len(s.history)-n:]
	}
	for n := range s.history {
		s.history[n].Number = n + 1
	}
	for n, x := range candidates[:min(len(candidates), r.config.Candidates)] {
		if x.Item < 0 || int(x.Item) >= len(r.texts) {
			return nil, fmt.Errorf("candidate %d is not in the catalogue", x.Item)
		}
		s.candidates = append(s.candidates, Candidate{
			Text: r.texts[x.Item], Rank: n + 1, Score: strconv.FormatFloat(float64(x.Score), 'g', 4, 32),
			item: x.Item, known: r.known, taken: s.history,
		})
	}
	return s, nil
}

func (s *session) items() []int32 {
	out := make([]int32, len(s.candidates))
	for n, c := range s.candidates {
		out[n] = c.item
	}
	return out
}

// order asks in all rounds, and merges what they say. One candidate, or none, needs no question.
func (s *session) order(ctx context.Context) ([]int, error) {
	n := len(s.candidates)
	if n < 2 {
		return make([]int, n), nil
	}
	method := map[string]func(context.Context, []int) ([]int, error){
		"listwise": s.listwise, "window": s.window, "pairwise": s.pairwise, "heapsort": s.heapsort, "setwise": s.setwise, "pointwise": s.pointwise,
	}[s.config.Method]
	rounds := make([][]int, s.config.Rounds)
	for s.round = range rounds {
		var err error
		if rounds[s.round], err = method(ctx, s.shown(n)); err != nil {
			return nil, err
		}
	}
	return fuse(merge(rounds, s.config.Merge), s.config.Fuse), nil
}

// shown is the order in which a round sees the candidates. A shuffle depends on seed, user and round alone.
func (s *session) shown(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	switch s.config.Order {
	case "reversed":
		slices.Reverse(out)
	case "shuffled":
		var key [32]byte // ChaCha8: keys that differ in one bit give unrelated streams
		binary.LittleEndian.PutUint64(key[0:], s.config.Seed)
		binary.LittleEndian.PutUint32(key[8:], uint32(s.user))
		binary.LittleEndian.PutUint32(key[12:], uint32(s.round))
		key[16] = streamOrder
		rand.New(rand.NewChaCha8(key)).Shuffle(n, func(i, j int) { out[i], out[j] = out[j], out[i] })
	}
	return out
}

// another separates the seeds that a server is given when it is asked again: at temperature 0 the same seed is the same answer.
const another = 1_000_003

// ask puts a question about the candidates shown, until the answer can be read or was asked for often enough. Whether it is
// asked again depends on what the answer is and on nothing else. The last answer counts.
func (s *session) ask(ctx context.Context, shown []int, logprobs int, schema json.RawMessage, read func(llm.Response) Class) error {
	q := Question{Ask: asks[s.config.Method], JSON: schema != nil, Word: s.prompt.Wordings[s.config.Wording], History: s.history, Memory: s.memory}
	for n, at := range shown {
		c := s.candidates[at]
		c.Number = n + 1
		q.Candidates = append(q.Candidates, c)
	}
	messages, err := s.prompt.Messages(q)
	if err != nil {
		return err
	}
	for attempt := range s.again + 1 {
		r, err := s.client.Generate(ctx, llm.Request{
			Messages: messages, Schema: schema, Temperature: s.config.Temperature, MaxTokens: s.config.MaxTokens, TopLogprobs: logprobs,
			Seed:    int64(s.config.Seed) + int64(attempt)*another,
			Replica: s.config.Replica*most*most + int64(s.round)*most + int64(attempt),
		})
		if err != nil {
			s.tally.failure()
			return err
		}
		s.wall += r.Wall
		class := read(r)
		s.tally.answer(r, class, attempt > 0)
		if class == OK {
			break
		}
	}
	return nil
}

// ranked is the candidates that the model named of those shown, in its order.
func (s *session) ranked(ctx context.Context, shown []int) ([]int, error) {
	var numbers []int
	err := s.ask(ctx, shown, 0, s.schema("ranking", len(shown)), func(r llm.Response) (class Class) {
		numbers, class = parseOrder(r, len(shown), s.config.Schema)
		return class
	})
	if err != nil {
		return nil, err
	}
	s.tally.positions(len(shown), numbers, true)
	out := make([]int, len(numbers))
	for n, x := range numbers {
		out[n] = shown[x]
	}
	return out, nil
}

// best is the candidate that the model prefers, or -1 where it did not say.
func (s *session) best(ctx context.Context, shown []int) (int, error) {
	number := -1
	err := s.ask(ctx, shown, 0, s.schema("best", len(shown)), func(r llm.Response) (class Class) {
		number, class = parseBest(r, len(shown), s.config.Schema)
		return class
	})
	if err != nil || number < 0 {
		return -1, err
	}
	s.tally.positions(len(shown), []int{number}, false)
	return shown[number], nil
}

// schema of an answer, or nil where there is none. The numbers are listed because that is what most servers understand.
func (s *session) schema(name string, n int) json.RawMessage {
	if !s.config.Schema {
		return nil
	}
	numbers := make([]int, n)
	for i := range numbers {
		numbers[i] = i + 1
	}
	value := map[string]any{"type": "integer", "enum": numbers}
	if name == "ranking" {
		value = map[string]any{"type": "array", "items": value, "minItems": n, "maxItems": n}
	}
	text, err := json.Marshal(map[string]any{
		"type": "object", "properties": map[string]any{name: value}, "required": []string{name}, "additionalProperties": false,
	})
	if err != nil {
		panic(err) // numbers and texts have JSON
	}
	return text
}

// complete adds the candidates that an order lacks, as they stand in rest.
func complete(order, rest []int) []int {
	seen := make(map[int]bool, len(rest))
	for _, x := range order {
		seen[x] = true
	}
	out := slices.Clone(order)
	for _, x := range rest {
		if !seen[x] {
			out = append(out, x)
		}
	}
	return out
}
