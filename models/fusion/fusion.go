// Package fusion merges the answers of several recommenders.
//
// Of each, the Depth best items count. An item's score is the sum over the recommenders that name it of
//
//	rrf    w / (k + r)               r its rank from 1 (Cormack, Clarke & Büttcher, SIGIR 2009)
//	score  w · (s − min) / (max − min)   s its score there, min and max those of the query's list; 1 where they are equal
package fusion

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"llm4rec/data"
	"llm4rec/models"
	"llm4rec/models/topk"
)

// Revision of the implementation: it is raised when a change alters the ranking.
const Revision = 1

// Part is one of the recommenders.
type Part struct {
	Model  string         `json:"model" yaml:"model" jsonschema:"its name, as that of a system's model"`
	Params map[string]any `json:"params,omitempty" yaml:"params,omitempty" jsonschema:"its parameters"`
	Weight float64        `json:"weight,omitempty" yaml:"weight,omitempty" jsonschema:"w; 0: 1"`
}

// Config of the model. Start from [Default].
type Config struct {
	Of       []Part  `json:"of" yaml:"of" jsonschema:"the recommenders to merge"`
	Method   string  `json:"method" yaml:"method" jsonschema:"rrf: by reciprocal ranks; score: by scores between 0 and 1"`
	Constant float64 `json:"constant" yaml:"constant" jsonschema:"k of rrf"`
	Depth    int     `json:"depth" yaml:"depth" jsonschema:"how many of each one's best items count"`

	// Fitter makes a part, or says what is wrong with it; Inputs names the revision of its implementation and the files it reads.
	Fitter func(Part) (models.Fitter, error) `json:"-" yaml:"-"`
	Inputs func(Part) (string, error)        `json:"-" yaml:"-"`
}

// Default is reciprocal rank fusion with the constant of its paper.
func Default() Config { return Config{Method: "rrf", Constant: 60, Depth: 100} }

// Validate checks the parameters, those of the parts among them. Errors are *data.SpecError.
func (c Config) Validate() error {
	bad := func(key, format string, args ...any) error {
		return &data.SpecError{Key: key, Err: fmt.Errorf(format, args...)}
	}
	switch {
	case len(c.Of) == 0:
		return bad("of", "missing: it lists what is merged")
	case c.Method != "rrf" && c.Method != "score":
		return bad("method", "%q is not one of rrf, score", c.Method)
	case !(c.Constant >= 0):
		return bad("constant", "want at least 0, got %v", c.Constant)
	case c.Depth < 1:
		return bad("depth", "want at least 1, got %d", c.Depth)
	}
	for n, p := range c.Of {
		if !(p.Weight >= 0) {
			return bad("of", "part %d, %s: weight: want at least 0, got %v", n+1, p.Model, p.Weight)
		}
		if _, err := c.Fitter(p); err != nil {
			return bad("of", "part %d, %s: %w", n+1, p.Model, err)
		}
	}
	return nil
}

// Fingerprint joins what determines the parts beside their parameters.
func (c Config) Fingerprint() (string, error) {
	var out []string
	for _, p := range c.Of {
		sum, err := c.Inputs(p)
		if err != nil {
			return "", err
		}
		out = append(out, sum)
	}
	return strings.Join(out, "; "), nil
}

// Fit fits the parts, one after the other.
func (c Config) Fit(ctx context.Context, train *data.Train) (models.Recommender, error) {
	m := &model{config: c}
	for n, p := range c.Of {
		f, err := c.Fitter(p)
		if err != nil {
			return nil, fmt.Errorf("fusion: part %d: %w", n+1, err)
		}
		r, err := f.Fit(ctx, train)
		if err != nil {
			return nil, fmt.Errorf("fusion: part %d: %w", n+1, err)
		}
		m.parts = append(m.parts, r)
	}
	return m, nil
}

type model struct {
	config Config
	parts  []models.Recommender
	deeper atomic.Bool // more was asked for than Depth
}

// Recommend merges the parts' answers. An item that none of them names is not recommended.
func (m *model) Recommend(ctx context.Context, queries []models.Query) ([][]models.Scored, error) {
	deep := slices.Clone(queries)
	for n := range deep {
		if deep[n].K > m.config.Depth {
			m.deeper.Store(true)
		}
		deep[n].K = m.config.Depth
	}
	scores := make([]map[int32]float64, len(queries))
	for n := range scores {
		scores[n] = map[int32]float64{}
	}
	for p, part := range m.parts {
		lists, err := part.Recommend(ctx, deep)
		if err != nil {
			return nil, fmt.Errorf("fusion: part %d: %w", p+1, err)
		}
		for n, list := range lists {
			m.config.add(scores[n], list, m.config.Of[p].Weight)
		}
	}
	out := make([][]models.Scored, len(queries))
	for n, all := range scores {
		for i, s := range all {
			out[n] = append(out[n], models.Scored{Item: i, Score: float32(s)})
		}
		slices.SortFunc(out[n], topk.Better)
		out[n] = out[n][:min(len(out[n]), queries[n].K)]
	}
	return out, nil
}

func (c Config) add(to map[int32]float64, list []models.Scored, weight float64) {
	if weight == 0 {
		weight = 1
	}
	for n, x := range list {
		switch {
		case c.Method == "rrf":
			to[x.Item] += weight / (c.Constant + float64(n+1))
		case list[0].Score == list[len(list)-1].Score:
			to[x.Item] += weight
		default:
			least := float64(list[len(list)-1].Score)
			to[x.Item] += weight * (float64(x.Score) - least) / (float64(list[0].Score) - least)
		}
	}
}

// Warnings are those of the parts, and whether their lists were too short.
func (m *model) Warnings() []string {
	var out []string
	if m.deeper.Load() {
		out = append(out, fmt.Sprintf("fusion: lists end where those of the parts do, which have %d items: depth says how many", m.config.Depth))
	}
	for _, p := range m.parts {
		if w, ok := p.(models.Warner); ok {
			out = append(out, w.Warnings()...)
		}
	}
	return out
}

var (
	_ models.Fitter = Config{}
	_ models.Warner = (*model)(nil)
)
