// Package profile is the memory of users: what is known of one beside the newest items of the history.
//
// It has three parts, each of them optional. The long-term memory is those older items of the history that are most like what
// the question is about. The collaborative memory is what the most similar other users took. The profile is what a language
// model writes of a user's training interactions, once for all questions about the user. All of them are made of a split's
// training data and of the history that a question shows, and so of nothing that is held out.
package profile

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"llm4rec/data"
	"llm4rec/llm"
	"llm4rec/llm/tfidf"
	"llm4rec/models"
)

// Config says which parts there are. The zero value has none.
type Config struct {
	Long       int    `json:"long,omitempty" yaml:"long" jsonschema:"how many items of the history before its newest are shown, those whose texts are most like the candidates'; 0: none"`
	Liked      int    `json:"liked,omitempty" yaml:"liked" jsonschema:"how many items are shown that the most similar other users took; 0: none"`
	Neighbours int    `json:"neighbours,omitempty" yaml:"neighbours" jsonschema:"how many users that are, by the cosine of what they took; 0: 20"`
	Prompt     string `json:"prompt,omitempty" yaml:"prompt" jsonschema:"with which the model first writes a profile of the user, from the training interactions alone: taste, or the path of a file of that form; empty: none is written"`
	Most       int    `json:"most,omitempty" yaml:"most" jsonschema:"of the training interactions, the newest that the model sees for it; 0: 50"`
}

// What is used where a configuration says 0.
const (
	usualNeighbours = 20
	usualMost       = 50
)

// Validate says what is wrong, the prompt's template among it.
func (c Config) Validate() error {
	switch {
	case c.Long < 0 || c.Liked < 0 || c.Neighbours < 0 || c.Most < 0:
		return errors.New("want numbers of at least 0")
	case c.Neighbours > 0 && c.Liked == 0:
		return errors.New("neighbours: without liked, nothing of theirs is shown")
	case c.Most > 0 && c.Prompt == "":
		return errors.New("most: without a prompt, no profile is written")
	case c.Prompt == "":
		return nil
	}
	p, err := readPrompt(c.Prompt)
	if err == nil {
		_, err = p.Messages(question{Word: "movie", Taken: []string{"A title"}})
	}
	if err != nil {
		return fmt.Errorf("prompt: %w", err)
	}
	return nil
}

// Hash is that of the prompt, "" without one.
func (c Config) Hash() (string, error) {
	if c.Prompt == "" {
		return "", nil
	}
	p, err := readPrompt(c.Prompt)
	return p.Hash, err
}

// Memory is that of the users of one split. It may be used from many goroutines at once.
type Memory struct {
	config Config
	prompt Prompt
	texts  []string
	takers func() takers
	rows   func() []tfidf.Row

	mu      sync.Mutex
	written map[int32]*entry
}

// takers are the training data, by user and by item.
type takers struct{ of, by *data.Matrix }

// New is the memory of a split's users. Texts are those of its items, clean.
func New(c Config, train *data.Train, texts []string) (*Memory, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	m := &Memory{config: c, texts: texts, written: map[int32]*entry{}}
	if c.Prompt != "" {
		var err error
		if m.prompt, err = readPrompt(c.Prompt); err != nil {
			return nil, fmt.Errorf("profile: %w", err)
		}
	}
	m.takers = sync.OnceValue(func() takers {
		of := train.UserItem()
		return takers{of, of.Transpose()}
	})
	m.rows = sync.OnceValue(func() []tfidf.Row {
		corpus := tfidf.New(texts, tfidf.Terms{})
		rows := make([]tfidf.Row, len(texts))
		for n, t := range texts {
			rows[n] = corpus.Row(t)
		}
		return rows
	})
	if c.Prompt != "" {
		m.prompt.taken = taken(train, c.most())
	}
	return m, nil
}

func (c Config) most() int {
	if c.Most > 0 {
		return c.Most
	}
	return usualMost
}

// taken are the newest items of each user's training interactions, the newest last.
func taken(train *data.Train, most int) func(user int32) []int32 {
	starts := sync.OnceValue(func() map[int32][2]int {
		out := map[int32][2]int{}
		for p, u := range train.Inter.User {
			at, known := out[u]
			if !known {
				at[0] = p
			}
			at[1] = p + 1
			out[u] = at
		}
		return out
	})
	return func(user int32) []int32 {
		at := starts()[user]
		return train.Inter.Item[max(at[0], at[1]-most):at[1]]
	}
}

// Long are items of the history before its newest, which are shown anyway: at most so many as the configuration says, those
// whose texts have the greatest cosine with one of the candidates' by tf-idf, in the order of the history. An item that shares no
// word with any of them is not among them.
func (m *Memory) Long(q models.Query, newest int, candidates []int32) []int32 {
	if m.config.Long == 0 || newest == 0 || len(q.History) <= newest {
		return nil
	}
	older := m.known(q.History[:len(q.History)-newest])
	later := q.History[len(q.History)-newest:]
	type near struct {
		place int
		like  float64
	}
	var found []near
	rows := m.rows()
	for place, item := range older {
		if slices.Contains(later, item) || slices.Contains(older[place+1:], item) {
			continue // it counts where it is newest
		}
		best := 0.0
		for _, c := range candidates {
			best = max(best, dot(rows[item], rows[c]))
		}
		if best > 0 {
			found = append(found, near{place, best})
		}
	}
	slices.SortStableFunc(found, func(a, b near) int {
		switch {
		case a.like != b.like && a.like > b.like:
			return -1
		case a.like != b.like:
			return 1
		}
		return b.place - a.place // of equal ones the newer
	})
	found = found[:min(m.config.Long, len(found))]
	slices.SortFunc(found, func(a, b near) int { return a.place - b.place })
	out := make([]int32, len(found))
	for n, f := range found {
		out[n] = older[f.place]
	}
	return out
}

// known drops what is outside the catalogue.
func (m *Memory) known(items []int32) []int32 {
	return slices.DeleteFunc(slices.Clone(items), func(i int32) bool { return i < 0 || int(i) >= len(m.texts) })
}

// dot of two sparse vectors.
func dot(a, b tfidf.Row) float64 {
	sum, j := 0.0, 0
	for i, column := range a.Columns {
		for j < len(b.Columns) && b.Columns[j] < column {
			j++
		}
		if j < len(b.Columns) && b.Columns[j] == column {
			sum += a.Values[i] * b.Values[j]
		}
	}
	return sum
}

// Asker asks a model, and counts what its answers are.
type Asker func(r llm.Request, class func(llm.Response) Class) error
