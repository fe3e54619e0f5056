package explain

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"llm4rec/eval/reasons"
	"llm4rec/llm"
	"llm4rec/models"
)

// JudgeConfig says how a language model is asked which of two reasons is better. Start from [DefaultJudge].
type JudgeConfig struct {
	Prompt      string // the name of an embedded one, or a path
	Wording     string
	History     int // newest items of the history that it sees; 0: all
	Repeats     int // in each of the two orders
	Temperature float64
	MaxTokens   int
	Seed        int64
}

// leastRepeats are needed to tell a judge from a coin.
const leastRepeats = 3

// DefaultJudge asks three times in each order. At temperature 0 the three would be one.
func DefaultJudge() JudgeConfig {
	return JudgeConfig{Prompt: "pairwise", Wording: "movie", History: 20, Repeats: leastRepeats, Temperature: 0.7, MaxTokens: 32}
}

// Judge compares reasons. It should be of another family than the model that it judges: see [SameFamily].
type Judge struct {
	config JudgeConfig
	file   File
	words  map[string]string
	items  *Items
	chat   llm.Client
	tally  tally
}

// New reads the prompt.
func (c JudgeConfig) New(items *Items, chat llm.Client) (*Judge, error) {
	if c.Repeats < leastRepeats {
		return nil, fmt.Errorf("explain: judge: want at least %d repeats, got %d", leastRepeats, c.Repeats)
	}
	j := &Judge{config: c, items: items, chat: chat, tally: tally{answers: map[Class]int{}}}
	var err error
	if j.file, err = readFile("judges", c.Prompt); err == nil {
		j.words, err = j.file.Words(c.Wording)
	}
	if err != nil {
		return nil, fmt.Errorf("explain: judge: %w", err)
	}
	return j, nil
}

// About is the name, version and hash of the prompt.
func (j *Judge) About() (name string, version int, hash string) {
	return j.file.Name, j.file.Version, j.file.Hash
}

// Report says what has been asked so far.
func (j *Judge) Report() Report { return j.tally.sum() }

// SameFamily tells whether two models are of one family, by what their names begin with: llama3.2:3b and
// meta-llama/Llama-3.1-8B-Instruct are, gpt-4.1-mini and qwen3:8b are not. A judge prefers what its own family writes
// (Panickssery et al., NeurIPS 2024).
func SameFamily(a, b string) bool { return familyOf(a) == familyOf(b) }

var letters = regexp.MustCompile(`^[a-z]+`)

func familyOf(model string) string {
	model = strings.ToLower(model[strings.LastIndex(model, "/")+1:])
	if f := letters.FindString(model); f != "" {
		return f
	}
	return model
}

// Votes are what a judge says of two reasons.
const (
	neither = iota
	first   // of the two explainers, in whatever place it was shown
	second
	unread // an answer that is none
	kinds
)

// Judgement is what a judge says of the reasons of two explainers.
type Judgement struct {
	Pairs    int     `json:"pairs"`  // of reasons, that every vote was cast for
	Failed   int     `json:"failed"` // pairs that a call failed for: they count nowhere
	Votes    int     `json:"votes"`
	Unread   int     `json:"unreadable"` // of the votes
	First    float64 `json:"first"`      // share of the pairs in which more votes are for the first explainer
	Second   float64 `json:"second"`
	Position float64 `json:"shown_first"` // share of the votes for one of the two that are for that which was shown first: .5 is fair

	Fleiss float64 `json:"fleiss_kappa"` // agreement of all votes of a pair, over the repeats and the orders
	Cohen  float64 `json:"cohen_kappa"`  // of the majorities of the two orders

	FirstError error `json:"-"`
}

