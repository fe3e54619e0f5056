package rank

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"

	"llm4rec/data"
	"llm4rec/llm"
	"llm4rec/llm/clean"
	"llm4rec/llm/profile"
	"llm4rec/models"
)

// Ranker puts candidates in the order that a model gives them.
type Ranker struct {
	config   Config
	prompt   Prompt
	chat     llm.Chat
	texts    []string // clean, by item
	attacked []string // with the payload; nil without an attack
	known    *evidence
	memory   *profile.Memory
	tally    *tally
}

// Prepare makes the texts of items, and the client.
func (c Config) Prepare(_ context.Context, train *data.Train) (models.Ranker, error) {
	r, err := c.prepare(train)
	if err != nil {
		return nil, fmt.Errorf("rank: %w", err)
	}
	return r, nil
}

func (c Config) prepare(train *data.Train) (*Ranker, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	r := &Ranker{config: c, known: newEvidence(train), tally: newTally(train.Popularity())}
	var err error
	if r.prompt, err = readPrompt(c.Prompt); err != nil {
		return nil, err
	}
	fields, err := c.More.Fields(c.Dirs, train)
	if err != nil {
		return nil, err
	}
	if r.texts, err = c.texts(fields, train.NumItems); err != nil {
		return nil, err
	}
	if r.memory, err = profile.New(c.Memory, train, r.texts); err != nil {
		return nil, err
	}
	if c.Inject != nil {
		if fields, err = c.Inject.into(c, fields, train.NumItems); err != nil {
			return nil, err
		}
		if r.attacked, err = c.texts(fields, train.NumItems); err != nil {
			return nil, err
		}
	}
	if c.Chat != nil {
		r.chat, err = c.Chat()
	}
	return r, err
}

// texts are what a prompt may show of n items. Anonymous names are numbers by chance, the same in all runs: in the order of
// the catalogue they would give away what is listed first, such as Toy Story in MovieLens.
func (c Config) texts(fields data.Fields, n int) ([]string, error) {
	if c.Titles == "anonymous" {
		out := make([]string, n)
		for i, number := range rand.New(rand.NewPCG(uint64(n), streamNames)).Perm(n) {
			out[i] = "Item " + strconv.Itoa(number+1)
		}
		return out, nil
	}
	out, err := c.Item.Render(fields, n)
	for i, s := range out {
		if out[i] = clean.Text(s, c.Limit); out[i] == "" {
			out[i] = "(no text)"
		}
	}
	return out, err
}

// Streams of random numbers.
const (
	streamNames = iota + 1
	streamOrder
)

// Sees is how many candidates the model is shown.
func (r *Ranker) Sees() int { return r.config.Candidates }

// Rank puts the first candidates in the model's order. The scores of the answer fall by one from rank to rank. Where a call
// fails, so does Rank, with that call's error.
func (r *Ranker) Rank(ctx context.Context, q models.Query, candidates []models.Scored) ([]models.Scored, error) {
	order, err := r.rank(ctx, q, candidates)
	if err != nil {
		return nil, fmt.Errorf("rank: user %d: %w", q.User, err)
	}
	out := slices.Clone(candidates)
	for n, at := range order {
		out[n] = candidates[at]
	}
	for n := range out {
		out[n].Score = float32(len(out) - n)
	}
	return out, nil
}

// rank is the order of the candidates that the model sees.
func (r *Ranker) rank(ctx context.Context, q models.Query, candidates []models.Scored) ([]int, error) {
	if r.chat == nil {
		return nil, errors.New("there is no model to ask")
	}
	s, err := r.session(q, candidates)
	if err != nil {
		return nil, err
	}
	s.client, s.tally, s.again = r.chat, r.tally, r.config.Again
	if err := s.remember(ctx, r.memory, r.texts, q); err != nil {
		return nil, err
	}
	order, err := s.order(ctx)
	if err != nil {
		return nil, err
	}
	if r.attacked != nil && len(s.candidates) > 1 {
		before := order
		last := &s.candidates[len(s.candidates)-1]
		last.Text = r.attacked[last.item]
		if order, err = s.order(ctx); err != nil {
			return nil, err
		}
		r.tally.attack(before, order)
	}
	r.tally.user(s.items(), order, s.wall)
	return order, nil
}

// Preview is the questions that Rank would ask, as far as they are known beforehand: those after a first one assume that its
// answer left everything in place. Nobody is called, and nothing is counted.
func (r *Ranker) Preview(ctx context.Context, q models.Query, candidates []models.Scored) ([]llm.Request, error) {
	s, err := r.session(q, candidates)
	if err != nil {
		return nil, fmt.Errorf("rank: user %d: %w", q.User, err)
	}
	if r.attacked != nil && len(s.candidates) > 1 {
		last := &s.candidates[len(s.candidates)-1]
		last.Text = r.attacked[last.item]
	}
	var asked recorder
	s.client, s.tally = &asked, newTally(nil)
	if err = s.remember(ctx, r.memory, r.texts, q); err == nil {
		_, err = s.order(ctx)
	}
	return asked, err
}

// recorder keeps requests, and answers what only pointwise can read.
type recorder []llm.Request

func (r *recorder) Generate(_ context.Context, q llm.Request) (llm.Response, error) {
	*r = append(*r, q)
	return llm.Response{Text: "yes", Finish: llm.Stop, Tokens: []llm.Token{{Text: "yes"}}}, nil
}

var (
	_ models.Preparer = Config{}
	_ models.Ranker   = (*Ranker)(nil)
)