// Compare has reasons of two explainers for the same questions judged, pair by pair, in both orders and all repeats, so many
// pairs at a time. Items without a sentence on both sides are passed over.
func (j *Judge) Compare(ctx context.Context, questions []Question, a, b []Outcome, parallel int, progress func(done, total int)) (Judgement, error) {
	type pair struct {
		query models.Query
		a, b  Outcome
		votes [2][]int // by order
		err   error
	}
	var pairs []*pair
	n := 0
	for _, q := range questions {
		for range q.Items {
			if a[n].Sentence != "" && b[n].Sentence != "" {
				pairs = append(pairs, &pair{query: q.Query, a: a[n], b: b[n]})
			}
			n++
		}
	}
	var g errgroup.Group
	g.SetLimit(max(1, parallel))
	var mu sync.Mutex
	done := 0
	for _, p := range pairs {
		g.Go(func() error {
			p.votes, p.err = j.votes(ctx, p.query, p.a, p.b)
			mu.Lock()
			defer mu.Unlock()
			done++
			progress(done, len(pairs))
			return ctx.Err()
		})
	}
	if err := g.Wait(); err != nil {
		return Judgement{}, err
	}
	var out Judgement
	var counts [][]int
	var majorities [2][]int
	firsts, seconds, shownFirst, chosen := 0, 0, 0, 0
	for _, p := range pairs {
		if p.err != nil {
			out.Failed++
			if out.FirstError == nil {
				out.FirstError = p.err
			}
			continue
		}
		out.Pairs++
		of := make([]int, kinds)
		for order, votes := range p.votes {
			here := make([]int, kinds)
			for _, v := range votes {
				of[v]++
				here[v]++
				chosen += one(v == first || v == second)
				shownFirst += one(v == first && order == 0 || v == second && order == 1)
			}
			majorities[order] = append(majorities[order], majority(here))
		}
		counts = append(counts, of)
		out.Votes += 2 * j.config.Repeats
		out.Unread += of[unread]
		firsts += one(majority(of) == first)
		seconds += one(majority(of) == second)
	}
	out.First, out.Second = reasons.Share(firsts, out.Pairs), reasons.Share(seconds, out.Pairs)
	out.Position = reasons.Share(shownFirst, chosen)
	out.Fleiss, out.Cohen = reasons.Fleiss(counts), reasons.Cohen(majorities[0], majorities[1], kinds)
	return out, nil
}

// majority is whom more votes are for.
func majority(votes []int) int {
	switch {
	case votes[first] > votes[second]:
		return first
	case votes[second] > votes[first]:
		return second
	}
	return neither
}

// another separates the seeds of the repeats.
const another = 1_000_003

// votes are those of one pair, by order and repeat.
func (j *Judge) votes(ctx context.Context, q models.Query, a, b Outcome) (out [2][]int, err error) {
	for order := range out {
		said := []string{a.Sentence, b.Sentence}
		if order == 1 {
			said = []string{b.Sentence, a.Sentence}
		}
		p := struct {
			question
			Reasons []string
		}{question{Word: j.words, Item: j.items.line(0, a.Item)}, said}
		p.History, _ = j.items.lines(q, j.config.History)
		messages, err := j.file.messages(p)
		if err != nil {
			return out, err
		}
		for repeat := range j.config.Repeats {
			r, err := j.chat.Generate(ctx, llm.Request{
				Messages: messages, Schema: verdict, Temperature: j.config.Temperature, MaxTokens: j.config.MaxTokens,
				Seed: j.config.Seed + int64(repeat)*another, Replica: int64(repeat),
			})
			if err != nil {
				j.tally.failure()
				return out, fmt.Errorf("explain: judge: user %d, item %d: %w", q.User, a.Item, err)
			}
			vote := read(r)
			class := OK
			if vote == unread {
				class = Unreadable
			}
			j.tally.answer(r, class)
			if order == 1 && (vote == first || vote == second) {
				vote = first + second - vote
			}
			out[order] = append(out[order], vote)
		}
	}
	return out, nil
}

var verdict = json.RawMessage(`{"type":"object","properties":{"better":{"type":"integer","enum":[0,1,2]}},"required":["better"],"additionalProperties":false}`)

func read(r llm.Response) int {
	var v struct {
		Better *int `json:"better"`
	}
	if r.Finish == llm.Filtered || llm.Object(r.Text, &v) != nil || v.Better == nil || *v.Better < neither || *v.Better > second {
		return unread
	}
	return *v.Better
}
